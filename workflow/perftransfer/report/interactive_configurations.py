"""Configurations: their options against their values, in the environment that the reader chooses."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from perftransfer import objectives
from perftransfer.dataset.row_groups import Excerpt
from perftransfer.report.findings_influence import influential
from perftransfer.report.interactive import Choice, Interactive, chart, rounded, scale, some_of
from perftransfer.report.table import Cell, Table
from perftransfer.results import formatting as words
from perftransfer.space.options import level_text

#: Configurations that the page holds at most.
CONFIGURATIONS = 1_000
#: Values (configurations in environments) of all objectives together that the page holds at most: some 2 MB.
VALUES = 300_000
#: Levels of an option that colours and shapes can tell apart.
COLOURS = ("#004c97", "#c8500a", "#2a8a68", "#7b3294", "#000000", "#a87000", "#8c8c8c", "#cc79a7")
_SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left")
_PLAIN = "none"
# Characters from which on levels are slanted, so that they do not run into each other.
_LONG = 9
# Its multiples spread evenly over an interval, however many there are.
_GOLDEN = 0.6180339887498949


def figure(excerpt: Excerpt, objective: str, labels: Mapping[str, str], influence: pd.DataFrame) -> Interactive | None:
    """Return the figure; None if there are no values, or no option that varies."""
    values = excerpt.by_objective.get(objective, pd.DataFrame()).replace([np.inf, -np.inf], np.nan)
    values = values.dropna(axis="columns", how="all").dropna(how="all")
    configurations = excerpt.configurations.loc[values.index]
    options = [str(name) for name in configurations.columns[1:] if len(configurations[name].unique()) > 1]
    if values.empty or not options:
        return None
    shares = influential(influence, objective).groupby("term")["share_of_variance"].sum()
    options.sort(key=lambda name: -float(shares.get(name, 0)))
    levels = {name: levels_of(configurations[name]) for name in options}
    keys = {name: f"o{i}" for i, name in enumerate(options)}
    environments = {str(name): f"e{i}" for i, name in enumerate(values.columns)}
    columns: dict[str, Sequence[Any]] = {
        "configuration": [str(one) for one in configurations["configuration_id"]],
        "beside": side_by_side(len(values)),
        **{keys[name]: [level_text(level) for level in configurations[name]] for name in options},
        **{key: [rounded(float(value)) for value in values[name]] for name, key in environments.items()},
    }
    together = [value for key in environments.values() for value in columns[key]]
    few = [name for name in options if len(levels[name]) <= len(COLOURS)]
    return Interactive(
        name=f"{objective}-interactive-configurations",
        section="influence",
        title=f"Configurations: {objectives.label(objective)}",
        caption=(
            "A point per configuration, by the level of the chosen option; within a level they stand side by side only "
            "to be told apart. The option that influences most is chosen first. Where the levels of an option lie at "
            "different heights it matters; where each level reaches from bottom to top, others matter more."
            + some_of(len(values), excerpt.all_configurations, "configurations")
            + some_of(len(environments), excerpt.all_environments, "environments")
        ),
        chart=chart(
            f"Points: {objectives.label(objective)} of each configuration by the level of an option.",
            _chart(objective, {keys[name]: levels[name] for name in options}, keys, few, scale(together)),
        ),
        columns=columns,
        controls=[
            Choice("environment", "Environment", [(key, labels.get(name, name)) for name, key in environments.items()]),
            Choice("option", "Option", [(keys[name], name) for name in options]),
            Choice("colour", "Colour", [(keys[name], name) for name in _second_first(few)] + [(_PLAIN, "none")]),
        ],
        table=_table(configurations, values, options, objective, labels),
    )


def _second_first(options: Sequence[str]) -> list[str]:
    """The option that stands on the axis at first needs no colours."""
    return [*options[1:], *options[:1]]


def by_level(levels: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return the encoding of the horizontal axis: the level of the option that the signal ``option`` names.

    levels: of each option that can be chosen, in their order. Rows have ``level``, its ``place`` among them, and
    ``beside``: where within the level, from 0 to 1.
    """
    slanted = [key for key, own in levels.items() if max(map(len, own), default=0) >= _LONG]
    flat = f"indexof({json.dumps(slanted)}, option) < 0"
    return {
        "x": {
            "field": "level",
            "type": "nominal",
            "title": "level of the option",
            "sort": {"field": "place", "op": "min"},
            "scale": {"paddingInner": 0.25, "paddingOuter": 0.1},
            "axis": {
                "labelAngle": {"expr": f"{flat} ? 0 : -30"},
                "labelAlign": {"expr": f"{flat} ? 'center' : 'right'"},
                "labelBaseline": "top",
                "ticks": False,
            },
        },
        "xOffset": {"field": "beside", "type": "quantitative", "scale": {"domain": [0, 1]}},
    }


