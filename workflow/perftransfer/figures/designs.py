"""How well samples that different designs choose serve a learner without transfer, beside guided sampling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perftransfer import designs
from perftransfer.figures import _palette
from perftransfer.figures._lazy import cells, mpl, np, pd
from perftransfer.figures.interface import Figure, Inputs, NothingToShow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Still

    from perftransfer.figures._environments import Environments

RELATIVE = "relative to simple random samples"
RANDOM, GUIDED = "random", "GS"
BUDGETS = 6  # shown at most
PANEL = (1.25, 0.17)  # inches: how wide a panel is, how high one of its rows
AROUND = 0.3  # inches between two rows of panels
STEPS = (1.1, 1.25, 2, 5, *(10.0**decade for decade in range(1, 13)))  # of ratios, what a tick may stand for
PLAIN = _palette.Style("#5f5f5f", "d", "-")  # of a design that has no look of its own as a strategy


@dataclass(frozen=True, eq=False)
class Compared:
    """What is drawn.

    Parameters
    ----------
    errors, ratios
        Errors (percent), and these divided by those of simple random sampling on the same target.
        Columns way (a design, or ``GUIDED``), learner, budget, target and value.
    ways
        Per budget the ways, the best first.
    learners
        Learner by its heading.
    n_budgets
        Number of budgets, those that are not shown included.
    missing, total
        Number of results without an error, and of those with one.
    """

    objective: str
    errors: pd.DataFrame
    ratios: pd.DataFrame
    ways: Mapping[float, list[str]]
    learners: Mapping[str, str]
    n_budgets: int
    targets: Environments
    missing: int
    total: int


class Designs(Figure[Compared]):
    """Errors of designs without transfer."""

    title = "Designs without transfer and guided sampling"
    caption = (
        "Error of models learnt on nothing but a target sample that the named design chose, best on top, one row of "
        "panels per budget; guided sampling (GS) asks a source what to measure, and a design of a fixed size stands "
        "beside simple random samples of that size. Left column: error on the held-out test third (MAPE, in percent), "
        "median over learners; other columns: that error divided by that of simple random sampling on the same target. "
        "Faint dots are targets (medians over repeats, then learners, then sources), markers medians over targets, "
        "bars reach from the first to the third quartile; the dashed line is simple random sampling, and left of it is "
        "better."
    )
    inputs = ("environments", "transfer")
    section = "designs"

    def select(self, inputs: Inputs, objective: str) -> Compared:
        """Return errors and ratios by design, learner, budget and target."""
        from perftransfer.figures._environments import Environments

        rows, missing = cells.finite(inputs["transfer"], objective, designs=True)
        rows = rows[rows["strategy"].isin([cells.NO_TRANSFER, GUIDED])]
        compared = rows[rows["strategy"] == cells.NO_TRANSFER]
        if compared.empty:
            raise NothingToShow(f"no designs were compared without transfer on {objective}")
        budgets = sorted(compared["budget"].unique())
        rows = rows[rows["budget"].isin(budgets[-BUDGETS:])]
        learners = cells.learners(rows)
        first = next(iter(learners.values()))
        errors, ratios = both(rows)
        ways = {
            float(str(budget)): best_first(own) for budget, own in errors[errors["learner"] == first].groupby("budget")
        }
        if not ways:
            raise NothingToShow("no design has an error for each of the learners")
        targets = Environments(inputs["environments"], rows["target"])
        return Compared(objective, errors, ratios, ways, learners, len(budgets), targets, missing, len(rows))

    def draw(self, data: Compared) -> Still:
        """Draw a row of panels per budget."""
        ways, ratios = data.ways, data.ratios
        first, learner = next(iter(data.learners.items()))
        columns = [(first, learner, data.errors)] + [(name, of, ratios) for name, of in data.learners.items()]
        labels = {name: label(name) for names in ways.values() for name in names}
        beside = max(map(mpl.width_of, labels.values())) + 2.2
        heading = mpl.width_of(RELATIVE, mpl.NORMAL + 1, bold=True)
        wide = beside + len(columns) * max(PANEL[0], heading / (len(columns) - 1))
        high = [PANEL[1] * max(len(names), 2) for names in ways.values()]
        figure = mpl.new(wide, sum(high) + AROUND * len(high) + 1.7, self.heading(data.objective))
        grid = figure.subplots(len(ways), len(columns), squeeze=False, sharex="col", sharey="row", height_ratios=high)
        for line, (budget, names) in zip(grid, ways.items(), strict=True):
            for axes, (_, of, table) in zip(line, columns, strict=True):
                own = table[(table["budget"] == budget) & (table["learner"] == of)]
                panel(axes, own, names, table is data.errors)
            line[0].set_yticks(np.arange(len(names)) + 0.5, [labels[name] for name in names])
            line[0].set_ylim(max(len(names), 2), 0)
            line[0].set_ylabel(f"budget\n{budget:.0f}", rotation=0, ha="right", va="center", fontweight="bold")
        figure.align_ylabels(grid[:, 0])
        scales(grid, columns)
        for i, (axes, (name, *_)) in enumerate(zip(grid[0], columns, strict=True)):
            mpl.heading(axes, {0: "error", 1: RELATIVE}.get(i, ""), name)
        legend(figure, ways)
        mpl.note(
            figure,
            data.targets.counted,
            f"The {BUDGETS} largest of {data.n_budgets} budgets." if data.n_budgets > BUDGETS else "",
            cells.left_out(data.missing, data.total),
        )
        return figure


def both(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the errors, and what they are relative to those of simple random sampling: where there are such.

    Columns way (a design, or GS), learner (``cells.ALL`` for the median over all), budget, target, value.
    """
    found = cells.by_target(rows)
    way = found["design"].where(found["strategy"] == cells.NO_TRANSFER, found["strategy"])
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


