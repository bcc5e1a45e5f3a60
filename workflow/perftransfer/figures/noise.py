"""How far repeated processes of one configuration differ, beside the models' errors."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from perftransfer import objectives
from perftransfer.evaluation import ranges
from perftransfer.figures import _names, _results, _style
from perftransfer.figures._style import Style

TITLE = "Noise beside the models' error"
CAPTION = (
    "Grey boxes: how far repeated processes of the same configuration differ in an environment (coefficient of "
    "variation in percent: median, quartiles, and 5th to 95th percentile over configurations). Black bar: the error "
    "that even a perfect model would show because of that, estimated for normal noise; a model can fall below it by "
    "chance only. Markers: error of each strategy with that environment as the target (MAPE on the test third in "
    "percent, median over sources and repeats) at its largest budget, filled for the median learner, open for the one "
    "that turned out best."
)
TABLES = ("environments", "ranges", "transfer")

LANE, LOW_LANE = 0.13, 0.1  # inches, the second where there are many environments
MARGIN = 0.09  # part of an environment's row left free above and below
BOX = "#bdbdbd"
CV = [f"cv_{percentile}" for percentile in ranges.PERCENTILES]
SMALLEST = 0.1  # percent: what is below it has no need to be told apart


@_style.styled
def draw(tables: Mapping[str, pd.DataFrame], objective: str) -> Figure:
    """Draw the figure for ``objective``."""
    title = f"{TITLE}: {objectives.label(objective)}"
    measured = tables["ranges"].reindex(columns=ranges.COLUMNS)
    measured = measured[(measured["objective"] == objective) & (measured["values"] > 0)]
    spread = measured[measured["repeated"] > 0].set_index("environment")
    rows, missing = _results.finite(tables["transfer"], objective)
    rows = _results.at_largest_budget(rows)
    if spread.empty and rows.empty:
        return _style.empty(title, "no configuration has repeated processes, and no strategy was evaluated")
    names = _names.Environments(tables["environments"], {*measured["environment"], *rows["target"]})
    looks = _style.styles(rows["strategy"])
    labels = names.labels(lines=2)
    row = min((len(looks) + 1) * (LOW_LANE if names.crowded else LANE) + 0.14, (_style.WIDEST - 1.7) / len(names))
    figure = _style.new(
        max(max(map(_style.width_of, labels)) + 6.4, _style.width_of(title, 9) + 0.4), len(names) * row + 1.3, title
    )
    axes = figure.subplots()

    values = [*boxes(axes, spread, names.names, len(looks) + 1), *errors(axes, rows, names.names, looks)]
    _style.logarithmic(axes, "x", max(SMALLEST, min(values) / 1.3), max(SMALLEST, *values) * 1.3)
    axes.set_xlabel("spread of processes, error of models (%)")
    axes.set_ylim(len(names), 0)
    axes.set_yticks(np.arange(len(names)) + 0.5, labels, linespacing=1.05)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", labeltop=names.crowded)
    axes.grid(axis="x")
    for i in range(0, len(names), 2):
        axes.axhspan(i, i + 1, color=_style.FAINT, linewidth=0, zorder=0)
    legend(figure, looks, not spread.empty)
    _style.note(
        figure,
        names.note,
        f"Errors at {_results.budgets_in_words(rows)}."
        if len(rows)
        else "No strategy was evaluated: no errors to show.",
        "" if len(spread) else "No configuration has repeated processes: the spread is not known.",
        _results.left_out(missing, len(rows)),
    )
    return figure


def lane(environment: int, i: int, lanes: int) -> float:
    """Return the height at which the ``i``-th of the lanes of an environment's row lies."""
    return environment + MARGIN + (1 - 2 * MARGIN) * (i + 0.5) / lanes


def boxes(axes: Axes, spread: pd.DataFrame, names: list[str], lanes: int) -> list[float]:
    """Draw the spread of processes in the first lane of each environment and return the ends of the whiskers.

    spread: rows of ``ranges_table`` by environment.
    """
    ends: list[float] = []
    for i, name in enumerate(names):
        if name not in spread.index:
            if len(spread):
                axes.text(
                    0.01, lane(i, 0, lanes), "no repeated processes", transform=axes.get_yaxis_transform(),
                    va="center", fontsize=6, style="italic",
                )  # fmt: skip
            continue
        # Identical processes (a simulation, a coarse clock) have no place on a logarithmic axis.
        own = spread.loc[name, [*CV, "floor"]].to_numpy(dtype=float).clip(min=SMALLEST / 100)
        low, *inner, high, floor = map(float, own)
        box = dict(zip(("whislo", "q1", "med", "q3", "whishi"), (low, *inner, high), strict=True))
        axes.bxp(
            [box], positions=[lane(i, 0, lanes)], widths=0.75 * (1 - 2 * MARGIN) / lanes, orientation="horizontal",
            showfliers=False, showcaps=False, patch_artist=True, manage_ticks=False,
            boxprops={"facecolor": BOX, "edgecolor": "#777777", "linewidth": 0.6},
            whiskerprops={"color": "#777777", "linewidth": 0.9}, medianprops={"color": "white", "linewidth": 1.4},
        )  # fmt: skip
        axes.vlines(floor, i + MARGIN / 2, i + 1 - MARGIN / 2, color="black", linewidth=1.4)
        ends += [low, high, floor]
    return ends


def errors(axes: Axes, rows: pd.DataFrame, names: list[str], looks: Mapping[str, Style]) -> list[float]:
    """Draw the errors of the median and the best learner, a lane per strategy, and return them."""
    learners = (
        rows.assign(learner=rows["learner"].fillna("")).groupby(["target", "strategy", "learner"])["mape"].median()
    )
    summary = learners.groupby(["target", "strategy"]).agg(["median", "min"]).clip(lower=SMALLEST)
    for (target, strategy), (middle, best) in zip(summary.index, summary.to_numpy(), strict=True):
        look = looks[strategy]
        y = lane(names.index(target), 1 + list(looks).index(strategy), len(looks) + 1)
        axes.hlines(y, best, middle, color=look.colour, linewidth=0.9)
        axes.plot(best, y, look.marker, markersize=4, markeredgecolor=look.colour, markerfacecolor="white")
        axes.plot(middle, y, look.marker, markersize=4, color=look.colour)
    return [float(value) for value in summary.to_numpy().ravel()]


def legend(figure: Figure, looks: Mapping[str, Style], with_spread: bool) -> None:
    """Explain boxes, bars and markers at the right."""
    handles: list[Line2D | Patch] = []
    if with_spread:
        handles += [
            Patch(facecolor=BOX, edgecolor="#777777", linewidth=0.6, label="spread of processes"),
            Line2D(
                [],
                [],
                color="black",
                linewidth=1.4,
                label="error of a perfect model",
                marker="|",
                markersize=9,
                linestyle="",
            ),
        ]
    handles += [
        Line2D([], [], color=look.colour, marker=look.marker, linestyle="", label=name) for name, look in looks.items()
    ]
    if looks:
        handles += [
            Line2D([], [], color="#555555", marker="o", linestyle="", markerfacecolor=face, label=label)
            for face, label in (("#555555", "filled: median learner"), ("white", "open: best learner"))
        ]
    figure.legend(handles=handles, loc="outside right upper")
