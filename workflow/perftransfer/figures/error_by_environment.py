"""How large the error is in each target environment, per strategy, learner and objective."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from perftransfer import objectives
from perftransfer.figures import _palette
from perftransfer.figures._environments import Environments
from perftransfer.figures._evaluated import at_largest_budget, budgets_in_words, excluded
from perftransfer.figures._lazy import mpl
from perftransfer.figures.interface import Figure, Inputs, NothingToShow
from perftransfer.lazy import pd
from perftransfer.results import aggregate
from perftransfer.results.aggregate import Results

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
        Columns objective, strategy, learner (``aggregate.ALL`` for the median over all), target,
        value, low and high (percent), a row per point.
    learners
        Learner by the heading of its panel.
    budgets
        The budgets, in words.
    missing, total
        Number of results that are not finite, and of all.
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
        transfer = inputs["transfer"]
        names = map(str, transfer.reindex(columns=["objective"])["objective"].dropna().unique())
        results = {name: Results.of(transfer, name) for name in names}
        rows = pd.concat([part.rows for part in results.values()]) if results else pd.DataFrame()
        if rows.empty:
            raise NothingToShow("no strategy was evaluated")
        rows = at_common_budget(rows)
        return Errors(
            points(rows),
            [name for name in results if (rows["objective"] == name).any()],
            Results(rows).panels(),
            Environments(inputs["environments"], rows["target"]),
            budgets_in_words(rows),
            sum(part.missing for part in results.values()),
            sum(part.total for part in results.values()),
        )

    def draw(self, data: Errors) -> mpl.Figure:
        """Draw a row of panels per objective."""
        names, learners, n = data.targets, data.learners, len(data.objectives)
        looks = _palette.styles(data.points["strategy"])
        row = min(len(looks) * LANE + 0.1, (HIGHEST / n - AROUND) / len(names))
        side_by_side = row < LOWEST
        if side_by_side:
            row = min(0.3, (HIGHEST - AROUND) / len(names))
        labels = names.descriptions(lines=2 if row > 0.25 else 1)
        left = max(map(mpl.width_of, labels)) + 0.35
        panel, down, across = PANEL, n, len(learners)
        if side_by_side:
            room = mpl.WIDEST - left - 1.0
            if room / (n * len(learners)) < NARROWEST:
                learners = dict([next(iter(learners.items()))])
            down, across = 1, n * len(learners)
            panel = min(PANEL, room / across)
        size = left + panel * across + 1.0, down * (len(names) * row + AROUND) + 0.5
        figure = mpl.new(*size, f"{self.title}, {data.budgets}")
        grid = figure.subplots(down, across, squeeze=False, sharey=True).reshape(n, len(learners))
        for objective, line in zip(data.objectives, grid, strict=True):
            part = data.points[data.points["objective"] == objective]
            values = part.loc[part["learner"].isin(learners.values()), ["value", "low", "high"]].to_numpy()
            for i, (axes, (heading, learner)) in enumerate(zip(line, learners.items(), strict=True)):
                lanes(axes, aggregate.select_learner(part, learner), names.names, looks)
                mpl.heading(axes, objectives.label(objective) if i == 0 else "", heading)
                mpl.scale_errors(axes, "x", values, panel - 0.1)
                axes.set_xlabel("MAPE (%)")
        mpl.row_labels(grid[0, 0], labels)
        for axes in grid[:, 0]:
            if axes.get_subplotspec().is_first_col():
                axes.set_ylabel(names.axis("target"))
        handles = mpl.handles(looks, linestyle="-", linewidth=0.9)
        figure.legend(handles=handles, loc="outside right upper", title="strategy", handlelength=1.8)
        mpl.note(figure, names.note, excluded(data.missing, data.total))
        return figure


def at_common_budget(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows at the largest budget that all strategies have that measure anything; of the others, all rows.

    If there is none each strategy is at its own largest.
    """
    measuring = rows[rows["budget"] > 0]
    budgets = [set(part) for _, part in measuring.groupby(["objective", "strategy"])["budget"]]
    common = set.intersection(*budgets) if budgets else set()
    if not common:
        return at_largest_budget(rows)
    result: pd.DataFrame = rows[(rows["budget"] == max(common)) | ~rows["strategy"].isin(measuring["strategy"])]
    return result


def points(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the points and the ends of their bars."""
    key = ["objective", "strategy", "learner", "target"]
    middle = aggregate.by_target(rows, "mape", "median").set_index(key)["value"].dropna()
    # Every cell of a strategy without a source has the same source, none: what is left to differ is the repeat.
    parts = aggregate.by_pair(rows, "mape", "median")
    repeats = Results(rows[rows["source"] == ""]).by_repeat
    ends = pd.concat([parts[parts["source"] != ""], repeats]).groupby(key)["value"].agg(low="min", high="max")
    return pd.concat([middle, ends], axis=1, join="inner").reset_index()


def lanes(axes: mpl.Axes, errors: pd.DataFrame, names: list[str], looks: Mapping[str, _palette.Style]) -> None:
    """Draw a panel: a row per environment, in it a lane per strategy."""
    mpl.stripes(axes, len(names))
    rows = {name: i for i, name in enumerate(names)}
    size = 3.6 if len(names) <= 30 else 2.6
    for i, (strategy, look) in enumerate(looks.items()):
        part = errors[errors["strategy"] == strategy]
        y = part["target"].map(rows).to_numpy(dtype=float) + 0.1 + 0.8 * (i + 0.5) / len(looks)
        axes.hlines(y, part["low"], part["high"], color=look.colour, linewidth=0.8)
        axes.plot(part["value"], y, linestyle="", **mpl.marker(look, size))
