"""The errors of the learners side by side, per strategy, at its largest budget and as the budget grows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from perftransfer.figures import _palette
from perftransfer.figures._evaluated import Evaluated, at_largest_budget, budgets_in_words
from perftransfer.figures._lazy import mpl
from perftransfer.figures.interface import Figure, Inputs, NothingToShow
from perftransfer.lazy import np, pd
from perftransfer.results.aggregate import ALL, NO_LEARNER

PANEL = (1.3, 1.7)  # inches, least width


@dataclass(frozen=True, eq=False)
class Errors:
    """What is drawn: columns strategy, learner, budget, target and value (percent) of ``by_target``."""

    evaluated: Evaluated
    by_target: pd.DataFrame

    @property
    def medians(self) -> pd.Series:
        """Medians over targets, indexed by strategy, learner and budget."""
        return self.by_target.groupby(["strategy", "learner", "budget"])["value"].median()


class LearnerComparison(Figure[Errors]):
    """Errors of the learners, per strategy."""

    title = "Learners side by side"
    caption = (
        "Error on the held-out test third of the target (MAPE, in percent) per learner, one column of panels per "
        "strategy. Upper row, at the strategy's largest budget: faint dots are targets (medians over repeats, then "
        "sources), markers medians over targets, bars reach from the first to the third quartile. Lower row: these "
        "medians against the number of target configurations measured, where a strategy has several budgets. Where "
        "learners hardly differ, the model of the source does not matter, or what is built on it makes up for it."
    )
    inputs = ("environments", "transfer")
    section = "budget"

    def select(self, inputs: Inputs, objective: str) -> Errors:
        """Return the errors by learner and target."""
        evaluated = Evaluated.of(inputs, objective)
        errors = evaluated.results.by_target.dropna(subset="value")
        errors = errors[~errors["learner"].isin([ALL, NO_LEARNER])]
        if errors.empty:
            raise NothingToShow(f"no learner was evaluated on {objective}")
        return Errors(evaluated, errors)

    def draw(self, data: Errors) -> mpl.Figure:
        """Draw a column of panels per strategy."""
        errors, medians = data.by_target, data.medians
        looks = _palette.learner_styles(errors["learner"])
        strategies = list(_palette.styles(errors["strategy"]))
        budgets = sorted(budget for budget in errors["budget"].unique() if budget > 0)
        growing = [name for name in strategies if len(set(errors.loc[errors["strategy"] == name, "budget"])) > 1]
        longest = max(map(mpl.width_of, looks))
        turned = longest > 0.4
        wide = max(PANEL[0], len(looks) * (mpl.LINE + 0.06 if turned else longest + 0.05) + 0.1)
        wide = max(wide, *(mpl.width_of(name, mpl.NORMAL, bold=True) + 0.15 for name in strategies))
        down = 2 if growing else 1
        title = f"{self.heading(data.evaluated.objective)}, {budgets_in_words(errors)}"
        figure = mpl.new(
            max(wide * len(strategies) + 1.9, mpl.width_of(title, 9, bold=True) + 1.6),
            PANEL[1] * down + (longest if turned else 0) + 1.3,
            title,
        )
        grid = figure.subplots(down, len(strategies), squeeze=False, sharey=True)
        largest = at_largest_budget(errors)
        for axes, strategy in zip(grid[0], strategies, strict=True):
            axes.set_title(strategy, fontweight="bold")
            side_by_side(axes, largest[largest["strategy"] == strategy], looks, turned)
        for axes, strategy in zip(grid[1] if growing else [], strategies, strict=False):
            if strategy in growing:
                against_budget(axes, medians.loc[strategy], looks)
                mpl.budget_axis(axes, budgets, wide - 0.1)
                axes.set_xlabel("budget")
            else:
                axes.set_axis_off()
                axes.text(0.5, 0.5, "one budget only", transform=axes.transAxes, ha="center", fontsize=mpl.SMALL)
        mpl.scale_errors(grid[0, 0], "y", np.r_[largest["value"], medians])
        for line in grid:
            first = next(axes for axes in line if axes.axison)
            first.set_ylabel(mpl.MAPE)
            first.tick_params(labelleft=True)
        handles = [*mpl.handles(looks, markersize=5.5, linewidth=1.0), mpl.dot_handle("a target")]
        figure.legend(handles=handles, loc="outside right upper", title="learner")
        mpl.note(figure, *data.evaluated.notes)
        return figure


def side_by_side(axes: mpl.Axes, errors: pd.DataFrame, looks: Mapping[str, _palette.Style], turned: bool) -> None:
    """Draw the errors of each learner above its name, which is ``turned`` where it is long."""
    axes.grid(axis="y")
    for i, (learner, look) in enumerate(looks.items()):
        mpl.dots(axes, i, errors.loc[errors["learner"] == learner, "value"].to_numpy(), look, upright=True)
    axes.set_xlim(-0.6, len(looks) - 0.4)
    axes.set_xticks(range(len(looks)), list(looks), rotation=90 if turned else 0)
    axes.tick_params(axis="x", length=0)


def against_budget(axes: mpl.Axes, medians: pd.Series, looks: Mapping[str, _palette.Style]) -> None:
    """Draw a line for each learner."""
    axes.grid(axis="y")
    for learner in [name for name in looks if name in medians.index.get_level_values("learner")]:
        part = medians.loc[learner]
        part = part[part.index > 0]
        axes.plot(part.index, part, linestyle=looks[learner].line, linewidth=1.0, **mpl.marker(looks[learner]))
