"""How the error falls with the number of configurations measured in the target."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from perftransfer import objectives
from perftransfer.figures import _palette, _vega
from perftransfer.figures._lazy import cells, mpl, pd
from perftransfer.figures.interface import Figure, Inputs, NothingToShow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Still

    from perftransfer.figures._environments import Environments

PANEL = (2.5, 2.0)  # inches
#: Rows of the interactive figure beyond which it shows all targets together only.
ROWS = 20_000
#: Strategies up to which their bands can be told apart.
BANDS = 5
ALL_TARGETS = "all targets"


@dataclass(frozen=True, eq=False)
class Errors:
    """What is drawn.

    Parameters
    ----------
    quartiles
        Columns strategy, learner, target, budget, low, middle and high (percent): for
        ``ALL_TARGETS`` over targets, for one target over its sources, or over repeats where the
        strategy has one source or none.
    learners
        Learner by its heading.
    targets
        The targets, whose names stand in ``quartiles`` unless there are too many.
    missing, total
        Number of results without an error, and of those with one.
    """

    objective: str
    quartiles: pd.DataFrame
    learners: Mapping[str, str]
    targets: Environments
    missing: int
    total: int

    @property
    def styles(self) -> dict[str, _palette.Style]:
        """Strategies in reading order, and how they look."""
        return _palette.styles(self.quartiles["strategy"])

    @property
    def budgets(self) -> list[int]:
        """Budgets above 0."""
        return sorted({int(budget) for budget in self.quartiles["budget"] if budget > 0})


class ErrorAgainstBudget(Figure[Errors]):
    """Error against budget, per strategy and learner, over all targets and for each."""

    title = "Error against budget"
    caption = (
        "Error on the held-out test third of the target (MAPE, in percent) against the number of target "
        "configurations measured, one panel per learner and one for the median over learners. Points are medians over "
        "targets of medians over repeats, then learners, then sources; bars reach from the first to the third "
        "quartile of the targets, and points of one budget stand apart only to be told apart. DM measures nothing in "
        "the target: its median is a horizontal line, its quartiles a band. Lower is better, and using a source pays "
        "off where a strategy lies below RS, which uses none; one that takes no learner is the same in all panels."
    )
    inputs = ("environments", "transfer")
    section = "budget"

    def select(self, inputs: Inputs, objective: str) -> Errors:
        """Return the quartiles by strategy, learner, target and budget."""
        from perftransfer.figures._environments import Environments

        rows, missing = cells.finite(inputs["transfer"], objective)
        if rows.empty:
            raise NothingToShow(f"no strategy was evaluated on {objective}")
        learners = cells.learners(rows)
        key = ["strategy", "learner", "budget"]

        def in_each_panel(values: pd.DataFrame) -> pd.DataFrame:
            return pd.concat([cells.of_learner(values, name).assign(learner=name) for name in learners.values()])

        by_target = in_each_panel(cells.by_target(rows))
        found = [cells.quartiles(by_target, key).reset_index().assign(target=ALL_TARGETS)]
        targets = Environments(inputs["environments"], rows["target"])
        if len(by_target) <= ROWS and len(targets) > 1:
            own = by_target.set_index([*key, "target"])["value"]
            sources, repeats = in_each_panel(cells.by_pair(rows)), in_each_panel(cells.by_repeat(rows))
            several = sources.groupby([*key, "target"])["source"].nunique() > 1
            alone = cells.quartiles(repeats, [*key, "target"])
            spread = cells.quartiles(sources, [*key, "target"]).where(several, alone)
            found.append(spread.assign(middle=own).dropna(subset="middle").reset_index())
        return Errors(objective, pd.concat(found, ignore_index=True), learners, targets, missing, len(rows))

    def draw(self, data: Errors) -> Still:
        """Draw a panel per learner."""
        over_targets = data.quartiles[data.quartiles["target"] == ALL_TARGETS]
        across = min(3, len(data.learners))
        down = math.ceil(len(data.learners) / across)
        beside, high = mpl.legend_size(data.styles)
        figure = mpl.new(
            PANEL[0] * across + beside + 0.2, max(PANEL[1] * down + 0.9, high), self.heading(data.objective)
        )
        grid = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True)
        axes: Axes
        for axes, (heading, learner) in zip(grid.flat, data.learners.items(), strict=False):
            own = over_targets[over_targets["learner"] == learner].set_index(["strategy", "budget"])
            axes.set_title(heading, fontweight="bold")
            mpl.curves(axes, own, data.styles, data.budgets, PANEL[0] - 0.6)
        mpl.label_outer(grid, len(data.learners), mpl.BUDGET, "MAPE on the test set (%)")
        mpl.scale_errors(grid[0, 0], "y", over_targets[["low", "middle", "high"]].to_numpy().ravel())
        mpl.legend(figure, data.styles)
        mpl.note(figure, data.targets.counted, cells.left_out(data.missing, data.total))
        return figure

    def interactive(self, data: Errors) -> _vega.Interactive:
        """Return lines of the strategies, learner and target that the reader chooses."""
        from perftransfer.results import formatting

        budgets = data.budgets or [1]
        # What measures nothing in the target has one error, whatever the others may measure.
        level = data.quartiles[data.quartiles["budget"] == 0]
        measuring = data.quartiles[data.quartiles["budget"] > 0]
        rows = pd.concat(
            [measuring.assign(axis=measuring["budget"]), *(level.assign(axis=budget) for budget in budgets)]
        )
        names = dict(zip(data.targets.names, data.targets.labels(crowded=False), strict=True))
        named = {learner: heading for heading, learner in data.learners.items()}
        columns: dict[str, list[Any]] = {
            "strategy": list(rows["strategy"]),
            "learner": [named[name] for name in rows["learner"]],
            "target": [names.get(name, name) for name in rows["target"]],
            "measured": rows["budget"].astype(int).tolist(),
            "budget": rows["axis"].astype(int).tolist(),
            **{to: [_vega.rounded(value) for value in rows[name]] for name, to in _COLUMNS.items()},
        }
        learners = list(data.learners)
        present = set(columns["target"])
        targets = [ALL_TARGETS, *(name for name in names.values() if name in present)]
        bands = [("shown", "shown"), ("hidden", "hidden")]
        return _vega.Interactive(
            title=self.heading(data.objective),
            caption=(
                "MAPE on the held-out test third of the target (lower is better) against the number of target "
                "configurations measured: medians over targets of medians over repeats, then learners, then sources; "
                "bands reach from the first to the third quartile of the targets. For one target they are those of "
                "its sources, or of repeats where a strategy uses one source or none. A strategy that measures "
                "nothing in the target (DM) is a level line."
            )
            + (f" {ALL_TARGETS.capitalize()} only: there are too many to tell them apart here." * (len(targets) == 1)),
            chart=_vega.chart(
                f"Lines: error in percent against budget, one for each strategy, {objectives.label(data.objective)}.",
                _chart(data.styles, budgets, _vega.scale([*columns["low"], *columns["error"]]), learners[0]),
            ),
            columns=columns,
            controls=[
                _vega.Switches(
                    "strategies",
                    "Strategies",
                    [
                        (name, f"{name}: {formatting.strategy_title(name)}", one.colour)
                        for name, one in data.styles.items()
                    ],
                ),
                _vega.Choice("learner", "Learner", [(name, _learner(name)) for name in learners]),
                _vega.Choice("target", "Target", [(name, name) for name in targets]),
                _vega.Choice("bands", "Quartiles", bands if len(data.styles) <= BANDS else bands[::-1]),
            ],
        )


_COLUMNS = {"low": "low", "middle": "error", "high": "high"}


def _learner(name: str) -> str:
    from perftransfer.results import formatting

    title = formatting.learner_title(name)
    return "median over learners" if name == "all learners" else name if title == name else f"{title} ({name})"


def _chart(styles: Mapping[str, _palette.Style], budgets: Sequence[int], errors: str, learner: str) -> _vega.Spec:
    def by_strategy(values: list[Any]) -> _vega.Spec:
        # The switches above the figure show the colours.
        scale = {"domain": list(styles), "range": values}
        return {"field": "strategy", "type": "nominal", "scale": scale, "legend": None}

    looks = styles.values()
    percent = {
        "type": "quantitative",
        "scale": {"type": errors, "nice": False, "zero": errors == "linear", "padding": 14},
        "axis": {"tickCount": 6},
    }
    x = {
        "field": "budget",
        "type": "quantitative",
        "title": "measured in the target",
        "scale": {"type": "log", "domain": [0.93 * budgets[0], 1.07 * budgets[-1]], "nice": False},
        "axis": {"values": list(budgets), "grid": False, "format": "d", "labelOverlap": True},
    }
    tooltip = [
        {"field": "strategy", "title": "strategy"},
        {"field": "learner", "title": "learner"},
        {"field": "target", "title": "target"},
        {"field": "measured", "title": "measured in the target"},
        {"field": "error", "title": "median error (%)"},
        {"field": "low", "title": "first quartile (%)"},
        {"field": "high", "title": "third quartile (%)"},
    ]
    y = {"field": "error", "title": "MAPE on the test third (%)", **percent}
    dash, shape = by_strategy([look.dash for look in looks]), by_strategy([look.shape for look in looks])
    band = {"type": "area", "opacity": {"expr": "bands === 'shown' ? 0.12 : 0"}, "aria": False}
    return {
        "width": 820,
        "height": 400,
        "params": [
            {"name": "strategies", "value": list(styles)},
            {"name": "learner", "value": learner},
            {"name": "target", "value": ALL_TARGETS},
            {"name": "bands", "value": "shown"},
        ],
        "transform": [
            {"filter": "datum.learner === learner && datum.target === target"},
            {"filter": "indexof(strategies, datum.strategy) >= 0"},
        ],
        "encoding": {"x": x, "color": by_strategy([look.colour for look in looks])},
        "layer": [
            {"mark": band, "encoding": {"y": {**y, "field": "low"}, "y2": {"field": "high"}}},
            {"mark": {"type": "line", "strokeWidth": 2.2, "aria": False}, "encoding": {"y": y, "strokeDash": dash}},
            {
                "mark": {"type": "point", "filled": True, "size": 80, "opacity": 1},
                "encoding": {"y": y, "shape": shape, "tooltip": tooltip},
            },
            {
                "data": {"values": [{}]},
                "transform": [{"filter": "length(strategies) === 0"}],
                "mark": {"type": "text", "fontSize": 14, "text": "No strategy is chosen."},
                "encoding": {
                    "x": {"value": {"expr": "width / 2"}},
                    "y": {"value": {"expr": "height / 2"}},
                    "color": {"value": _vega.SOFT},
                },
            },
        ],
    }
