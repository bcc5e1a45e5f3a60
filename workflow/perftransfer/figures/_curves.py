"""Values against budget: one line per strategy, a bar at each point, points of one budget spread to be told apart."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from perftransfer.figures import _style
from perftransfer.figures._style import Style

APART = 0.023  # part of the axis by which points of one budget stand apart
WIDEST = 0.11  # part of the axis over which they are spread at most, so that they stay within it
NEAREST = 0.6  # part of the way from one budget to the next over which they are spread at most
ENTRY = 0.16  # inches that a line of the legend is high
BUDGET = "budget (configurations measured)"


def curves(
    axes: Axes, values: pd.DataFrame, looks: Mapping[str, Style], budgets: Sequence[float], inches: float
) -> None:
    """Draw ``values``, indexed by (name, budget): ends of the bar and its middle in columns low, middle and high.

    What measures nothing in the target is a horizontal line, its bar a band. inches: how long the x axis is.
    """
    axes.grid(axis="y")
    _style.budget_axis(axes, list(budgets), inches)
    present = values.index.get_level_values(0)
    measuring = [name for name in looks if name in present and (values.loc[name].index > 0).any()]
    step = apart(budgets, len(measuring))
    for name, look in looks.items():
        if name not in present:
            continue
        found = values.loc[name, ["low", "middle", "high"]]
        if name not in measuring:
            low, middle, high = found.iloc[0]
            axes.axhspan(low, high, color=look.colour, alpha=0.15, linewidth=0, zorder=0.5)
            axes.axhline(middle, color=look.colour, linestyle=look.line, linewidth=1.6)
            continue
        found = found[found.index > 0]
        x = found.index.to_numpy() * math.exp(step * (measuring.index(name) - (len(measuring) - 1) / 2))
        low, middle, high = found.to_numpy().T
        axes.plot(
            x, middle, color=look.colour, marker=look.marker, linestyle=look.line, markeredgecolor="white",
            markeredgewidth=0.3, markersize=5.5,
        )  # fmt: skip
        axes.vlines(x, low, high, color=look.colour, linewidth=0.9)


def apart(budgets: Sequence[float], points: int) -> float:
    """Return by how much ``points`` of one budget stand apart, on a logarithmic axis."""
    gaps = [math.log(after / before) for before, after in itertools.pairwise(budgets)] or [1.0]
    return min(APART * sum(gaps), min(WIDEST * sum(gaps), NEAREST * min(gaps)) / max(1, points - 1))


def legend_size(looks: Mapping[str, Style]) -> tuple[float, float]:
    """Return width and height in inches that ``legend`` takes."""
    names = max(_style.width_of(name, _style.NORMAL) for name in looks)
    return max(1.2, names + 0.7), ENTRY * (len(looks) + 1) + 0.2


def legend(figure: Figure, looks: Mapping[str, Style]) -> None:
    """Name the strategies at the right."""
    handles = [
        Line2D([], [], color=look.colour, linestyle=look.line, marker="" if name == "DM" else look.marker, label=name)
        for name, look in looks.items()
    ]
    figure.legend(handles=handles, loc="outside right upper", title="strategy")