def look_of(way: str) -> _palette.Style:
    """Return how a design is drawn: what is a strategy of the paper as in all figures, the others alike."""
    return _palette.KNOWN.get({RANDOM: "RS"}.get(way, way), PLAIN)


def panel(axes: Axes, values: pd.DataFrame, ways: list[str], with_random: bool) -> None:
    """Draw a row for each of ``ways``, and simple random sampling as a line through all, and maybe as a row."""
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    for i in range(0, len(ways), 2):
        axes.axhspan(i, i + 1, color=mpl.FAINT, linewidth=0, zorder=0)
    for i, way in enumerate(ways):
        own = values.loc[values["way"] == way, "value"].to_numpy()
        if way == RANDOM and len(own):
            axes.axvline(float(np.median(own)), color=look_of(RANDOM).colour, linestyle=(0, (3, 2)), linewidth=0.8)
        if with_random or way != RANDOM:
            mpl.dots(axes, i + 0.5, own, look_of(way))


def scales(grid: np.ndarray, columns: list[tuple[str, str, pd.DataFrame]]) -> None:
    """Scale the errors, and all ratios alike and around 1; a column without ratios says so."""
    inches = PANEL[0] - 0.1
    mpl.scale_errors(grid[0, 0], "x", columns[0][2].query("learner == @columns[0][1]")["value"].to_numpy(), inches)
    ratios = columns[-1][2]["value"].to_numpy()
    reach = 1.05 * max([1.1, *(max(value, 1 / value) for value in ratios if value > 0)])
    step = max(step for step in STEPS if step < reach)
    for axes in grid[0, 1:]:
        mpl.logarithmic(axes, "x", 1 / reach, reach)
        axes.xaxis.set_major_locator(mpl.FixedLocator([1 / step, 1, step]))
    for axes, what in zip(grid[-1], ["MAPE (%)"] + ["ratio of MAPEs"] * (len(columns) - 1), strict=True):
        axes.set_xlabel(what)


def legend(figure: Still, ways: Mapping[float, list[str]]) -> None:
    """Explain markers, dots and the line at the right."""
    present = {name for names in ways.values() for name in names}
    looks = {label(name): look_of(name) for name in sorted(present) if name in (RANDOM, GUIDED)}
    if present - {RANDOM, GUIDED}:
        looks["another design"] = PLAIN
    handles = [*mpl.handles(looks, linestyle="-", linewidth=1.2), mpl.dot_handle("a target")]
    if RANDOM in present:
        line = mpl.Line2D([], [], color="black", linestyle=(0, (3, 2)), linewidth=0.8, label="median of random")
        handles.append(line)
    figure.legend(handles=handles, loc="outside right upper", handlelength=1.8)
