"""Configurations: their options against their values, in the environment that the reader chooses."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from perftransfer import objectives
from perftransfer.figures import _points, _terms, _vega
from perftransfer.figures._lazy import np, pd
from perftransfer.figures.interface import Figure, Inputs, NothingToShow
from perftransfer.space.options import level_text

if TYPE_CHECKING:
    from perftransfer.results.table import PageTable

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
    """

    objective: str
    configurations: pd.DataFrame
    options: list[str]
    values: pd.DataFrame
    labels: Mapping[str, str]
    n_configurations: int
    n_environments: int


class Configurations(Figure[Values]):
    """A point per configuration, by the level of an option."""

    title = "Configurations"
    caption = (
        "A point per configuration, by the level of the chosen option; within a level they stand side by side only "
        "to be told apart. The option that influences most is chosen first. Where the levels of an option lie at "
        "different heights it matters; where each level reaches from bottom to top, others matter more."
    )
    inputs = ("environments", "excerpt", "influence")
    section = "influence"
    still = False

    def select(self, inputs: Inputs, objective: str) -> Values:
        """Return configurations with their values, of environments and options that have some."""
        from perftransfer.figures._environments import Environments

        excerpt = inputs["excerpt"]
        values = excerpt.by_objective.get(objective, pd.DataFrame()).replace([np.inf, -np.inf], np.nan)
        values = values.dropna(axis="columns", how="all").dropna(how="all")
        configurations = excerpt.configurations.loc[values.index]
        options = [str(name) for name in configurations.columns[1:] if len(configurations[name].unique()) > 1]
        if values.empty or not options:
            raise NothingToShow("there are no values, or no option that varies")
        shares = _terms.influential(inputs["influence"], objective).groupby("term")["share_of_variance"].sum()
        options.sort(key=lambda name: -float(shares.get(name, 0)))
        names = Environments(inputs["environments"], values.columns)
        labels = dict(zip(names.names, names.labels(crowded=False), strict=True))
        counts = excerpt.all_configurations, excerpt.all_environments
        return Values(objective, configurations, options, values, labels, *counts)

    def interactive(self, data: Values) -> _vega.Interactive:
        """Return points in the environment, by the option and colour that the reader chooses."""
        configurations, values = data.configurations, data.values
        levels = {name: _points.levels_of(configurations[name]) for name in data.options}
        keys = {name: f"o{i}" for i, name in enumerate(data.options)}
        environments = {str(name): f"e{i}" for i, name in enumerate(values.columns)}
        columns: dict[str, Sequence[Any]] = {
            "configuration": [str(one) for one in configurations["configuration_id"]],
            "beside": _points.side_by_side(len(values)),
            **{keys[name]: [level_text(level) for level in configurations[name]] for name in data.options},
            **{key: [_vega.rounded(float(value)) for value in values[name]] for name, key in environments.items()},
        }
        kind = _vega.scale([value for key in environments.values() for value in columns[key]])
        few = [name for name in data.options if len(levels[name]) <= len(COLOURS)]
        label = objectives.label(data.objective)
        choice = [(key, data.labels[name]) for name, key in environments.items()]
        return _vega.Interactive(
            title=self.heading(data.objective),
            caption=self.caption
            + _vega.some_of(len(values), data.n_configurations, "configurations")
            + _vega.some_of(len(environments), data.n_environments, "environments"),
            chart=_vega.chart(
                f"Points: {label} of each configuration by the level of an option.",
                _chart(data.objective, {keys[name]: levels[name] for name in data.options}, keys, few, kind),
            ),
            columns=columns,
            controls=[
                _vega.Choice("environment", "Environment", choice),
                _vega.Choice("option", "Option", [(keys[name], name) for name in data.options]),
                _vega.Choice(
                    "colour", "Colour", [(keys[name], name) for name in second_first(few)] + [(PLAIN, "none")]
                ),
            ],
            table=_table(configurations, values, data.options, data.objective, data.labels),
        )


def second_first(options: Sequence[str]) -> list[str]:
    """Return the options as they are offered for colours: the one on the axis at first needs none."""
    return [*options[1:], *options[:1]]


def _chart(
    objective: str, levels: Mapping[str, list[str]], keys: Mapping[str, str], few: Sequence[str], kind: str
) -> _vega.Spec:
    tooltip = [
        {"field": "value", "title": objectives.label(objective), "type": "quantitative", "format": ",.4~r"},
        *({"field": key, "title": name} for name, key in keys.items()),
        {"field": "configuration", "title": "configuration"},
    ]
    by_place = {"field": "shade_place", "op": "min"}
    legend = {"title": "colour", "orient": "top"}
    shade = {"field": "shade", "type": "nominal", "sort": by_place, "legend": legend}
    first_colour = keys[second_first(few)[0]] if few else PLAIN
    return {
        "width": 820,
        "height": 380,
        "params": [
            {"name": "environment", "value": "e0"},
            {"name": "option", "value": next(iter(levels))},
            {"name": "colour", "value": first_colour},
            {"name": "levels", "value": {**levels, PLAIN: ["all"]}},
        ],
        "transform": [
            {"calculate": "datum[environment]", "as": "value"},
            {"filter": "isValid(datum.value)"},
            *_points.LEVEL,
            {"calculate": f"colour === '{PLAIN}' ? 'all' : datum[colour]", "as": "shade"},
            {"calculate": "indexof(levels[colour], datum.shade)", "as": "shade_place"},
        ],
        "mark": {"type": "point", "filled": True, "size": 46, "opacity": 0.75},
        "encoding": {
            **_points.by_level(levels),
            "y": {
                "field": "value",
                "type": "quantitative",
                "title": objectives.label(objective),
                "scale": {"type": kind, "nice": False, "zero": False, "padding": 12},
            },
            "color": {**shade, "scale": {"range": list(COLOURS)}},
            "shape": {**shade, "scale": {"range": list(SHAPES)}},
            "tooltip": tooltip,
        },
    }


def _table(
    configurations: pd.DataFrame,
    values: pd.DataFrame,
    options: Sequence[str],
    objective: str,
    labels: Mapping[str, str],
) -> PageTable:
    """The configuration of the lowest value in each environment."""
    from perftransfer.results import formatting
    from perftransfer.results.table import Cell, PageTable

    unit = objectives.split(objective)[1]
    rows = []
    for name, own in values.items():
        best = own.index[int(own.argmin())]
        lowest, highest = float(own.min()), float(own.max())
        row = configurations.loc[[best]]
        chosen = ", ".join(f"{option} = {level_text(row[option].iloc[0])}" for option in options)
        cells = [formatting.number(lowest, 3), formatting.number(highest / lowest if lowest else math.nan), chosen]
        rows.append([Cell(labels.get(str(name), str(name))), *map(Cell, cells)])
    return PageTable(
        f"The configuration with the lowest {objectives.split(objective)[0]} of each environment, among those shown; "
        "the factor is that between the highest and the lowest.",
        ["environment", f"lowest, {unit}" if unit else "lowest", "factor", "configuration"],
        rows,
        wordy=frozenset({3}),
    )
