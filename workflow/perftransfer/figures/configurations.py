"""Configurations: their options against their values, in the environment that the reader chooses."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from perftransfer import objectives
from perftransfer.figures import _points, _vega
from perftransfer.figures._environments import Environments
from perftransfer.figures.interface import Figure, Inputs, NothingToShow
from perftransfer.lazy import np, pd
from perftransfer.results.formatting import number
from perftransfer.results.influence import influential
from perftransfer.results.table import Cell, PageTable
from perftransfer.space.options import level_text

#: Configurations that the page holds at most.
CONFIGURATIONS = 1_000
#: Values (configurations in environments) of all objectives together that the page holds at most: some 2 MB.
VALUES = 300_000
#: Levels of an option that colours and shapes can tell apart.
COLOURS = ("#004c97", "#c8500a", "#2a8a68", "#7b3294", "#000000", "#a87000", "#0a7fd0", "#c2608f")
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left")
PLAIN = "none"


@dataclass(frozen=True, eq=False)
class Values:
    """What is drawn.

    Parameters
    ----------
    configurations
        Options of each configuration, a row each; those that vary are ``options``, the most
        influential first.
    values
        Values of these configurations, a column per environment.
    labels
        What each environment is called.
    n_configurations, n_environments
        How many there are, those that are not shown included.
    maximize
        Whether more of the objective is better.
    """

    objective: str
    configurations: pd.DataFrame
    options: list[str]
    values: pd.DataFrame
    labels: Mapping[str, str]
    n_configurations: int
    n_environments: int
    maximize: bool


class Configurations(Figure[Values]):
    """A point per configuration, by the level of an option."""

    title = "Configurations"
    caption = (
        "A point per configuration, by the level of the chosen option; within a level, points are shifted sideways so "
        "that they do not overlap. The most influential option is chosen first. An option matters if its levels lie "
        "at different heights; where each level reaches from bottom to top, others matter more."
    )
    inputs = ("environments", "excerpt", "influence", "maximized")
    section = "influence"
    still = False

    def select(self, inputs: Inputs, objective: str) -> Values:
        """Return configurations with their values, of environments and options that have some."""
        excerpt = inputs["excerpt"]
        values = excerpt.by_objective.get(objective, pd.DataFrame()).replace([np.inf, -np.inf], np.nan)
        values = values.dropna(axis="columns", how="all").dropna(how="all")
        configurations = excerpt.configurations.loc[values.index]
        options = [str(name) for name in configurations.columns[1:] if len(configurations[name].unique()) > 1]
        if values.empty or not options:
            raise NothingToShow("there are no values, or no option that varies")
        shares = influential(inputs["influence"], objective).groupby("term")["share_of_variance"].sum()
        options.sort(key=lambda name: -float(shares.get(name, 0)))
        labels = Environments(inputs["environments"], values.columns).labels_by_name(crowded=False)
        counts = excerpt.all_configurations, excerpt.all_environments
        return Values(objective, configurations, options, values, labels, *counts, objective in inputs["maximized"])

    def interactive(self, data: Values) -> _vega.Interactive:
        """Return points in the environment, by the option and colour that the reader chooses."""
        configurations, values = data.configurations, data.values
        keys = {name: f"o{i}" for i, name in enumerate(data.options)}
        levels = {key: _points.levels_of(configurations[name]) for name, key in keys.items()}
        environments = {str(name): f"e{i}" for i, name in enumerate(values.columns)}
        numbers = {key: _vega.column(values[name]) for name, key in environments.items()}
        columns: dict[str, Sequence[Any]] = {
            "configuration": list(map(str, configurations["configuration_id"])),
            "beside": _points.side_by_side(len(values)),
            **{key: list(map(level_text, configurations[name])) for name, key in keys.items()},
            **numbers,
        }
        few = [(key, name) for name, key in keys.items() if len(levels[key]) <= len(COLOURS)]
        label = objectives.label(data.objective)
        y = {"title": label, "scale": _vega.padded(value for column in numbers.values() for value in column)}
        return _vega.Interactive(
            title=self.heading(data.objective),
            caption=self.caption
            + _vega.some_of(len(values), data.n_configurations, "configurations")
            + _vega.some_of(len(environments), data.n_environments, "environments"),
            description=f"Points: {label} of each configuration by the level of an option.",
            content=_chart(label, levels, keys, y),
            columns=columns,
            controls=[
                _vega.Choice(
                    "environment", "Environment", [(e, data.labels[name]) for name, e in environments.items()]
                ),
                _vega.Choice("option", "Option", [(key, name) for name, key in keys.items()]),
                # The option on the axis at first needs no colour.
                _vega.Choice("colour", "Colour", [*few[1:], *few[:1], (PLAIN, "none")]),
            ],
            table=_table(data),
        )


def _chart(label: str, levels: Mapping[str, list[str]], keys: Mapping[str, str], y: _vega.Spec) -> _vega.Spec:
    shade = {
        "field": "shade",
        "type": "nominal",
        "sort": {"field": "shade_place", "op": "min"},
        "legend": {"title": "colour", "orient": "top"},
    }
    value = {"field": "value", "title": label, "type": "quantitative", "format": ",.4~r"}
    others = {**{key: name for name, key in keys.items()}, "configuration": "configuration"}
    chart = _points.chart(
        {**levels, PLAIN: ["all"]},
        "environment",
        y,
        [
            {"calculate": f"colour === '{PLAIN}' ? 'all' : datum[colour]", "as": "shade"},
            {"calculate": "indexof(levels[colour], datum.shade)", "as": "shade_place"},
        ],
    )
    chart["mark"] = {"type": "point", "filled": True, "size": 46, "opacity": 0.75}
    chart["encoding"] |= {
        "color": {**shade, "scale": {"range": list(COLOURS)}},
        "shape": {**shade, "scale": {"range": list(SHAPES)}},
        "tooltip": [value, *_vega.tooltip(others)],
    }
    return chart


def _table(data: Values) -> PageTable:
    """The best configuration in each environment."""
    quantity, unit = objectives.split(data.objective)
    end, rows = "highest" if data.maximize else "lowest", []
    for name, column in data.values.items():
        lowest, highest = float(column.min()), float(column.max())
        best = data.configurations.loc[[column.index[int(column.argmax() if data.maximize else column.argmin())]]]
        chosen = ", ".join(f"{option} = {level_text(best[option].iloc[0])}" for option in data.options)
        texts = [
            number(highest if data.maximize else lowest, 3),
            number(highest / lowest if lowest else math.nan),
            chosen,
        ]
        rows.append([*map(Cell, (data.labels.get(str(name), str(name)), *texts))])
    caption = (
        f"The configuration with the {end} {quantity} of each environment, among those shown; the factor is that "
        "between the highest and the lowest."
    )
    head = ["environment", f"{end}, {unit}" if unit else end, "factor", "configuration"]
    return PageTable(caption, head, rows, wordy=frozenset({3}))
