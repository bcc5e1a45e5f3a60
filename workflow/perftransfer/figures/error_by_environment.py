"""How large the error is in each target environment, per strategy, learner and objective."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from perftransfer import objectives
from perftransfer.figures import _names, _results, _style
from perftransfer.figures._style import Style
from perftransfer.results import aggregate

TITLE = "Error by environment"
CAPTION = (
    "Error on the held-out test third of each target environment (MAPE, in percent), one row of panels per objective "
    "(side by side where environments are many), one column per learner and one over all learners. All strategies are "
    "at the budget in the title, the largest that they share. A point is the mean over repeats, then over sources; its "
    "bar reaches from the best to the worst source, or repeat for a strategy that uses no source. Lower is better, and "
    "a strategy with an error that is not known for one of the learners has no point over all of them; one that takes "
    "no learner is the same in all columns."
)
TABLES = ("environments", "transfer")
ACROSS_OBJECTIVES = True

PANEL = 1.45  # inches that a panel is wide
NARROWEST = 0.95  # inches, where objectives stand side by side
LANE = 0.085  # inches for a strategy in an environment's row
LOWEST = 0.125  # inches for an environment's row, where its label still has room
HIGHEST = _style.WIDEST - 1.9  # inches for all rows of panels, their axes included
AROUND = 0.75  # inches above and below a row of panels


@_style.styled
def draw(tables: Mapping[str, pd.DataFrame], objective: str) -> Figure:
    """Draw the figure for all objectives of the table of results, whatever ``objective`` is."""
    transfer = tables["transfer"]
    shown = [str(name) for name in transfer.reindex(columns=["objective"])["objective"].dropna().unique()]
    found = [_results.finite(transfer, name) for name in shown]
    rows = pd.concat([known for known, _ in found]) if found else pd.DataFrame()
    if rows.empty:
        return _style.empty(TITLE, "no strategy was evaluated")
    rows = _results.at_common_budget(rows)
    shown = [name for name in shown if (rows["objective"] == name).any()]
    names = _names.Environments(tables["environments"], rows["target"])
    looks = _style.styles(rows["strategy"])
    learners = _results.learners(rows)
    errors = points(rows)

    row = min(len(looks) * LANE + 0.1, (HIGHEST / len(shown) - AROUND) / len(names))
    beside = row < LOWEST
    if beside:
        row = min(0.3, (HIGHEST - AROUND) / len(names))
    labels = names.descriptions(lines=2 if row > 0.25 else 1)
    left = max(map(_style.width_of, labels)) + 0.35
    panel = PANEL
    if beside:
        room = _style.WIDEST - left - 1.0
        if room / (len(shown) * len(learners)) < NARROWEST:
            learners = dict([next(iter(learners.items()))])
        panel = min(PANEL, room / (len(shown) * len(learners)))
    down, across = (1, len(shown) * len(learners)) if beside else (len(shown), len(learners))
    figure = _style.new(
        left + panel * across + 1.0,
        down * (len(names) * row + AROUND) + 0.5,
        f"{TITLE}, {_results.budgets_in_words(rows)}",
    )
    grid = figure.subplots(down, across, squeeze=False, sharey=True).reshape(len(shown), len(learners))
    for of_objective, line in zip(shown, grid, strict=True):
        own = errors[errors["objective"] == of_objective]
        values = own.loc[own["learner"].isin(learners.values()), ["value", "low", "high"]].to_numpy()
        for i, (axes, (heading, learner)) in enumerate(zip(line, learners.items(), strict=True)):
            lanes(axes, _results.of_learner(own, learner), names.names, looks)
            _style.heading(axes, objectives.label(of_objective) if i == 0 else "", heading)
            _style.scale_errors(axes, "x", values, panel - 0.1)
            axes.set_xlabel("MAPE (%)")
    grid[0, 0].set_ylim(len(names), 0)
    grid[0, 0].set_yticks(np.arange(len(names)) + 0.5, labels, linespacing=1.05)
    for axes in grid[:, 0]:
        if axes.get_subplotspec().is_first_col():
            axes.set_ylabel(names.axis("target"))
    handles = [
        Line2D([], [], color=look.colour, marker=look.marker, linewidth=0.9, label=name) for name, look in looks.items()
    ]
    figure.legend(handles=handles, loc="outside right upper", title="strategy", handlelength=1.8)
    _style.note(figure, names.note, _results.left_out(sum(missing for _, missing in found), len(rows)))
    return figure


def points(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the points and the ends of their bars.

    Columns objective, strategy, learner (``aggregate.ALL`` over all), target, value, low and high.
    """
    key = ["objective", "strategy", "learner", "target"]
    found = _results.by_target(rows)[[*key, "value"]]
    # Every cell of a strategy without a source has the same source, none: what is left to differ is the repeat.
    part = rows["source"].where(rows["source"].notna(), rows["repeat"]).astype(str)
    rows = rows.assign(part=part, learner=rows["learner"].fillna(""))
    each = rows.groupby([*key, "part"])["mape"].mean()
    over_all = each.groupby(["objective", "strategy", "target", "part"]).mean().reset_index()
    both = pd.concat([each.reset_index(), over_all.assign(learner=aggregate.ALL)])
    ends = both.groupby(key)["mape"].agg(low="min", high="max").reset_index()
    return found.merge(ends, on=key)


def lanes(axes: Axes, errors: pd.DataFrame, names: list[str], looks: Mapping[str, Style]) -> None:
    """Draw a panel: a row per environment, in it a lane per strategy."""
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    for i in range(0, len(names), 2):
        axes.axhspan(i, i + 1, color=_style.FAINT, linewidth=0, zorder=0)
    place = {name: i for i, name in enumerate(names)}
    size = 3.6 if len(names) <= 30 else 2.6
    for i, (strategy, look) in enumerate(looks.items()):
        own = errors[errors["strategy"] == strategy]
        y = own["target"].map(place).to_numpy(dtype=float) + 0.1 + 0.8 * (i + 0.5) / len(looks)
        axes.hlines(y, own["low"], own["high"], color=look.colour, linewidth=0.8)
        axes.plot(
            own["value"], y, look.marker, markersize=size, color=look.colour, markeredgecolor="white",
            markeredgewidth=0.3,
        )  # fmt: skip
