"""How the error falls with the number of configurations measured in the target, per strategy and learner."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from perftransfer import objectives
from perftransfer.figures import _names, _results, _style
from perftransfer.figures._curves import BUDGET, curves, legend, legend_size
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
TABLES = ("environments", "transfer")

PANEL = (2.5, 2.0)  # inches


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
    beside, high = legend_size(looks)
    figure = _style.new(PANEL[0] * across + beside + 0.2, max(PANEL[1] * down + 0.9, high), title)
    grid = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True)
    budgets = sorted(rows.loc[rows["budget"] > 0, "budget"].unique())
    drawn = [panel(axes, *named, looks, budgets) for axes, named in zip(grid.flat, panels.items(), strict=False)]
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    for axes in grid[:, 0]:
        axes.set_ylabel("MAPE on the test set (%)")
    for axes in grid.flat[max(0, len(panels) - across) : len(panels)]:
        axes.set_xlabel(BUDGET)
        axes.tick_params(labelbottom=True)
    _style.scale_errors(grid[0, 0], "y", np.concatenate(drawn))
    legend(figure, looks)
    names = _names.Environments(tables["environments"], rows["target"])
    _style.note(figure, names.counted, _results.left_out(missing, len(rows)))
    return figure


def panel(axes: Axes, name: str, rows: pd.DataFrame, looks: Mapping[str, Style], budgets: list[float]) -> np.ndarray:
    """Draw one learner's panel and return all values in it."""
    axes.set_title(name, fontweight="bold")
    errors = rows.groupby(["strategy", "budget"])["mape"]
    quartiles = pd.DataFrame({"low": errors.quantile(0.25), "middle": errors.median(), "high": errors.quantile(0.75)})
    curves(axes, quartiles, looks, budgets, PANEL[0] - 0.6)
    return quartiles.to_numpy().ravel()
