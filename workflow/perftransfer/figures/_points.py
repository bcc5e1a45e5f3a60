"""Configurations as points, for interactive figures: by the level of the option that the reader chooses."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from perftransfer.figures import _vega
from perftransfer.lazy import pd
from perftransfer.space.options import level_text

# Characters from which on levels are slanted, so that they do not run into each other.
_LONG = 9
# Its multiples spread evenly over an interval, however many there are.
_GOLDEN = 0.6180339887498949


def chart(
    levels: Mapping[str, list[str]], value: str, y: _vega.Spec, transform: Sequence[_vega.Spec] = ()
) -> _vega.Spec:
    """Return a chart of a value by the level of the option that the signal ``option`` names; marks are to be added.

    Parameters
    ----------
    levels
        Of each option that can be chosen, in their order. Rows have a column for each, and ``beside``.
    value
        Signal that names the column of the value.
    y
        Title and scale of the value.
    transform
        What else is computed.
    """
    slanted = [key for key, texts in levels.items() if max(map(len, texts), default=0) >= _LONG]
    flat = f"indexof({json.dumps(slanted)}, option) < 0"
    axis = {
        "labelAngle": {"expr": f"{flat} ? 0 : -30"},
        "labelAlign": {"expr": f"{flat} ? 'center' : 'right'"},
        "labelBaseline": "top",
        "ticks": False,
    }
    return {
        "width": 820,
        "height": 380,
        "params": [{"name": "levels", "value": dict(levels)}],
        "transform": [
            {"calculate": f"datum[{value}]", "as": "value"},
            {"filter": "isValid(datum.value)"},
            {"calculate": "datum[option]", "as": "level"},
            {"calculate": "indexof(levels[option], datum.level)", "as": "place"},
            *transform,
        ],
        "encoding": {
            "x": {
                "field": "level",
                "type": "nominal",
                "title": "level of the option",
                "sort": {"field": "place", "op": "min"},
                "scale": {"paddingInner": 0.25, "paddingOuter": 0.1},
                "axis": axis,
            },
            "xOffset": {"field": "beside", "type": "quantitative", "scale": {"domain": [0, 1]}},
            "y": {"field": "value", "type": "quantitative", **y},
        },
    }


def side_by_side(n: int) -> list[float]:
    """Return where within a level each of ``n`` rows stands, from 0 to 1, evenly spread."""
    return [round((i * _GOLDEN) % 1, 3) for i in range(n)]


def levels_of(values: pd.Series) -> list[str]:
    """Levels in order: numbers by value, texts by name."""
    distinct = sorted(values.dropna().unique(), key=lambda level: (isinstance(level, str), level))
    return list(dict.fromkeys(level_text(level) for level in distinct))
