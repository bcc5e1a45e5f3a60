"""The errors of the learners side by side, per strategy, at its largest budget and as the budget grows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from perftransfer import objectives
from perftransfer.figures import _names, _results, _style
from perftransfer.figures._dots import FAINT, dots
from perftransfer.figures._style import Style
from perftransfer.results import aggregate

TITLE = "Learners side by side"
CAPTION = (
    "Error on the held-out test third of the target (MAPE, in percent) per learner, one column of panels per strategy. "
    "Upper row, at the strategy's largest budget: faint dots are targets (means over repeats, then sources), markers "
    "medians over targets, bars reach from the first to the third quartile. Lower row: these medians against the "
    "number of target configurations measured, where a strategy has several budgets. Where learners hardly differ the "
    "model of the source does not matter, or what is built on it makes up for it."
)
TABLES = ("environments", "transfer")

PANEL = (1.3, 1.7)  # inches, least width


@_style.styled
def draw(tables: Mapping[str, pd.DataFrame], objective: str) -> Figure:
    """Draw the figure for ``objective``."""
    title = f"{TITLE}: {objectives.label(objective)}"
    rows, missing = _results.finite(tables["transfer"], objective)
    rows = rows[rows["learner"].notna()]
    if rows.empty:
        return _style.empty(title, f"no learner was evaluated on {objective}")
    errors = _results.by_target(rows)
    errors = errors[errors["learner"] != aggregate.ALL]
    looks = _style.of_learners(errors["learner"])
    strategies = list(_style.styles(errors["strategy"]))
    medians = errors.groupby(["strategy", "learner", "budget"])["value"].median()
    budgets = sorted(budget for budget in errors["budget"].unique() if budget > 0)
    growing = [name for name in strategies if len(set(errors.loc[errors["strategy"] == name, "budget"])) > 1]

    longest = max(map(_style.width_of, looks))
    turned = longest > 0.4
    wide = max(PANEL[0], len(looks) * (_style.LINE + 0.06 if turned else longest + 0.05) + 0.1)
    wide = max(wide, *(_style.width_of(name, _style.NORMAL, bold=True) + 0.15 for name in strategies))
    down = 2 if growing else 1
    title = f"{title}, {_results.budgets_in_words(rows)}"
    figure = _style.new(
        max(wide * len(strategies) + 1.9, _style.width_of(title, 9, bold=True) + 1.6),
        PANEL[1] * down + (longest if turned else 0) + 1.3,
        title,
    )
    grid = figure.subplots(down, len(strategies), squeeze=False, sharey=True)
    largest = _results.at_largest_budget(errors)
    for axes, strategy in zip(grid[0], strategies, strict=True):
        axes.set_title(strategy, fontweight="bold")
        side_by_side(axes, largest[largest["strategy"] == strategy], looks, turned)
    for axes, strategy in zip(grid[1] if growing else [], strategies, strict=False):
        if strategy in growing:
            against_budget(axes, medians.loc[strategy], looks)
            _style.budget_axis(axes, budgets, wide - 0.1)
            axes.set_xlabel("budget")
        else:
            axes.set_axis_off()
            axes.text(0.5, 0.5, "one budget only", transform=axes.transAxes, ha="center", fontsize=_style.SMALL)
    _style.scale_errors(grid[0, 0], "y", np.r_[largest["value"], medians])
    for line in grid:
        first = next(axes for axes in line if axes.axison)
        first.set_ylabel("MAPE on the test set (%)")
        first.tick_params(labelleft=True)
    legend(figure, looks)
    names = _names.Environments(tables["environments"], rows["target"])
    _style.note(figure, names.counted, _results.left_out(missing, len(rows)))
    return figure


def side_by_side(axes: Axes, errors: pd.DataFrame, looks: Mapping[str, Style], turned: bool) -> None:
    """Draw the errors of each learner above its name, which is ``turned`` where it is long."""
    axes.grid(axis="y")
    for i, (learner, look) in enumerate(looks.items()):
        dots(axes, i, errors.loc[errors["learner"] == learner, "value"].to_numpy(), look, upright=True)
    axes.set_xlim(-0.6, len(looks) - 0.4)
    axes.set_xticks(range(len(looks)), list(looks), rotation=90 if turned else 0)
    axes.tick_params(axis="x", length=0)


def against_budget(axes: Axes, medians: pd.Series, looks: Mapping[str, Style]) -> None:
    """Draw a line for each learner."""
    axes.grid(axis="y")
    for learner, look in looks.items():
        if learner in medians.index.get_level_values("learner"):
            found = medians.loc[learner]
            found = found[found.index > 0]
            axes.plot(
                found.index, found, color=look.colour, marker=look.marker, linestyle=look.line,
                markeredgecolor="white", markeredgewidth=0.3, markersize=5.5, linewidth=1.0,
            )  # fmt: skip


def legend(figure: Figure, looks: Mapping[str, Style]) -> None:
    """Name the learners at the right, and say what a dot is."""
    handles = [
        Line2D(
            [],
            [],
            color=look.colour,
            linestyle=look.line,
            marker=look.marker,
            markersize=5.5,
            linewidth=1.0,
            label=name,
        )
        for name, look in looks.items()
    ]
    handles.append(Line2D([], [], color="#333333", marker=".", linestyle="", alpha=FAINT, label="a target"))
    figure.legend(handles=handles, loc="outside right upper", title="learner")
