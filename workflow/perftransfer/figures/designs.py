"""How well samples that different designs choose serve a learner without transfer, beside guided sampling."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator

from perftransfer import designs, objectives
from perftransfer.figures import _names, _results, _style
from perftransfer.figures._dots import FAINT, dots
from perftransfer.figures._style import Style

TITLE = "Designs without transfer and guided sampling"
CAPTION = (
    "Error of models learnt on nothing but a target sample that the named design chose, best on top, one row of panels "
    "per budget; guided sampling (GS) asks a source what to measure, and a design of a fixed size stands beside simple "
    "random samples of that size. Left column: error on the held-out test third (MAPE, in percent), over all learners; "
    "other columns: that error divided by that of simple random sampling on the same target. Faint dots are targets "
    "(means over repeats, then sources), markers medians over targets, bars reach from the first to the third "
    "quartile; the dashed line is simple random sampling, and left of it is better."
)
TABLES = ("environments", "transfer")

RELATIVE = "relative to simple random samples"
RANDOM, GUIDED = "random", "GS"
MOST = 6  # budgets
PANEL = (1.25, 0.17)  # inches: how wide a panel is, how high one of its rows
AROUND = 0.3  # inches between two rows of panels
STEPS = (1.1, 1.25, 2, 5, *(10.0**decade for decade in range(1, 13)))  # of ratios, what a tick may stand for
PLAIN = Style("#5f5f5f", "d", "-")  # of a design that has no look of its own as a strategy


@_style.styled
def draw(tables: Mapping[str, pd.DataFrame], objective: str) -> Figure:
    """Draw the figure for ``objective``."""
    title = f"{TITLE}: {objectives.label(objective)}"
    rows, missing = _results.finite(tables["transfer"], objective, designs=True)
    rows = rows[rows["strategy"].isin([_results.NO_TRANSFER, GUIDED])]
    compared = rows[rows["strategy"] == _results.NO_TRANSFER]
    if compared.empty:
        return _style.empty(title, f"no designs were compared without transfer on {objective}")
    budgets = sorted(compared["budget"].unique())
    rows = rows[rows["budget"].isin(budgets[-MOST:])]
    learners = _results.learners(rows)
    first, learner = next(iter(learners.items()))
    errors, ratios = both(rows)
    ways = {float(str(budget)): best_first(own[own["learner"] == learner]) for budget, own in errors.groupby("budget")}
    ways = {budget: names for budget, names in ways.items() if names}
    if not ways:
        return _style.empty(title, "no design has an error for each of the learners")

    columns = [(first, learner, errors)] + [(name, of, ratios) for name, of in learners.items()]
    labels = {name: label(name) for names in ways.values() for name in names}
    beside = max(map(_style.width_of, labels.values())) + 2.2
    heading = _style.width_of(RELATIVE, _style.NORMAL + 1, bold=True)
    wide = beside + len(columns) * max(PANEL[0], heading / (len(columns) - 1))
    high = [PANEL[1] * max(len(names), 2) for names in ways.values()]
    figure = _style.new(wide, sum(high) + AROUND * len(high) + 1.7, title)
    grid = figure.subplots(len(ways), len(columns), squeeze=False, sharex="col", sharey="row", height_ratios=high)
    for line, (budget, names) in zip(grid, ways.items(), strict=True):
        for axes, (_, of, table) in zip(line, columns, strict=True):
            panel(axes, table[(table["budget"] == budget) & (table["learner"] == of)], names, table is errors)
        line[0].set_yticks(np.arange(len(names)) + 0.5, [labels[name] for name in names])
        line[0].set_ylim(max(len(names), 2), 0)
        line[0].set_ylabel(f"budget\n{budget:.0f}", rotation=0, ha="right", va="center", fontweight="bold")
    figure.align_ylabels(grid[:, 0])
    scales(grid, columns)
    for i, (axes, (name, *_)) in enumerate(zip(grid[0], columns, strict=True)):
        group = {0: "error", 1: RELATIVE}.get(i, "")
        _style.heading(axes, group, name)
    legend(figure, ways)
    targets = _names.Environments(tables["environments"], rows["target"])
    _style.note(
        figure,
        targets.counted,
        f"The {MOST} largest of {len(budgets)} budgets." if len(budgets) > MOST else "",
        _results.left_out(missing, len(rows)),
    )
    return figure


def both(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the errors, and what they are relative to those of simple random sampling: where there are such.

    Columns way (a design, or GS), learner (``aggregate.ALL`` over all), budget, target, value.
    """
    found = _results.by_target(rows)
    way = found["design"].where(found["strategy"] == _results.NO_TRANSFER, found["strategy"])
    key = ["learner", "budget", "target"]
    errors = found.assign(way=way)[["way", *key, "value"]]
    reference = errors[(errors["way"] == RANDOM) & (errors["value"] > 0)].drop(columns="way")
    ratios = errors.merge(reference, on=key, suffixes=("", "_of_random"))
    return errors, ratios.assign(value=ratios["value"] / ratios["value_of_random"])


