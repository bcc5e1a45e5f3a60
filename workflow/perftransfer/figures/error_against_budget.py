"""How the error falls with the number of configurations measured in the target."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from perftransfer import objectives
from perftransfer.figures import _palette, _vega
from perftransfer.figures._evaluated import Evaluated, quartiles
from perftransfer.figures._lazy import mpl
from perftransfer.figures.interface import Figure, Inputs
from perftransfer.lazy import pd
from perftransfer.results import aggregate, formatting

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
        strategy has one source or none. Of too many targets there are ``ALL_TARGETS`` only.
    """

    evaluated: Evaluated
    quartiles: pd.DataFrame

    @property
    def panels(self) -> Mapping[str, str]:
        """Learner by the heading of its panel."""
        return self.evaluated.results.panels()

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
        "quartile of the targets, and points of one budget are shifted sideways so that they do not overlap. DM "
        "measures nothing in the target: its median is a horizontal line, its quartiles a band. Lower is better; a "
        "source helps where a strategy lies below RS, which uses none, and one that takes no learner is the same in "
        "all panels."
    )
    inputs = ("environments", "transfer")
    section = "budget"

    def select(self, inputs: Inputs, objective: str) -> Errors:
        """Return the quartiles by strategy, learner, target and budget."""
        evaluated = Evaluated.of(inputs, objective)
        results = evaluated.results
        key = ["strategy", "learner", "budget"]

        def in_each_panel(values: pd.DataFrame) -> pd.DataFrame:
            values = values.dropna(subset="value")
            panels = results.panels().values()
            return pd.concat([aggregate.select_learner(values, name).assign(learner=name) for name in panels])

        by_target = in_each_panel(results.by_target)
        parts = [quartiles(by_target, key).reset_index().assign(target=ALL_TARGETS)]
        if len(by_target) <= ROWS and len(evaluated.targets) > 1:
            key = [*key, "target"]
            sources, repeats = in_each_panel(results.by_pair), in_each_panel(results.by_repeat)
            several = sources.groupby(key)["source"].nunique() > 1
            spread = quartiles(sources, key).where(several, quartiles(repeats, key))
            middle = by_target.set_index(key)["value"]
            parts.append(spread.assign(middle=middle).dropna(subset="middle").reset_index())
        return Errors(evaluated, pd.concat(parts, ignore_index=True))

    def draw(self, data: Errors) -> mpl.Figure:
        """Draw a panel per learner."""
        over_targets = data.quartiles[data.quartiles["target"] == ALL_TARGETS]
        panels = data.panels
        across = min(3, len(panels))
        down = math.ceil(len(panels) / across)
        beside, high = mpl.legend_size(data.styles)
        size = PANEL[0] * across + beside + 0.2, max(PANEL[1] * down + 0.9, high)
        figure = mpl.new(*size, self.heading(data.evaluated.objective))
        grid = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True)
        for axes, (heading, learner) in zip(grid.flat, panels.items(), strict=False):
            part = over_targets[over_targets["learner"] == learner].set_index(["strategy", "budget"])
            axes.set_title(heading, fontweight="bold")
            mpl.curves(axes, part, data.styles, data.budgets, PANEL[0] - 0.6)
        mpl.label_outer(grid, len(panels), mpl.BUDGET, mpl.MAPE)
        mpl.scale_errors(grid[0, 0], "y", over_targets[["low", "middle", "high"]].to_numpy().ravel())
        mpl.legend(figure, data.styles)
        mpl.note(figure, *data.evaluated.notes)
        return figure

    def interactive(self, data: Errors) -> _vega.Interactive:
        """Return lines of the strategies, learner and target that the reader chooses."""
        budgets = data.budgets or [1]
        # What measures nothing in the target has one error, whatever the others may measure.
        level = data.quartiles[data.quartiles["budget"] == 0]
        measuring = data.quartiles[data.quartiles["budget"] > 0]
        level_lines = (level.assign(axis=budget) for budget in budgets)
        rows = pd.concat([measuring.assign(axis=measuring["budget"]), *level_lines])
        labels = data.evaluated.targets.labels_by_name(crowded=False)
        headings = {learner: heading for heading, learner in data.panels.items()}
        columns: dict[str, list[Any]] = {
            "strategy": list(rows["strategy"]),
            "learner": [headings[name] for name in rows["learner"]],
            "target": [labels.get(name, name) for name in rows["target"]],
            "measured": rows["budget"].astype(int).tolist(),
            "budget": rows["axis"].astype(int).tolist(),
            "low": _vega.column(rows["low"]),
            "error": _vega.column(rows["middle"]),
            "high": _vega.column(rows["high"]),
        }
        present = set(columns["target"])
        targets = [ALL_TARGETS, *(label for label in labels.values() if label in present)]
        bands = [("shown", "shown"), ("hidden", "hidden")]
        too_many = f" {ALL_TARGETS.capitalize()} only: there are too many to tell them apart here."
        label = objectives.label(data.evaluated.objective)
        return _vega.Interactive(
            title=self.heading(data.evaluated.objective),
            caption=(
                "MAPE on the held-out test third of the target (lower is better) against the number of target "
                "configurations measured: medians over targets of medians over repeats, then learners, then sources; "
                "bands reach from the first to the third quartile of the targets. For one target they are those of "
                "its sources, or of repeats where a strategy uses one source or none. A strategy that measures "
                "nothing in the target (DM) is a level line."
            )
            + too_many * (len(targets) == 1),
            description=f"Lines: error in percent against budget, one for each strategy, {label}.",
            content=_chart(data.styles, budgets, _vega.scale([*columns["low"], *columns["error"]])),
            columns=columns,
            controls=[
                _vega.Switches(
                    "strategies",
                    "Strategies",
                    [
                        (name, f"{name}: {formatting.strategy_title(name)}", look.colour)
                        for name, look in data.styles.items()
                    ],
                ),
                _vega.Choice("learner", "Learner", [(name, _learner(name)) for name in data.panels]),
                _vega.Choice("target", "Target", [(name, name) for name in targets]),
                _vega.Choice("bands", "Quartiles", bands if len(data.styles) <= BANDS else bands[::-1]),
            ],
        )


