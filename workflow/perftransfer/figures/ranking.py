"""Which strategies are better than which others, and which cannot be told apart, at each budget."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perftransfer.figures import _palette
from perftransfer.figures._lazy import cells, mpl, np
from perftransfer.figures.interface import Figure, Inputs, NothingToShow

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Still

    from perftransfer.figures._environments import Environments

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
    styles
        How the strategies look.
    missing, total
        Number of results without an error, and of those with one.
    """

    objective: str
    by_budget: Mapping[int, pd.DataFrame]
    n_budgets: int
    styles: Mapping[str, _palette.Style]
    targets: Environments
    missing: int
    total: int


class Ranking(Figure[Ranks]):
    """Strategies by their error, groups that are not told apart joined."""

    title = "Ranking of strategies"
    caption = (
        "Strategies by their error on the held-out test third of the target (MAPE, in percent), the best on top, one "
        "panel per budget: the geometric mean over targets of what are means over repeats, then sources, then "
        "learners. A shade and a bar at the right join those that are not told apart, and the number beside the bar is "
        "their rank: groups of Scott and Knott (1974), on logarithms of the errors with the effects of targets taken "
        "out. One that takes no learner stands among the others as it is, and DM, which measures nothing in the "
        "target, is set against them at each budget. Only targets on which all in the panel have an error count, and "
        "with fewer than three of them there are no groups."
    )
    inputs = ("environments", "transfer")
    section = "budget"

    def select(self, inputs: Inputs, objective: str) -> Ranks:
        """Return the ranks at each budget."""
        from perftransfer.figures._environments import Environments
        from perftransfer.results import aggregate, tests

        known, missing = cells.finite(inputs["transfer"], objective)
        if known.empty:
            raise NothingToShow(f"no strategy was evaluated on {objective}")
        # Non-finite values included: a mean over the other learners is not one over all of them.
        rows = cells.of_objective(inputs["transfer"], objective, ["mape"])
        ranks = tests.rankings(rows, "mape")
        ranks = ranks[(ranks["learner"] == aggregate.ALL) & (ranks["family"] == tests.STRATEGIES)]
        ranks = ranks.dropna(subset="geometric_mean")
        if ranks.empty:
            raise NothingToShow("no two strategies have errors on the same target at the same budget")
        budgets = sorted(ranks["budget"].unique())
        shown = [budgets[i] for i in np.unique(np.linspace(0, len(budgets) - 1, BUDGETS).round().astype(int))]
        return Ranks(
            objective,
            {int(budget): best_first(ranks[ranks["budget"] == budget]) for budget in shown},
            len(budgets),
            _palette.styles(rows["strategy"]),
            Environments(inputs["environments"], known["target"]),
            missing,
            len(known),
        )

    def draw(self, data: Ranks) -> Still:
        """Draw a panel per budget."""
        panels = data.by_budget
        most = max(3, *map(len, panels.values()))
        down = math.ceil(len(panels) / ACROSS)
        across = math.ceil(len(panels) / down)
        names = max(mpl.width_of(str(name)) for ranks in panels.values() for name in ranks["way"])
        size = across * (names + PANEL[0] + 0.4) + 0.2, down * (most * PANEL[1] + AROUND) + 1.0
        figure = mpl.new(*size, self.heading(data.objective))
        grid = figure.subplots(down, across, squeeze=False, sharex=True)
        for axes, (budget, ranks) in zip(grid.flat, panels.items(), strict=False):
            panel(axes, ranks, data.styles, most)
            heading(axes, budget, ranks)
        mpl.label_outer(grid, len(panels), "MAPE (%)", "")
        means = np.concatenate([ranks["geometric_mean"].to_numpy() for ranks in panels.values()])
        mpl.scale_errors(grid[0, 0], "x", means, PANEL[0] - 0.1)
        mpl.note(
            figure,
            data.targets.counted,
            without_groups(panels),
            f"{len(panels)} of {data.n_budgets} budgets." if len(panels) < data.n_budgets else "",
            cells.left_out(data.missing, data.total),
        )
        return figure


def best_first(ranks: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of one budget, the lowest error first."""
    return ranks.sort_values(["rank", "geometric_mean", "way"], kind="stable", ignore_index=True)


def panel(axes: Axes, ranks: pd.DataFrame, looks: Mapping[str, _palette.Style], rows: int) -> None:
    """Draw one budget: a row per strategy with its error, groups shaded in turn and barred; room for ``rows``."""
    axes.grid(axis="x")
    axes.set_ylim(rows, 0)
    axes.set_yticks(np.arange(len(ranks)) + 0.5, ranks["way"])
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
        look = looks[way]
        axes.plot(
            mean, i + 0.5, look.marker, markersize=6, color=look.colour, markeredgecolor="white", markeredgewidth=0.3,
        )  # fmt: skip


def heading(axes: Axes, budget: int, ranks: pd.DataFrame) -> None:
    """Write the budget above a panel, and on how many targets it rests."""
    targets, left_out = (int(ranks[name].iloc[0]) for name in ("targets", "targets_left_out"))
    every = targets + left_out
    counted = f"{targets} of {every}" if left_out else f"{every}"
    axes.set_title(f"budget {budget}: {counted} target{'' if every == 1 else 's'}", fontweight="bold")
    if ranks["rank"].notna().any():
        axes.annotate(
            "rank", (BAR, 1), (0, 6), xycoords="axes fraction", textcoords="offset points", fontsize=mpl.SMALL
        )


def without_groups(panels: Mapping[int, pd.DataFrame]) -> str:
    """Return the sentence that says at which budgets there are no groups, "" if there are groups at all."""
    from perftransfer.results import tests

    found = [str(budget) for budget, ranks in panels.items() if ranks["rank"].isna().any()]
    where = "" if len(found) == len(panels) else f" at budget {', '.join(found)}"
    few = f"fewer than {tests.MIN_TARGETS} targets"
    return f"No groups{where}: with {few} on which all have an error, nothing is told apart." if found else ""
