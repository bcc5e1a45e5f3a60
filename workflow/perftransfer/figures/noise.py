"""How far repeated processes of one configuration differ, next to the models' errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from perftransfer.figures import _palette
from perftransfer.figures._environments import Environments
from perftransfer.figures._evaluated import at_largest_budget, budgets_in_words, excluded
from perftransfer.figures._lazy import mpl
from perftransfer.figures.interface import Figure, Inputs, NothingToShow
from perftransfer.lazy import pd
from perftransfer.results import aggregate
from perftransfer.results.aggregate import ALL, Results

LANE, LOW_LANE = 0.13, 0.1  # inches, the second where there are many environments
MARGIN = 0.09  # part of an environment's row left free above and below
BOX: dict[str, Any] = {"facecolor": "#bdbdbd", "edgecolor": "#777777", "linewidth": 0.6}
SMALLEST = 0.1  # percent: what is below it has no need to be told apart


@dataclass(frozen=True, eq=False)
class NoiseAndErrors:
    """What is drawn.

    Parameters
    ----------
    spread
        Rows of ``ranges_table`` with repeated processes, by environment.
    errors
        Error (percent) of the ``median`` and of the best learner (``min``), indexed by target and
        strategy.
    budgets
        The budgets of the errors in words, "" if there are no errors.
    """

    objective: str
    spread: pd.DataFrame
    errors: pd.DataFrame
    budgets: str
    environments: Environments
    results: Results


class Noise(Figure[NoiseAndErrors]):
    """Noise of measurements and errors of models, per environment."""

    title = "Measurement noise and model error"
    caption = (
        "Grey boxes: how far repeated processes of the same configuration differ in an environment (coefficient of "
        "variation in percent: median, quartiles, and 5th to 95th percentile over configurations). Black bar: the "
        "error that even a perfect model would show because of that, estimated for normal noise; a model can fall "
        "below it by chance only. Markers: error of each strategy with that environment as the target (MAPE on the "
        "test third in percent, median over sources of medians over repeats) at its largest budget, filled for the "
        "median learner, open for the learner with the lowest error."
    )
    inputs = ("environments", "ranges", "transfer")
    section = "noise"

    def select(self, inputs: Inputs, objective: str) -> NoiseAndErrors:
        """Return spread and errors by environment."""
        from perftransfer.evaluation import ranges

        measured = inputs["ranges"].reindex(columns=ranges.COLUMNS)
        measured = measured[(measured["objective"] == objective) & (measured["values"] > 0)]
        spread = measured[measured["repeated"] > 0].set_index("environment")
        results = Results.of(inputs["transfer"], objective)
        rows = at_largest_budget(results.rows)
        if spread.empty and rows.empty:
            raise NothingToShow("no configuration has repeated processes, and no strategy was evaluated")
        by_target = aggregate.by_target(rows, "mape", "median").dropna(subset="value")
        by_target = by_target[by_target["learner"] != ALL]
        return NoiseAndErrors(
            objective,
            spread,
            by_target.groupby(["target", "strategy"])["value"].agg(["median", "min"]).clip(lower=SMALLEST),
            budgets_in_words(rows) if len(rows) else "",
            Environments(inputs["environments"], {*measured["environment"], *rows["target"]}),
            results,
        )

    def draw(self, data: NoiseAndErrors) -> mpl.Figure:
        """Draw a row per environment: noise in the first lane, then a lane per strategy."""
        names = data.environments
        looks = _palette.styles(data.errors.index.get_level_values("strategy"))
        labels = names.labels(lines=2)
        row = min((len(looks) + 1) * (LOW_LANE if names.crowded else LANE) + 0.14, (mpl.WIDEST - 1.7) / len(names))
        title = self.heading(data.objective)
        wide = max(max(map(mpl.width_of, labels)) + 6.4, mpl.width_of(title, 9) + 0.4)
        figure = mpl.new(wide, len(names) * row + 1.3, title)
        axes = figure.subplots()
        values = boxes(axes, data.spread, names.names, len(looks) + 1) + errors(axes, data.errors, names.names, looks)
        mpl.logarithmic(axes, "x", max(SMALLEST, min(values) / 1.3), max(SMALLEST, *values) * 1.3)
        axes.set_xlabel("spread of processes, error of models (%)")
        mpl.row_labels(axes, labels)
        mpl.stripes(axes, len(names))
        axes.tick_params(axis="x", labeltop=names.crowded)
        legend(figure, looks, not data.spread.empty)
        mpl.note(
            figure,
            names.note,
            f"Errors at {data.budgets}." if data.budgets else "No strategy was evaluated: there are no errors to show.",
            "" if len(data.spread) else "No configuration has repeated processes: the spread is unknown.",
            excluded(data.results.missing, data.results.total),
        )
        return figure


def lane(environment: int, i: int, lanes: int) -> float:
    """Return the height at which the ``i``-th of the lanes of an environment's row lies."""
    return environment + MARGIN + (1 - 2 * MARGIN) * (i + 0.5) / lanes


