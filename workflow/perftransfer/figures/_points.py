"""Configurations as points, for interactive figures: the level of an option on the horizontal axis."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from perftransfer.space.options import level_text

if TYPE_CHECKING:
    import pandas as pd

    from perftransfer.figures import _vega

# Characters from which on levels are slanted, so that they do not run into each other.
_LONG = 9
# Its multiples spread evenly over an interval, however many there are.
_GOLDEN = 0.6180339887498949
#: What turns a row's chosen option into its ``level``, and the ``place`` of that among all of them.
LEVEL = (
    {"calculate": "datum[option]", "as": "level"},
    {"calculate": "indexof(levels[option], datum.level)", "as": "place"},
)


def by_level(levels: Mapping[str, list[str]]) -> _vega.Spec:
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
