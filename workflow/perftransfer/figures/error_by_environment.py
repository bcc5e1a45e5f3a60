"""How large the error is in each target environment, per strategy, learner and objective."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perftransfer import objectives
from perftransfer.figures import _palette
from perftransfer.figures._lazy import cells, mpl, np, pd
from perftransfer.figures.interface import Figure, Inputs, NothingToShow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Still

    from perftransfer.figures._environments import Environments

PANEL = 1.45  # inches that a panel is wide
NARROWEST = 0.95  # inches, where objectives stand side by side
LANE = 0.085  # inches for a strategy in an environment's row
LOWEST = 0.125  # inches for an environment's row, where its label still has room
HIGHEST = 20.0 - 1.9  # inches for all rows of panels, their axes included
AROUND = 0.75  # inches above and below a row of panels


@dataclass(frozen=True, eq=False)
class Errors:
    """What is drawn.

    Parameters
    ----------
    points
        Columns objective, strategy, learner, target, value, low and high (percent), a row per point.
    objectives
        Objectives with errors.
    learners
        Learner by its heading.
    budgets
        The budgets, in words.
    missing, total
        Number of results without an error, and of those with one.
    """

    points: pd.DataFrame
    objectives: list[str]
    learners: Mapping[str, str]
    targets: Environments
    budgets: str
    missing: int
    total: int


class ErrorByEnvironment(Figure[Errors]):
    """Errors in each target, for all objectives."""

    title = "Error by environment"
    caption = (
        "Error on the held-out test third of each target environment (MAPE, in percent), one row of panels per "
        "objective (side by side where environments are many), one column per learner and one for the median over "
        "learners. All strategies are at the budget in the title, the largest that they share. A point is the median "
        "over sources of medians over repeats, then learners; its bar reaches from the best to the worst source, or "
        "repeat for a strategy that uses no source. Lower is better, and a strategy without an error for one of the "
        "learners has no point over all of them; one that takes no learner is the same in all columns."
    )
    inputs = ("environments", "transfer")
    across_objectives = True

    def select(self, inputs: Inputs, objective: str) -> Errors:
        """Return the points of all objectives of the table of results, whatever ``objective`` is."""
        from perftransfer.figures._environments import Environments

        transfer = inputs["transfer"]
        names = transfer.reindex(columns=["objective"])["objective"].dropna().unique()
        found = [cells.finite(transfer, str(name)) for name in names]
        rows = pd.concat([known for known, _ in found]) if found else pd.DataFrame()
        if rows.empty:
            raise NothingToShow("no strategy was evaluated")
        rows = cells.at_common_budget(rows)
        return Errors(
            points(rows),
            [str(name) for name in names if (rows["objective"] == name).any()],
            cells.learners(rows),
            Environments(inputs["environments"], rows["target"]),
            cells.budgets_in_words(rows),
            sum(missing for _, missing in found),
            len(rows),
        )

    def draw(self, data: Errors) -> Still:
        """Draw a row of panels per objective."""
        names, shown, learners = data.targets, data.objectives, data.learners
        looks = _palette.styles(data.points["strategy"])
        row = min(len(looks) * LANE + 0.1, (HIGHEST / len(shown) - AROUND) / len(names))
        beside = row < LOWEST
        if beside:
            row = min(0.3, (HIGHEST - AROUND) / len(names))
        labels = names.descriptions(lines=2 if row > 0.25 else 1)
        left = max(map(mpl.width_of, labels)) + 0.35
        panel = PANEL
        if beside:
            room = mpl.WIDEST - left - 1.0
            if room / (len(shown) * len(learners)) < NARROWEST:
                learners = dict([next(iter(learners.items()))])
            panel = min(PANEL, room / (len(shown) * len(learners)))
        down, across = (1, len(shown) * len(learners)) if beside else (len(shown), len(learners))
        figure = mpl.new(
            left + panel * across + 1.0, down * (len(names) * row + AROUND) + 0.5, f"{self.title}, {data.budgets}"
        )
        grid = figure.subplots(down, across, squeeze=False, sharey=True).reshape(len(shown), len(learners))
        for of_objective, line in zip(shown, grid, strict=True):
            own = data.points[data.points["objective"] == of_objective]
            values = own.loc[own["learner"].isin(learners.values()), ["value", "low", "high"]].to_numpy()
            for i, (axes, (heading, learner)) in enumerate(zip(line, learners.items(), strict=True)):
                lanes(axes, cells.of_learner(own, learner), names.names, looks)
                mpl.heading(axes, objectives.label(of_objective) if i == 0 else "", heading)
                mpl.scale_errors(axes, "x", values, panel - 0.1)
                axes.set_xlabel("MAPE (%)")
        grid[0, 0].set_ylim(len(names), 0)
        grid[0, 0].set_yticks(np.arange(len(names)) + 0.5, labels, linespacing=1.05)
        for axes in grid[:, 0]:
            if axes.get_subplotspec().is_first_col():
                axes.set_ylabel(names.axis("target"))
        figure.legend(
            handles=mpl.handles(looks, linestyle="-", linewidth=0.9), loc="outside right upper", title="strategy",
            handlelength=1.8,
        )  # fmt: skip
        mpl.note(figure, names.note, cells.left_out(data.missing, data.total))
        return figure


def points(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the points and the ends of their bars.

    Columns objective, strategy, learner (``cells.ALL`` for the median over all), target, value, low and high.
    """
    key = ["objective", "strategy", "learner", "target"]
    middle = cells.by_target(rows).set_index(key)["value"]
    # Every cell of a strategy without a source has the same source, none: what is left to differ is the repeat.
    alone = rows["source"].isna()
    parts = pd.concat([cells.by_pair(rows[~alone]), cells.by_repeat(rows[alone])])
    ends = parts.groupby(key)["value"].agg(low="min", high="max")
    return pd.concat([middle, ends], axis=1, join="inner").reset_index()


def lanes(axes: Axes, errors: pd.DataFrame, names: list[str], looks: Mapping[str, _palette.Style]) -> None:
    """Draw a panel: a row per environment, in it a lane per strategy."""
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    for i in range(0, len(names), 2):
        axes.axhspan(i, i + 1, color=mpl.FAINT, linewidth=0, zorder=0)
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
