"""How far prediction intervals can be trusted, and how narrow they are, against the budget."""

from __future__ import annotations

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

COVERAGE = "coverage"
PANELS = {
    COVERAGE: ("Coverage", "measured values inside (%)"),
    "interval_width": ("Width", "width of the interval (% of the value)"),
    "interval_score": ("Interval score", "score (% of the value)"),
}
PANEL = (2.5, 2.3)  # inches
LEAST = 75  # percent of coverage that is always in view
REACH = 20  # a width or score this many times the median one lies beyond the axis


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
        Number of results without a number, and of those with all of them.
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
        "reach from the first to the third quartile of the targets, and points of one budget stand apart only to be "
        "told apart."
    )
    inputs = ("environments", "transfer")
    section = "budget"

    def select(self, inputs: Inputs, objective: str) -> Intervals:
        """Return coverage, width and score by strategy and budget."""
        from perftransfer.figures._environments import Environments
        from perftransfer.fitting.conformal import INTERVAL, TOLERANCE

        rows = cells.of_objective(inputs["transfer"], objective, list(PANELS))
        if rows.empty:
            raise NothingToShow(f"no strategy was evaluated on {objective}")
        looks = _palette.styles(rows["strategy"])
        rows = rows[rows["strategy"].isin(rows.loc[rows[list(PANELS)].notna().any(axis=1), "strategy"])]
        if rows.empty:
            raise NothingToShow(f"no strategy that was evaluated on {objective} gives intervals")
        values = {}
        for metric in PANELS:
            by_target = cells.by_target(rows, metric)
            by_target = by_target[by_target["learner"] == cells.ALL]
            values[metric] = cells.quartiles(by_target, ["strategy", "budget"])
        values[COVERAGE] = 100 * values[COVERAGE]
        if any(found.empty for found in values.values()):
            raise NothingToShow("no strategy has intervals for each of the learners")
        drawn = {name for found in values.values() for name in found.index.get_level_values("strategy")}
        missing = int((~np.isfinite(rows[list(PANELS)].to_numpy())).any(axis=1).sum())
        return Intervals(
            objective,
            values,
            {name: look for name, look in looks.items() if name in drawn},
            sorted(rows.loc[rows["budget"] > 0, "budget"].unique()),
            Environments(inputs["environments"], rows["target"]),
            100 * INTERVAL,
            100 * TOLERANCE,
            missing,
            len(rows) - missing,
        )

    def draw(self, data: Intervals) -> Still:
        """Draw the three panels."""
        beside, high = mpl.legend_size(data.styles)
        title = f"{self.heading(data.objective)}, {data.nominal:.0f} % intervals"
        figure = mpl.new(PANEL[0] * len(PANELS) + beside + 0.2, max(PANEL[1] + 0.9, high), title)
        grid = figure.subplots(1, len(PANELS))
        beyond = []
        for axes, (metric, (heading, what)) in zip(grid, PANELS.items(), strict=True):
            values = data.by_panel[metric]
            axes.set_title(heading, fontweight="bold")
            axes.set(xlabel=mpl.BUDGET, ylabel=what)
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
        more = f" and {len(beyond) - 4} more" if len(beyond) > 4 else ""
        mpl.note(
            figure,
            data.targets.counted,
            f"Beyond the axes: {', '.join(beyond[:4])}{more}." if beyond else "",
            cells.left_out(data.missing, data.total),
        )
        return figure


def show_nominal(axes: Axes, data: Intervals, lowest: float) -> None:
    """Mark the nominal coverage and what is near enough, down to the ``lowest`` that is drawn."""
    low, high = data.nominal - data.tolerance, data.nominal + data.tolerance
    axes.axhspan(low, high, color="#e4e4e4", linewidth=0, zorder=0)
    axes.axhline(data.nominal, color=mpl.INK, linestyle=(0, (3, 2)), linewidth=0.8)
    axes.set_ylim(min(LEAST, lowest - 3), 101.5)
