"""Which strategies are better than which others, and which cannot be told apart, at each budget."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from perftransfer import objectives
from perftransfer.figures import _names, _results, _style
from perftransfer.figures._style import Style
from perftransfer.results import aggregate, tests

TITLE = "Ranking of strategies"
CAPTION = (
    "Strategies by their error on the held-out test third of the target (MAPE, in percent), the best on top, one panel "
    "per budget: the geometric mean over targets of what are means over repeats, then sources, then learners. A shade "
    "and a bar at the right join those that are not told apart, and the number beside the bar is their rank: groups of "
    "Scott and Knott (1974), on logarithms of the errors with the effects of targets taken out. One that takes no "
    "learner stands among the others as it is, and DM, which measures nothing in the target, is set against them at "
    "each budget. Only targets on which all in the panel have an error count, and with fewer than three of them there "
    "are no groups."
)
TABLES = ("environments", "transfer")

MOST = 9  # budgets
ACROSS = 3  # panels side by side
PANEL = (1.7, 0.17)  # inches: how wide a panel is, how high one of its rows
AROUND = 0.35  # inches between two rows of panels
BAR = 1.03  # where the bar of a group stands, in widths of the panel


@_style.styled
def draw(tables: Mapping[str, pd.DataFrame], objective: str) -> Figure:
    """Draw the figure for ``objective``."""
    title = f"{TITLE}: {objectives.label(objective)}"
    known, missing = _results.finite(tables["transfer"], objective)
    if known.empty:
        return _style.empty(title, f"no strategy was evaluated on {objective}")
    # With what is no number: a mean over the other learners must not stand for one over all of them.
    rows = _results.of_objective(tables["transfer"], objective, ["mape"])
    ranks = tests.rankings(rows, "mape")
    ranks = ranks[(ranks["learner"] == aggregate.ALL) & (ranks["family"] == tests.STRATEGIES)]
    ranks = ranks.dropna(subset="geometric_mean")
    if ranks.empty:
        return _style.empty(title, "no two strategies have errors on the same target at the same budget")
    budgets = sorted(ranks["budget"].unique())
    shown = [budgets[i] for i in np.unique(np.linspace(0, len(budgets) - 1, MOST).round().astype(int))]
    panels = {budget: best_first(ranks[ranks["budget"] == budget]) for budget in shown}
    looks = _style.styles(aggregate.ways(rows))

    most = max(map(len, panels.values()))
    down = math.ceil(len(panels) / ACROSS)
    across = math.ceil(len(panels) / down)
    names = max(_style.width_of(name) for name in ranks["way"])
    figure = _style.new(across * (names + PANEL[0] + 0.4) + 0.2, down * (max(most, 3) * PANEL[1] + AROUND) + 1.0, title)
    grid = figure.subplots(down, across, squeeze=False, sharex=True)
    for axes, (budget, own) in zip(grid.flat, panels.items(), strict=False):
        panel(axes, own, looks, max(most, 3))
        heading(axes, budget, own)
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    for axes in grid.flat[max(0, len(panels) - across) : len(panels)]:
        axes.set_xlabel("MAPE (%)")
        axes.tick_params(labelbottom=True)
    means = np.concatenate([own["geometric_mean"].to_numpy() for own in panels.values()])
    _style.scale_errors(grid[0, 0], "x", means, PANEL[0] - 0.1)
    _style.note(
        figure,
        _names.Environments(tables["environments"], known["target"]).counted,
        without_groups(panels),
        f"{len(shown)} of {len(budgets)} budgets." if len(shown) < len(budgets) else "",
        _results.left_out(missing, len(known)),
    )
    return figure


def best_first(ranks: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of one budget, the lowest error first."""
    return ranks.sort_values(["rank", "geometric_mean", "way"], kind="stable", ignore_index=True)


def panel(axes: Axes, ranks: pd.DataFrame, looks: Mapping[str, Style], rows: int) -> None:
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
            axes.axhspan(first, last, color=_style.FAINT, linewidth=0, zorder=0)
        axes.plot(
            [BAR, BAR], [first + 0.12, last - 0.12], color=_style.INK, linewidth=2, solid_capstyle="butt",
            transform=beside, clip_on=False,
        )  # fmt: skip
        axes.text(BAR + 0.03, (first + last) / 2, str(rank), transform=beside, va="center", fontsize=_style.SMALL)
    for i, (way, mean) in enumerate(zip(ranks["way"], ranks["geometric_mean"], strict=True)):
        look = looks[way]
        axes.plot(
            mean, i + 0.5, look.marker, markersize=6, color=look.colour, markeredgecolor="white", markeredgewidth=0.3,
        )  # fmt: skip


def heading(axes: Axes, budget: int, ranks: pd.DataFrame) -> None:
    """Write the budget above a panel, and how many targets it rests on."""
    targets, left_out = (int(ranks[name].iloc[0]) for name in ("targets", "targets_left_out"))
    every = targets + left_out
    axes.set_title(f"budget {budget}", fontweight="bold")
    counted = f"{targets} of {every}" if left_out else f"{every}"
    axes.set_title(f"{counted} target{'' if every == 1 else 's'}", loc="right", fontsize=_style.SMALL)
    if ranks["rank"].notna().any():
        axes.annotate(
            "rank", (BAR, 1), (0, 6), xycoords="axes fraction", textcoords="offset points", fontsize=_style.SMALL
        )


def without_groups(panels: Mapping[int, pd.DataFrame]) -> str:
    """Return the sentence that says at which budgets there are no groups, "" if there are groups at all."""
    found = [str(budget) for budget, ranks in panels.items() if ranks["rank"].isna().any()]
    where = "" if len(found) == len(panels) else f" at budget {', '.join(found)}"
    few = f"fewer than {tests.MIN_TARGETS} targets"
    return f"No groups{where}: with {few} on which all have an error, nothing is told apart." if found else ""
