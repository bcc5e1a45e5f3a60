"""How well samples that different designs choose serve a learner without transfer, next to guided sampling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from perftransfer import designs
from perftransfer.figures import _palette
from perftransfer.figures._evaluated import Evaluated
from perftransfer.figures._lazy import mpl
from perftransfer.figures.interface import Figure, Inputs, NothingToShow
from perftransfer.lazy import np, pd
from perftransfer.results.aggregate import GUIDED

RELATIVE = "relative to simple random samples"
RANDOM = "random"
BUDGETS = 6  # shown at most
PANEL = (1.25, 0.17)  # inches: how wide a panel is, how high one of its rows
AROUND = 0.3  # inches between two rows of panels
STEPS = (1.1, 1.25, 2, 5, *(10.0**decade for decade in range(1, 13)))  # of ratios, what a tick may stand for
DASHED = (0, (3, 2))
PLAIN = _palette.Style("#5f5f5f", "d", "-")  # of a design that has no look of its own as a strategy


@dataclass(frozen=True, eq=False)
class Compared:
    """What is drawn.

    Parameters
    ----------
    errors, ratios
        Errors (percent) at the budgets shown, and these divided by those of simple random sampling
        on the same target. Columns strategy (a design, or ``GUIDED``), learner, budget, target and
        value.
    ways
        Per budget designs and ``GUIDED``, the best first.
    n_budgets
        Number of budgets, those that are not shown included.
    """

    evaluated: Evaluated
    errors: pd.DataFrame
    ratios: pd.DataFrame
    ways: Mapping[float, list[str]]
    n_budgets: int


class Designs(Figure[Compared]):
    """Errors of designs without transfer."""

    title = "Designs without transfer and guided sampling"
    caption = (
        "Error of models that learn only from a target sample chosen by the named design, best on top, one row of "
        "panels per budget. Guided sampling (GS) uses a source to choose what to measure, and a design of a fixed size "
        "is shown with simple random samples of that size. Left column: error on the held-out test third (MAPE, in "
        "percent), median over learners; other columns: that error divided by that of simple random sampling on the "
        "same target, which is the dashed line: left of it is better. Faint dots are targets (medians over repeats, "
        "then learners, then sources), markers medians over targets, bars reach from the first to the third quartile."
    )
    inputs = ("environments", "transfer")
    section = "designs"

    def select(self, inputs: Inputs, objective: str) -> Compared:
        """Return errors and ratios by design, learner, budget and target."""
        evaluated = Evaluated.of(inputs, objective, designs=True)
        values = evaluated.results.by_target.dropna(subset="value")
        rows = evaluated.results.rows
        budgets = sorted(rows.loc[rows["strategy"] != GUIDED, "budget"].unique())
        errors = values.loc[values["budget"].isin(budgets[-BUDGETS:])]
        key = ["learner", "budget", "target"]
        reference = errors.loc[(errors["strategy"] == RANDOM) & (errors["value"] > 0), [*key, "value"]]
        ratios = errors.merge(reference, on=key, suffixes=("", "_of_random"))
        ratios = ratios.assign(value=ratios["value"] / ratios["value_of_random"])
        first = errors[errors["learner"] == next(iter(evaluated.results.panels().values()))]
        ways = {float(str(budget)): best_first(part) for budget, part in first.groupby("budget")}
        if not ways:
            raise NothingToShow("no design has an error for each of the learners")
        return Compared(evaluated, errors, ratios, ways, len(budgets))

    def draw(self, data: Compared) -> mpl.Figure:
        """Draw a row of panels per budget."""
        ways, panels = data.ways, data.evaluated.results.panels()
        columns = [(*next(iter(panels.items())), data.errors), *((*panel, data.ratios) for panel in panels.items())]
        labels = {name: label(name) for names in ways.values() for name in names}
        beside = max(map(mpl.width_of, labels.values())) + 2.2
        heading = mpl.width_of(RELATIVE, mpl.NORMAL + 1, bold=True)
        wide = beside + len(columns) * max(PANEL[0], heading / (len(columns) - 1))
        high = [PANEL[1] * max(len(names), 2) for names in ways.values()]
        figure = mpl.new(wide, sum(high) + AROUND * len(high) + 1.7, self.heading(data.evaluated.objective))
        grid = figure.subplots(len(ways), len(columns), squeeze=False, sharex="col", sharey="row", height_ratios=high)
        for line, (budget, names) in zip(grid, ways.items(), strict=True):
            for axes, (_, learner, table) in zip(line, columns, strict=True):
                part = table[(table["budget"] == budget) & (table["learner"] == learner)]
                panel(axes, part, names, table is data.errors)
            mpl.row_labels(line[0], [labels[name] for name in names])
            line[0].set_ylim(max(len(names), 2), 0)
            line[0].set_ylabel(f"budget\n{budget:.0f}", rotation=0, ha="right", va="center", fontweight="bold")
        figure.align_ylabels(grid[:, 0])
        errors = data.errors.loc[data.errors["learner"] == columns[0][1], "value"]
        scales(grid, errors.to_numpy(), data.ratios["value"].to_numpy())
        for i, (axes, (name, *_)) in enumerate(zip(grid[0], columns, strict=True)):
            mpl.heading(axes, {0: "error", 1: RELATIVE}.get(i, ""), name)
        legend(figure, labels)
        targets, excluded = data.evaluated.notes
        largest = f"The {BUDGETS} largest of {data.n_budgets} budgets." if data.n_budgets > BUDGETS else ""
        mpl.note(figure, targets, largest, excluded)
        return figure


def best_first(errors: pd.DataFrame) -> list[str]:
    """Return the designs of one budget, the lowest median error first."""
    return list(errors.groupby("strategy")["value"].median().sort_values(kind="stable").index)


def label(way: str) -> str:
    """Return how a design is called, as its module says if there is one."""
    return "guided sampling (GS)" if way == GUIDED else designs.title(way)


def look_of(way: str) -> _palette.Style:
    """Return how a design is drawn: what is a strategy of the paper as in all figures, the others alike."""
    return _palette.KNOWN.get({RANDOM: "RS"}.get(way, way), PLAIN)


def panel(axes: mpl.Axes, values: pd.DataFrame, ways: list[str], with_random: bool) -> None:
    """Draw a row for each of ``ways``, and simple random sampling as a line through all, and maybe as a row."""
    mpl.stripes(axes, len(ways))
    for i, way in enumerate(ways):
        part = values.loc[values["strategy"] == way, "value"].to_numpy()
        if way == RANDOM and len(part):
            axes.axvline(float(np.median(part)), color=look_of(RANDOM).colour, linestyle=DASHED, linewidth=0.8)
        if with_random or way != RANDOM:
            mpl.dots(axes, i + 0.5, part, look_of(way))


def scales(grid: np.ndarray, errors: np.ndarray, ratios: np.ndarray) -> None:
    """Scale the errors in the first column, and all ratios alike and around 1."""
    mpl.scale_errors(grid[0, 0], "x", errors, PANEL[0] - 0.1)
    reach = 1.05 * max([1.1, *(max(value, 1 / value) for value in ratios if value > 0)])
    step = max(step for step in STEPS if step < reach)
    grid[-1, 0].set_xlabel("MAPE (%)")
    for top, bottom in zip(grid[0, 1:], grid[-1, 1:], strict=True):
        mpl.logarithmic(top, "x", 1 / reach, reach)
        top.xaxis.set_major_locator(mpl.FixedLocator([1 / step, 1, step]))
        bottom.set_xlabel("ratio of MAPEs")


def legend(figure: mpl.Figure, labels: Mapping[str, str]) -> None:
    """Explain markers, dots and the line at the right."""
    looks = {labels[name]: look_of(name) for name in sorted({RANDOM, GUIDED} & set(labels))}
    if set(labels) - {RANDOM, GUIDED}:
        looks["another design"] = PLAIN
    handles = [*mpl.handles(looks, linestyle="-", linewidth=1.2), mpl.dot_handle("a target")]
    if RANDOM in labels:
        style: dict[str, Any] = {"color": "black", "linestyle": DASHED, "linewidth": 0.8}
        handles.append(mpl.Line2D([], [], label="median of random", **style))
    figure.legend(handles=handles, loc="outside right upper", handlelength=1.8)