def best_first(errors: pd.DataFrame) -> list[str]:
    """Return the ways of one budget, the lowest median error first."""
    return list(errors.groupby("way")["value"].median().sort_values(kind="stable").index)


def label(way: str) -> str:
    """Return how a design is called, as its module says if there is one."""
    return "guided sampling (GS)" if way == GUIDED else designs.title(way)


def look_of(way: str) -> Style:
    """Return how a design is drawn: what is a strategy of the paper as in all figures, the others alike."""
    return _style.KNOWN.get({RANDOM: "RS"}.get(way, way), PLAIN)


def panel(axes: Axes, values: pd.DataFrame, ways: list[str], with_random: bool) -> None:
    """Draw a row for each of ``ways``, and simple random sampling as a line through all, and maybe as a row."""
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    for i in range(0, len(ways), 2):
        axes.axhspan(i, i + 1, color=_style.FAINT, linewidth=0, zorder=0)
    for i, way in enumerate(ways):
        own = values.loc[values["way"] == way, "value"].to_numpy()
        if way == RANDOM and len(own):
            axes.axvline(float(np.median(own)), color=look_of(RANDOM).colour, linestyle=(0, (3, 2)), linewidth=0.8)
        if with_random or way != RANDOM:
            dots(axes, i + 0.5, own, look_of(way))


def scales(grid: np.ndarray, columns: list[tuple[str, str, pd.DataFrame]]) -> None:
    """Scale the errors, and all ratios alike and around 1; a column without ratios says so."""
    inches = PANEL[0] - 0.1
    _style.scale_errors(grid[0, 0], "x", columns[0][2].query("learner == @columns[0][1]")["value"].to_numpy(), inches)
    ratios = columns[-1][2]["value"].to_numpy()
    reach = 1.05 * max([1.1, *(max(value, 1 / value) for value in ratios if value > 0)])
    step = max(step for step in STEPS if step < reach)
    for axes in grid[0, 1:]:
        _style.logarithmic(axes, "x", 1 / reach, reach)
        axes.xaxis.set_major_locator(FixedLocator([1 / step, 1, step]))
    for axes, what in zip(grid[-1], ["MAPE (%)"] + ["ratio of MAPEs"] * (len(columns) - 1), strict=True):
        axes.set_xlabel(what)


def legend(figure: Figure, ways: Mapping[float, list[str]]) -> None:
    """Explain markers, dots and the line at the right."""
    present = {name for names in ways.values() for name in names}
    known = {name: look_of(name) for name in sorted(present) if name in (RANDOM, GUIDED)}
    handles = [
        Line2D([], [], color=look.colour, marker=look.marker, linewidth=1.2, label=label(name))
        for name, look in known.items()
    ]
    if present - set(known):
        handles.append(Line2D([], [], color=PLAIN.colour, marker=PLAIN.marker, linewidth=1.2, label="another design"))
    handles.append(Line2D([], [], color="#333333", marker=".", linestyle="", alpha=FAINT, label="a target"))
    if RANDOM in present:
        handles.append(Line2D([], [], color="black", linestyle=(0, (3, 2)), linewidth=0.8, label="median of random"))
    figure.legend(handles=handles, loc="outside right upper", handlelength=1.8)
