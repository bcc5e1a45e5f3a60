"""How far prediction intervals can be trusted, and how narrow they are, against the budget."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from perftransfer import objectives
from perftransfer.figures import _names, _results, _style
from perftransfer.figures._curves import BUDGET, curves, legend, legend_size
from perftransfer.fitting.conformal import INTERVAL, TOLERANCE
from perftransfer.results import aggregate

TITLE = "Prediction intervals"
CAPTION = (
    "Prediction intervals that are to hold 90 percent of what is measured, on the held-out test third of the target, "
    "against the number of target configurations measured; strategies that give none are not shown. Left: the share "
    "of measured values within their interval, the line is the 90 percent that are promised, the shade reaches from "
    "85 to 95, and intervals below it promise too much. Middle: their width, and right: their score, the width plus 20 "
    "times the distance of a value that lies outside (Gneiting and Raftery 2007), both in percent of the measured "
    "value, and lower is better. Points are means over targets, of means over repeats, then sources, then learners "
    "where a strategy takes one; bars reach from the lowest to the highest target, and points of one budget stand "
    "apart only to be told apart."
)
TABLES = ("environments", "transfer")

COVERAGE = "coverage"
PANELS = {
    COVERAGE: ("Coverage", "measured values inside (%)"),
    "interval_width": ("Width", "width of the interval (% of the value)"),
    "interval_score": ("Interval score", "score (% of the value)"),
}
PANEL = (2.5, 2.3)  # inches
STATED = 100 * INTERVAL  # percent of coverage that is promised
BESIDE = 100 * TOLERANCE  # points of percent beside it that are still good
LEAST = 75  # percent of coverage that is always in view


@_style.styled
def draw(tables: Mapping[str, pd.DataFrame], objective: str) -> Figure:
    """Draw the figure for ``objective``."""
    title = f"{TITLE}: {objectives.label(objective)}"
    rows = _results.of_objective(tables["transfer"], objective, list(PANELS))
    if rows.empty:
        return _style.empty(title, f"no strategy was evaluated on {objective}")
    # Named while all are there: of a strategy with several designs some may give no intervals.
    rows = rows.assign(strategy=aggregate.ways(rows))
    looks = _style.styles(rows["strategy"])
    rows = rows[rows["strategy"].isin(rows.loc[rows[list(PANELS)].notna().any(axis=1), "strategy"])]
    if rows.empty:
        return _style.empty(title, f"no strategy that was evaluated on {objective} gives intervals")
    values = {metric: over_targets(rows, metric) for metric in PANELS}
    if any(found.empty for found in values.values()):
        return _style.empty(title, "no strategy has intervals for each of the learners")
    drawn = {name for found in values.values() for name in found.index.get_level_values("strategy")}
    shown = {name: look for name, look in looks.items() if name in drawn}
    budgets = sorted(rows.loc[rows["budget"] > 0, "budget"].unique())

    beside, high = legend_size(shown)
    figure = _style.new(
        PANEL[0] * len(PANELS) + beside + 0.2, max(PANEL[1] + 0.9, high), f"{title}, {STATED:.0f} % intervals"
    )
    grid = figure.subplots(1, len(PANELS))
    for axes, (metric, (heading, what)) in zip(grid, PANELS.items(), strict=True):
        axes.set_title(heading, fontweight="bold")
        axes.set(xlabel=BUDGET, ylabel=what)
        curves(axes, values[metric], shown, budgets, PANEL[0] - 0.6)
        if metric == COVERAGE:
            promised(axes, float(values[metric]["low"].min()))
        else:
            _style.scale_errors(axes, "y", values[metric].to_numpy())
    legend(figure, shown)
    missing = int((~np.isfinite(rows[list(PANELS)]).all(axis=1)).sum())
    _style.note(
        figure,
        _names.Environments(tables["environments"], rows["target"]).counted,
        _results.left_out(missing, len(rows) - missing),
    )
    return figure


def over_targets(rows: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return mean, lowest and highest value over targets, as middle, low and high, by strategy and budget."""
    found = aggregate.by_target(rows, metric, "mean")
    found = found[found["learner"] == aggregate.ALL].dropna(subset="value")
    found = found.assign(value=found["value"] * (100 if metric == COVERAGE else 1))
    values = found.groupby(["strategy", "budget"])["value"]
    return pd.DataFrame({"low": values.min(), "middle": values.mean(), "high": values.max()})


def promised(axes: Axes, lowest: float) -> None:
    """Mark the coverage that is promised and what is near enough, down to the ``lowest`` that is drawn."""
    axes.axhspan(STATED - BESIDE, STATED + BESIDE, color="#e4e4e4", linewidth=0, zorder=0)
    axes.axhline(STATED, color=_style.INK, linestyle=(0, (3, 2)), linewidth=0.8)
    axes.set_ylim(min(LEAST, lowest - 3), 101.5)
