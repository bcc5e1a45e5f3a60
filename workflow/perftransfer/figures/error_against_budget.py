"""How the error falls with the number of configurations measured in the target, per strategy and learner."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from perftransfer import objectives
from perftransfer.figures import _names, _results, _style
from perftransfer.figures._style import Style

TITLE = "Error against budget"
CAPTION = (
    "Error on the held-out test third of the target (MAPE, in percent) against the number of target configurations "
    "measured, one panel per learner and one over all learners. Points are medians over targets, sources and repeats, "
    "bars reach from the first to the third quartile; points of one budget stand apart only to be told apart. DM "
    "measures nothing in the target: its median is a horizontal line, its quartiles a band. Lower is better, and "
    "using a source pays off where a strategy lies below RS, which uses none; one that takes no learner is the same in "
    "all panels."
)
TABLES = ("dataset", "transfer")

PANEL = (2.5, 2.0)  # inches
SPREAD = 0.07  # part of the axis over which the points of one budget are spread


@_style.styled
def draw(tables: Mapping[str, pd.DataFrame], objective: str) -> Figure:
    """Draw the figure for ``objective``."""
    title = f"{TITLE}: {objectives.label(objective)}"
    rows, missing = _results.finite(tables["transfer"], objective)
    if rows.empty:
        return _style.empty(title, f"no strategy was evaluated on {objective}")
    looks = _style.styles(rows["strategy"])
    learners = sorted(rows["learner"].dropna().unique())
    panels = {"all learners": rows} if len(learners) != 1 else {}
    panels |= {str(learner): _results.of_learner(rows, learner) for learner in learners}

    across = min(3, len(panels))
    down = math.ceil(len(panels) / across)
    figure = _style.new(PANEL[0] * across + 1.4, PANEL[1] * down + 0.9, title)
    grid = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True)
    budgets = sorted(rows.loc[rows["budget"] > 0, "budget"].unique())
    drawn = [panel(axes, *named, looks, budgets) for axes, named in zip(grid.flat, panels.items(), strict=False)]
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    for axes in grid[:, 0]:
        axes.set_ylabel("MAPE on the test set (%)")
    for axes in grid.flat[max(0, len(panels) - across) : len(panels)]:
        axes.set_xlabel("budget (configurations measured)")
        axes.tick_params(labelbottom=True)
    _style.scale_errors(grid[0, 0], "y", np.concatenate(drawn))
    legend(figure, looks)
    names = _names.Environments(tables["dataset"], rows["target"])
    restricted = f", of which {len(names.emulated)} emulated on the same machine" if names.emulated else ""
    _style.note(figure, f"Targets: {len(names)}{restricted}.", _results.left_out(missing, len(rows)))
    return figure


def panel(axes: Axes, name: str, rows: pd.DataFrame, looks: Mapping[str, Style], budgets: list[float]) -> np.ndarray:
    """Draw one learner's panel and return all values in it."""
    axes.set_title(name, fontweight="bold")
    axes.grid(axis="y")
    _style.budget_axis(axes, budgets, PANEL[0] - 0.6)
    errors = rows.groupby(["strategy", "budget"])["mape"]
    quartiles = pd.DataFrame({part: errors.quantile(part) for part in (0.25, 0.5, 0.75)})
    measuring = [strategy for strategy in looks if (rows.loc[rows["strategy"] == strategy, "budget"] > 0).any()]
    step = (math.log(budgets[-1] / budgets[0]) or 1) * SPREAD / max(1, len(measuring) - 1) if budgets else 0
    for strategy, look in looks.items():
        if strategy not in quartiles.index.get_level_values("strategy"):
            continue
        found = quartiles.loc[strategy]
        if strategy not in measuring:
            low, middle, high = found.iloc[0]
            axes.axhspan(low, high, color=look.colour, alpha=0.15, linewidth=0, zorder=0.5)
            axes.axhline(middle, color=look.colour, linestyle=look.line, linewidth=1.6)
            continue
        found = found[found.index > 0]
        x = found.index.to_numpy() * math.exp(step * (measuring.index(strategy) - (len(measuring) - 1) / 2))
        low, middle, high = found.to_numpy().T
        axes.plot(
            x, middle, color=look.colour, marker=look.marker, linestyle=look.line, markeredgecolor="white",
            markeredgewidth=0.4,
        )  # fmt: skip
        axes.vlines(x, low, high, color=look.colour, linewidth=0.9)
    return quartiles.to_numpy().ravel()


def legend(figure: Figure, looks: Mapping[str, Style]) -> None:
    """Name the strategies at the right."""
    handles = [
        Line2D([], [], color=look.colour, linestyle=look.line, marker="" if name == "DM" else look.marker, label=name)
        for name, look in looks.items()
    ]
    figure.legend(handles=handles, loc="outside right upper", title="strategy")
