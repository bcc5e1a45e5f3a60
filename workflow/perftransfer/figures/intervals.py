"""How far prediction intervals can be trusted, and how narrow they are, against the budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from perftransfer.figures import _palette
from perftransfer.figures._environments import Environments
from perftransfer.figures._evaluated import excluded, quartiles
from perftransfer.figures._lazy import mpl
from perftransfer.figures.interface import Figure, Inputs, NothingToShow
from perftransfer.lazy import np, pd
from perftransfer.results import aggregate

COVERAGE = "coverage"
PANELS = {
    COVERAGE: ("Coverage", "measured values inside (%)"),
    "interval_width": ("Width", "width of the interval (% of the value)"),
    "interval_score": ("Interval score", "score (% of the value)"),
}
PANEL = (2.5, 2.3)  # inches
LEAST = 75  # percent of coverage that is always in view
REACH = 20  # a width or score this many times the median one lies beyond the axis
NAMED = 4  # of those beyond the axes, how many are named


@dataclass(frozen=True, eq=False)
class Intervals:
    """What is drawn.

    Parameters
    ----------
    by_panel
        Per panel the quartiles over targets (columns low, middle and high), indexed by strategy and
        budget.
    styles
        How the strategies look that are drawn.
    nominal, tolerance
        Percent of values that the intervals are to hold, and how far from it is near enough.
    missing, total
        Number of results that lack a number, and of all of strategies with intervals.
    """

    objective: str
    by_panel: Mapping[str, pd.DataFrame]
    styles: Mapping[str, _palette.Style]
    budgets: list[float]
    targets: Environments
    nominal: float
    tolerance: float
    missing: int
    total: int


class PredictionIntervals(Figure[Intervals]):
    """Coverage, width and score of prediction intervals against the budget."""

    title = "Prediction intervals"
    caption = (
        "Prediction intervals with a nominal coverage of 90 percent, on the held-out test third of the target, against "
        "the number of target configurations measured; strategies without intervals are not shown. Left: the share of "
        "measured values within their interval; the line is the nominal coverage, the shade reaches from 85 to 95, and "
        "intervals below it are too narrow. Middle: their width, and right: their score, the width plus 20 times the "
        "distance of a value that lies outside (Gneiting and Raftery 2007), both in percent of the measured value, and "
        "lower is better. Points are medians over targets of medians over repeats, then learners, then sources; bars "
        "reach from the first to the third quartile of the targets, and points of one budget are shifted sideways so "
        "that they do not overlap."
    )
    inputs = ("environments", "transfer")
    section = "budget"

    def select(self, inputs: Inputs, objective: str) -> Intervals:
        """Return coverage, width and score by strategy and budget."""
        from perftransfer.fitting.conformal import INTERVAL, TOLERANCE

        metrics = list(PANELS)
        rows = aggregate.strategies_on(inputs["transfer"], objective, metrics)
        if rows.empty:
            raise NothingToShow(f"no strategy was evaluated on {objective}")
        looks = _palette.styles(rows["strategy"])
        rows = rows[rows["strategy"].isin(rows.loc[rows[metrics].notna().any(axis=1), "strategy"])]
        if rows.empty:
            raise NothingToShow(f"no strategy that was evaluated on {objective} gives intervals")
        by_panel = {}
        for metric in metrics:
            by_target = aggregate.by_target(rows, metric, "median").dropna(subset="value")
            by_target = by_target[by_target["learner"] == aggregate.ALL]
            by_panel[metric] = quartiles(by_target, ["strategy", "budget"])
        by_panel[COVERAGE] = 100 * by_panel[COVERAGE]
        if any(part.empty for part in by_panel.values()):
            raise NothingToShow("no strategy has intervals for each of the learners")
        drawn = {name for part in by_panel.values() for name in part.index.get_level_values("strategy")}
        return Intervals(
            objective,
            by_panel,
            {name: look for name, look in looks.items() if name in drawn},
            sorted(rows.loc[rows["budget"] > 0, "budget"].unique()),
            Environments(inputs["environments"], rows["target"]),
            100 * INTERVAL,
            100 * TOLERANCE,
            int((~np.isfinite(rows[metrics].to_numpy())).any(axis=1).sum()),
            len(rows),
        )

    def draw(self, data: Intervals) -> mpl.Figure:
        """Draw the three panels."""
        beside, high = mpl.legend_size(data.styles)
        title = f"{self.heading(data.objective)}, {data.nominal:.0f} % intervals"
        figure = mpl.new(PANEL[0] * len(PANELS) + beside + 0.2, max(PANEL[1] + 0.9, high), title)
        beyond = []
        for axes, (metric, (heading, label)) in zip(figure.subplots(1, len(PANELS)), PANELS.items(), strict=True):
            values = data.by_panel[metric]
            axes.set_title(heading, fontweight="bold")
            axes.set(xlabel=mpl.BUDGET, ylabel=label)
            if metric == COVERAGE:
                mpl.curves(axes, values, data.styles, data.budgets, PANEL[0] - 0.6)
                show_nominal(axes, data, float(values["low"].min()))
                continue
            limit = REACH * float(values["middle"].median())
            inside = values.clip(upper=limit).where(values["middle"] <= limit)
            mpl.curves(axes, inside, data.styles, data.budgets, PANEL[0] - 0.6)
            mpl.scale_errors(axes, "y", inside.to_numpy())
            beyond += [
                f"{strategy} at budget {budget:.0f} ({heading.lower()} {mpl.plain(middle)} %)"
                for strategy, budget, middle in values["middle"].reset_index().itertuples(index=False)
                if middle > limit
            ]
        mpl.legend(figure, data.styles)
        others = f" and {len(beyond) - NAMED} more" if len(beyond) > NAMED else ""
        note = f"Beyond the axes: {', '.join(beyond[:NAMED])}{others}." if beyond else ""
        mpl.note(figure, data.targets.counted(), note, excluded(data.missing, data.total))
        return figure


def show_nominal(axes: mpl.Axes, data: Intervals, lowest: float) -> None:
    """Mark the nominal coverage and what is near enough, down to the ``lowest`` that is drawn."""
    low, high = data.nominal - data.tolerance, data.nominal + data.tolerance
    axes.axhspan(low, high, color="#e4e4e4", linewidth=0, zorder=0)
    axes.axhline(data.nominal, color=mpl.INK, linestyle=(0, (3, 2)), linewidth=0.8)
    axes.set_ylim(min(LEAST, lowest - 3), 101.5)