def _learner(name: str) -> str:
    title = formatting.learner_title(name)
    return "median over learners" if name == "all learners" else name if title == name else f"{title} ({name})"


def _chart(styles: Mapping[str, _palette.Style], budgets: list[int], scale: str) -> _vega.Spec:
    def by_strategy(values: list[Any]) -> _vega.Spec:
        # The switches above the figure show the colours.
        return _vega.by_value("strategy", list(styles), values, legend=None)

    looks = styles.values()
    x = {
        "field": "budget",
        "type": "quantitative",
        "title": "measured in the target",
        "scale": {"type": "log", "domain": [0.93 * budgets[0], 1.07 * budgets[-1]], "nice": False},
        "axis": {"values": budgets, "grid": False, "format": "d", "labelOverlap": True},
    }
    y = {
        "field": "error",
        "title": "MAPE on the test third (%)",
        "type": "quantitative",
        "scale": {"type": scale, "nice": False, "zero": scale == "linear", "padding": 14},
        "axis": {"tickCount": 6},
    }
    tooltip = {
        "strategy": "strategy", "learner": "learner", "target": "target", "measured": "measured in the target",
        "error": "median error (%)", "low": "first quartile (%)", "high": "third quartile (%)",
    }  # fmt: skip
    points = {"y": y, "shape": by_strategy([look.shape for look in looks]), "tooltip": _vega.tooltip(tooltip)}
    band = {"type": "area", "opacity": {"expr": "bands === 'shown' ? 0.12 : 0"}, "aria": False}
    nothing = {
        "data": {"values": [{}]},
        "transform": [{"filter": "length(strategies) === 0"}],
        "mark": {"type": "text", "fontSize": 14, "text": "No strategy is chosen."},
        "encoding": {
            "x": {"value": {"expr": "width / 2"}},
            "y": {"value": {"expr": "height / 2"}},
            "color": {"value": _vega.SOFT},
        },
    }
    return {
        "width": 820,
        "height": 400,
        "transform": [
            {"filter": "datum.learner === learner && datum.target === target"},
            {"filter": "indexof(strategies, datum.strategy) >= 0"},
        ],
        "encoding": {"x": x, "color": by_strategy([look.colour for look in looks])},
        "layer": [
            {"mark": band, "encoding": {"y": {**y, "field": "low"}, "y2": {"field": "high"}}},
            {
                "mark": {"type": "line", "strokeWidth": 2.2, "aria": False},
                "encoding": {"y": y, "strokeDash": by_strategy([look.dash for look in looks])},
            },
            {"mark": {"type": "point", "filled": True, "size": 80, "opacity": 1}, "encoding": points},
            nothing,
        ],
    }
