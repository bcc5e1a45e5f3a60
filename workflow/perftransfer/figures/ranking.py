"""Which strategies are better than which others, and which cannot be told apart, at each budget."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from perftransfer.figures import _palette
from perftransfer.figures._evaluated import Evaluated
from perftransfer.figures._lazy import mpl
from perftransfer.figures.interface import Figure, Inputs, NothingToShow
from perftransfer.lazy import np, pd
from perftransfer.results import aggregate, tests

BUDGETS = 9  # shown at most
ACROSS = 3  # panels side by side
PANEL = (1.7, 0.17)  # inches: how wide a panel is, how high one of its rows
AROUND = 0.35  # inches between two rows of panels
BAR = 1.03  # where the bar of a group stands, in widths of the panel


@dataclass(frozen=True, eq=False)
class Ranks:
    """What is drawn.

    Parameters
    ----------
    by_budget
        Per budget that is shown, rows of ``tests.rankings``, the best first.
    n_budgets
        Number of budgets, those that are not shown included.
    """

    evaluated: Evaluated
    by_budget: Mapping[int, pd.DataFrame]
    n_budgets: int


class Ranking(Figure[Ranks]):
    """Strategies by their error, groups that are not told apart joined."""

    title = "Ranking of strategies"
    caption = (
        "Strategies by their error on the held-out test third of the target (MAPE, in percent), the best on top, one "
        "panel per budget: geometric means over targets of means over repeats, then sources, then learners. A shade "
        "and a bar at the right join strategies that do not differ significantly, and the number next to the bar is "
        "their rank: groups of Scott and Knott (1974), on logarithms of the errors with the effects of targets taken "
        "out. A strategy without a learner is ranked as it is, and DM, which measures nothing in the target, at each "
        "budget. Only targets on which all in the panel have an error count, and with fewer than three of them there "
        "are no groups."
    )
    inputs = ("environments", "transfer")
    section = "budget"

    def select(self, inputs: Inputs, objective: str) -> Ranks:
        """Return the ranks at each budget."""
        evaluated = Evaluated.of(inputs, objective)
        # Of all cells: a mean over the learners that have an error is not one over all of them.
        ranks = tests.rankings(evaluated.results.cells, "mape")
        ranks = ranks[(ranks["learner"] == aggregate.ALL) & (ranks["family"] == tests.STRATEGIES)]
        ranks = ranks.dropna(subset="geometric_mean")
        if ranks.empty:
            raise NothingToShow("no two strategies have errors on the same target at the same budget")
        ranks = ranks.sort_values(["rank", "geometric_mean", "way"], kind="stable", ignore_index=True)
        budgets = sorted(ranks["budget"].unique())
        some = [budgets[i] for i in np.unique(np.linspace(0, len(budgets) - 1, BUDGETS).round().astype(int))]
        by_budget = {int(budget): ranks[ranks["budget"] == budget] for budget in some}
        return Ranks(evaluated, by_budget, len(budgets))

    def draw(self, data: Ranks) -> mpl.Figure:
        """Draw a panel per budget."""
        panels = data.by_budget
        looks = _palette.styles(data.evaluated.results.cells["strategy"])
        rows = max(3, *map(len, panels.values()))
        down = math.ceil(len(panels) / ACROSS)
        across = math.ceil(len(panels) / down)
        names = max(mpl.width_of(str(name)) for ranks in panels.values() for name in ranks["way"])
        size = across * (names + PANEL[0] + 0.4) + 0.2, down * (rows * PANEL[1] + AROUND) + 1.0
        figure = mpl.new(*size, self.heading(data.evaluated.objective))
        grid = figure.subplots(down, across, squeeze=False, sharex=True)
        for axes, (budget, ranks) in zip(grid.flat, panels.items(), strict=False):
            panel(axes, ranks, looks, rows)
            heading(axes, budget, ranks)
        mpl.label_outer(grid, len(panels), "MAPE (%)")
        means = np.concatenate([ranks["geometric_mean"].to_numpy() for ranks in panels.values()])
        mpl.scale_errors(grid[0, 0], "x", means, PANEL[0] - 0.1)
        targets, excluded = data.evaluated.notes
        some = f"{len(panels)} of {data.n_budgets} budgets." if len(panels) < data.n_budgets else ""
        mpl.note(figure, targets, without_groups(panels), some, excluded)
        return figure


def panel(axes: mpl.Axes, ranks: pd.DataFrame, looks: Mapping[str, _palette.Style], rows: int) -> None:
    """Draw one budget: a row per strategy with its error, groups shaded in turn and barred; room for ``rows``."""
    axes.grid(axis="x")
    mpl.row_labels(axes, list(ranks["way"]))
    axes.set_ylim(rows, 0)
    axes.tick_params(axis="y", length=0)
    beside = axes.get_yaxis_transform()
    last = 0
    for rank, size in enumerate(ranks.groupby("rank").size(), start=1):
        first, last = last, last + int(size)
        if rank % 2:
            axes.axhspan(first, last, color=mpl.FAINT, linewidth=0, zorder=0)
        axes.plot(
            [BAR, BAR], [first + 0.12, last - 0.12], color=mpl.INK, linewidth=2, solid_capstyle="butt",
            transform=beside, clip_on=False,
        )  # fmt: skip
        axes.text(BAR + 0.03, (first + last) / 2, str(rank), transform=beside, va="center", fontsize=mpl.SMALL)
    for i, (way, mean) in enumerate(zip(ranks["way"], ranks["geometric_mean"], strict=True)):
        axes.plot(mean, i + 0.5, linestyle="", **mpl.marker(looks[way], 6))


def heading(axes: mpl.Axes, budget: int, ranks: pd.DataFrame) -> None:
    """Write the budget above a panel, and on how many targets it rests."""
    targets, left_out = (int(ranks[name].iloc[0]) for name in ("targets", "targets_left_out"))
    total = targets + left_out
    counted = f"{targets} of {total}" if left_out else f"{total}"
    axes.set_title(f"budget {budget}: {counted} target{'' if total == 1 else 's'}", fontweight="bold")
    if ranks["rank"].notna().any():
        axes.annotate("rank", (BAR, 1), (0, 6), "axes fraction", "offset points", fontsize=mpl.SMALL)


def without_groups(panels: Mapping[int, pd.DataFrame]) -> str:
    """Return the sentence that says at which budgets there are no groups, "" if there are groups at all."""
    budgets = [str(budget) for budget, ranks in panels.items() if ranks["rank"].isna().any()]
    where = "" if len(budgets) == len(panels) else f" at budget {', '.join(budgets)}"
    few = f"fewer than {tests.MIN_TARGETS} targets"
    return f"No groups{where}: with {few} on which all have an error, nothing is told apart." if budgets else ""