def boxes(axes: mpl.Axes, spread: pd.DataFrame, names: list[str], lanes: int) -> list[float]:
    """Draw the spread of processes in the first lane of each environment and return the ends of the whiskers.

    spread: rows of ``ranges_table`` by environment.
    """
    from perftransfer.evaluation import ranges

    columns = [*(f"cv_{percentile}" for percentile in ranges.PERCENTILES), "floor"]
    ends: list[float] = []
    for i, name in enumerate(names):
        y = lane(i, 0, lanes)
        if name not in spread.index:
            if len(spread):
                look: dict[str, Any] = {"va": "center", "fontsize": 6, "style": "italic"}
                axes.text(0.01, y, "no repeated processes", transform=axes.get_yaxis_transform(), **look)
            continue
        # Identical processes (a simulation, a coarse clock) have no place on a logarithmic axis.
        numbers = spread.loc[name, columns].to_numpy(dtype=float).clip(min=SMALLEST / 100)
        low, *inner, high, floor = map(float, numbers)
        box = dict(zip(("whislo", "q1", "med", "q3", "whishi"), (low, *inner, high), strict=True))
        axes.bxp(
            [box], positions=[y], widths=0.75 * (1 - 2 * MARGIN) / lanes, orientation="horizontal", showfliers=False,
            showcaps=False, patch_artist=True, manage_ticks=False, boxprops=BOX,
            whiskerprops={"color": BOX["edgecolor"], "linewidth": 0.9},
            medianprops={"color": "white", "linewidth": 1.4},
        )  # fmt: skip
        axes.vlines(floor, i + MARGIN / 2, i + 1 - MARGIN / 2, color="black", linewidth=1.4)
        ends += [low, high, floor]
    return ends


def errors(axes: mpl.Axes, summary: pd.DataFrame, names: list[str], looks: Mapping[str, _palette.Style]) -> list[float]:
    """Draw the errors of the median and the best learner, a lane per strategy, and return them."""
    for (target, strategy), (middle, best) in zip(summary.index, summary.to_numpy(), strict=True):
        look = looks[strategy]
        y = lane(names.index(target), 1 + list(looks).index(strategy), len(looks) + 1)
        axes.hlines(y, best, middle, color=look.colour, linewidth=0.9)
        axes.plot(best, y, look.marker, markersize=4, markeredgecolor=look.colour, markerfacecolor="white")
        axes.plot(middle, y, look.marker, markersize=4, color=look.colour)
    return [float(value) for value in summary.to_numpy().ravel()]


def legend(figure: mpl.Figure, looks: Mapping[str, _palette.Style], with_spread: bool) -> None:
    """Explain boxes, bars and markers at the right."""
    handles: list[Any] = []
    if with_spread:
        bar = {"error of a perfect model": _palette.Style("black", "|", "-")}
        handles = [
            mpl.Patch(**BOX, label="spread of processes"),
            *mpl.handles(bar, linestyle="", markersize=9, markeredgewidth=1.4),
        ]
    handles += mpl.handles(looks, linestyle="")
    if looks:
        circle = _palette.Style("#555555", "o", "-")
        handles += mpl.handles({"filled: median learner": circle}, linestyle="")
        handles += mpl.handles({"open: best learner": circle}, linestyle="", markerfacecolor="white")
    figure.legend(handles=handles, loc="outside right upper")