def side_by_side(n: int) -> list[float]:
    """Return where within a level each of ``n`` rows stands, from 0 to 1, evenly spread."""
    return [round((i * _GOLDEN) % 1, 3) for i in range(n)]


def levels_of(values: pd.Series) -> list[str]:
    """Levels in order: numbers by value, texts by name."""
    distinct = sorted(values.dropna().unique(), key=lambda level: (isinstance(level, str), level))
    return list(dict.fromkeys(level_text(level) for level in distinct))


def _chart(
    objective: str, levels: Mapping[str, list[str]], keys: Mapping[str, str], few: Sequence[str], kind: str
) -> dict[str, Any]:
    tooltip = [
        {"field": "value", "title": objectives.label(objective), "type": "quantitative", "format": ",.4~r"},
        *({"field": key, "title": name} for name, key in keys.items()),
        {"field": "configuration", "title": "configuration"},
    ]
    first_colour = keys[_second_first(few)[0]] if few else _PLAIN
    return {
        "width": 820,
        "height": 380,
        "params": [
            {"name": "environment", "value": "e0"},
            {"name": "option", "value": next(iter(levels))},
            {"name": "colour", "value": first_colour},
            {"name": "levels", "value": {**levels, _PLAIN: ["all"]}},
        ],
        "transform": [
            {"calculate": "datum[environment]", "as": "value"},
            {"filter": "isValid(datum.value)"},
            {"calculate": "datum[option]", "as": "level"},
            {"calculate": "indexof(levels[option], datum.level)", "as": "place"},
            {"calculate": f"colour === '{_PLAIN}' ? 'all' : datum[colour]", "as": "shade"},
            {"calculate": "indexof(levels[colour], datum.shade)", "as": "shade_place"},
        ],
        "mark": {"type": "point", "filled": True, "size": 46, "opacity": 0.75},
        "encoding": {
            **by_level(levels),
            "y": {
                "field": "value",
                "type": "quantitative",
                "title": objectives.label(objective),
                "scale": {"type": kind, "nice": False, "zero": False, "padding": 12},
            },
            "color": {
                "field": "shade",
                "type": "nominal",
                "title": "colour",
                "sort": {"field": "shade_place", "op": "min"},
                "scale": {"range": list(COLOURS)},
            },
            "shape": {
                "field": "shade",
                "type": "nominal",
                "title": "colour",
                "sort": {"field": "shade_place", "op": "min"},
                "scale": {"range": list(_SHAPES)},
            },
            "tooltip": tooltip,
        },
    }


def _table(
    configurations: pd.DataFrame,
    values: pd.DataFrame,
    options: Sequence[str],
    objective: str,
    labels: Mapping[str, str],
) -> Table:
    """The configuration of the lowest value in each environment."""
    unit = objectives.split(objective)[1]
    rows = []
    for name, own in values.items():
        best = own.index[int(own.argmin())]
        lowest, highest = float(own.min()), float(own.max())
        row = configurations.loc[[best]]
        chosen = ", ".join(f"{option} = {level_text(row[option].iloc[0])}" for option in options)
        cells = [words.number(lowest, 3), words.number(highest / lowest if lowest else math.nan), chosen]
        rows.append([Cell(labels.get(str(name), str(name))), *map(Cell, cells)])
    return Table(
        f"The configuration with the lowest {objectives.split(objective)[0]} of each environment, among those shown; "
        "the factor is that between the highest and the lowest.",
        ["environment", f"lowest, {unit}" if unit else "lowest", "factor", "configuration"],
        rows,
        wordy=frozenset({3}),
    )
