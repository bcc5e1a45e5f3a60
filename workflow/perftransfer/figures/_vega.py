"""What the interactive figures share: a Vega-Lite chart, the rows that it draws, and its controls.

Charts are compiled to Vega here, so that the page needs no compiler, and a chart that does not compile fails where the
report is made. Vega's own script, and vl-convert that brings it, are loaded where there is a figure to show.
"""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import markupsafe

#: A Vega-Lite specification, or a part of one: JSON, whose schema is Vega-Lite's own.
Spec: TypeAlias = dict[str, Any]

if TYPE_CHECKING:
    from perftransfer.results.table import PageTable

VEGA_LITE = "6.4"
#: Name of a chart's data: the page's script puts the rows there.
ROWS = "rows"
#: Marks beyond which a chart is drawn as an image: a browser is slow with tens of thousands of elements.
ELEMENTS = 2_000
#: Pixels that a number in a cell takes.
NUMBERED = 40
#: Environments that a chart shows at most.
ENVIRONMENTS = 100

INK, SOFT, GRID = "#1c2127", "#4d5761", "#dde3e9"
# Its lightness falls steadily, and the lightest still stands out from the ground of a cell without a number.
SHADES = ("#e3eef9", "#b5d4ea", "#73b2d8", "#3585bf", "#0f59a3", "#08306b")
NO_NUMBER = "#f7f7f7"

_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif"
_CONFIG: Spec = {
    "font": _FONT,
    "background": "white",
    "axis": {
        "labelFontSize": 12, "titleFontSize": 13, "titleFontWeight": 600, "labelColor": INK, "titleColor": INK,
        "gridColor": GRID, "domainColor": SOFT, "tickColor": SOFT, "labelLimit": 0, "titlePadding": 10,
        # By default labels longer than 200 pixels run into the title.
        "maxExtent": 2000,
    },
    "axisQuantitative": {"tickCount": 6, "labelOverlap": True},
    "legend": {
        "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": 600, "labelColor": INK, "titleColor": INK,
        "labelLimit": 0,
    },
    "view": {"stroke": None},
}  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """One of several values of a signal. options: value and text of each; the first is chosen at the start."""

    signal: str
    label: str
    options: Sequence[tuple[str, str]]
    several: ClassVar[bool] = False

    @property
    def value(self) -> str:
        """What is chosen at the start."""
        return self.options[0][0]


@dataclass(frozen=True)
class Switches:
    """Values that can be on or off: the signal holds those that are on, all at the start.

    options: value, text, and the colour that it has in the figure.
    """

    signal: str
    label: str
    options: Sequence[tuple[str, str, str]]
    several: ClassVar[bool] = True

    @property
    def value(self) -> list[str]:
        """What is on at the start."""
        return [value for value, *_ in self.options]


@dataclass(frozen=True)
class Interactive:
    """An interactive figure.

    Parameters
    ----------
    title, caption
        Plain text.
    description
        The chart in a sentence, for those who cannot see it.
    content
        Vega-Lite: marks, encodings and sizes. Of its parameters those that are no controls.
    columns
        What it draws, by column, each a list of numbers (None where there is none) or texts.
    controls
        What the reader chooses.
    table
        What it shows as a table, if no table of the section does.
    name, section, still
        Set by ``figures.interactive``: its name, unique on the page, the section of the report below
        whose sentences it stands, and the still figure that shows the same.
    """

    title: str
    caption: str
    description: str
    content: Spec
    columns: Mapping[str, Sequence[object]]
    controls: Sequence[Choice | Switches] = ()
    table: PageTable | None = None
    name: str = ""
    section: str = ""
    still: str | None = None

    @property
    def vega(self) -> Spec:
        """The chart, compiled."""
        return _compiled(json.dumps(chart(self.description, self.content, self.controls)))

    @property
    def json(self) -> markupsafe.Markup:
        """What the page's script reads, as JSON that can stand inside an HTML element."""
        rows = len(next(iter(self.columns.values())))
        content = {
            "vega": self.vega,
            "renderer": "canvas" if rows > ELEMENTS else "svg",
            "columns": {name: encoded(values) for name, values in self.columns.items()},
        }
        # JSON knows no <, > or & outside of its texts, and there they may be written like this.
        text = json.dumps(content, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        for sign in "<>&":
            text = text.replace(sign, f"\\u{ord(sign):04x}")
        return markupsafe.Markup(text)

    def write(self, folder: Path) -> None:
        """Write SVG and PDF of the figure as it is first seen, for papers: ``<name>.svg`` and ``<name>.pdf``.

        What its controls say stands below its title.
        """
        import vl_convert

        content = copy.deepcopy(self.vega)
        rows = [dict(zip(self.columns, row, strict=True)) for row in zip(*self.columns.values(), strict=True)]
        next(data for data in content["data"] if data["name"] == ROWS)["values"] = rows
        chosen = [f"{control.label}: {control.options[0][1]}" for control in self.controls if not control.several]
        content["title"] = {"text": self.title, "subtitle": "; ".join(chosen), "anchor": "start", "offset": 14}
        folder.mkdir(parents=True, exist_ok=True)
        for ending, convert in (("svg", vl_convert.vega_to_svg), ("pdf", vl_convert.vega_to_pdf)):
            # Nothing is fetched: no address is allowed.
            file = convert(content, allowed_base_urls=[])
            (folder / f"{self.name}.{ending}").write_bytes(file if isinstance(file, bytes) else file.encode())


def encoded(values: Sequence[object]) -> object:
    """Return a column as it stands in the page: texts as ``levels`` and the position of each, where that is shorter.

    >>> encoded(["a", "b", "a", "a"]), encoded([1.5, None])
    ({'levels': ['a', 'b'], 'codes': [0, 1, 0, 0]}, [1.5, None])
    """
    levels = list(dict.fromkeys(values))
    if len(levels) == len(values) or not all(isinstance(level, str) for level in levels):
        return list(values)
    codes = {level: i for i, level in enumerate(levels)}
    return {"levels": levels, "codes": [codes[value] for value in values]}


def chart(description: str, content: Spec, controls: Sequence[Choice | Switches]) -> Spec:
    """Return a Vega-Lite chart of ``content``, in the page's type and colours, a parameter for each control."""
    params = [{"name": control.signal, "value": control.value} for control in controls]
    return {
        "$schema": f"https://vega.github.io/schema/vega-lite/v{VEGA_LITE.split('.', maxsplit=1)[0]}.json",
        "description": description,
        "data": {"name": ROWS},
        # What the reader chooses may need more room: a longer label, a wider legend. A chart with a width has that
        # one with its axes; a heat map has cells of a fixed size.
        "autosize": {
            "type": "fit-x" if "width" in content and not isinstance(content["width"], dict) else "pad",
            "contains": "padding",
            "resize": True,
        },
        "config": _CONFIG,
        **content,
        "params": [*params, *content.get("params", [])],
    }


@cache
def _compiled(text: str) -> Spec:
    import vl_convert

    compiled = dict(vl_convert.vegalite_to_vega(json.loads(text), vl_version=VEGA_LITE))
    # An address, though one that nobody looks up.
    del compiled["$schema"]
    return compiled


@cache
def script() -> markupsafe.Markup:
    """Vega as one script that sets ``window.vega``."""
    import vl_convert

    # Vega's two entries alone, by the path under which vl-convert holds it (nothing is fetched): its own bundle can
    # also compile and embed charts, and is half as large again.
    path = f"/npm/vega@{vl_convert.get_vega_version()}/+esm"
    text = vl_convert.javascript_bundle(f'import {{parse, View}} from "{path}"; window.vega = {{parse, View}};')
    if "</script" in text.lower() or "<!--" in text:
        raise ValueError("Vega's script cannot stand inside an HTML element as it is")
    return markupsafe.Markup(text)


def rounded(value: float, digits: int = 4) -> float | None:
    """Return a value with so many significant digits, whole numbers without a point; None if it is no number.

    >>> rounded(1.23456), rounded(1200.4), rounded(1e30), rounded(float("inf"))
    (1.235, 1200, 1e+30, None)
    """
    if not math.isfinite(value):
        return None
    short = float(f"{value:.{digits}g}")
    # Vega's parser refuses whole numbers of more than 64 bits.
    return int(short) if short.is_integer() and abs(short) < 2**53 else short


def column(values: Iterable[float]) -> list[float | None]:
    """Return numbers as a column, see ``rounded``."""
    return [rounded(float(value)) for value in values]


def scale(values: Iterable[float | None]) -> str:
    """Return the type of a scale for values: logarithmic where all are positive."""
    finite = [value for value in values if value is not None]
    return "log" if finite and min(finite) > 0 else "linear"


def padded(values: Iterable[float | None]) -> Spec:
    """Return the scale of an axis for values, with some room at its ends."""
    return {"type": scale(values), "nice": False, "zero": False, "padding": 12}


def tooltip(titles: Mapping[str, str]) -> list[Spec]:
    """Return what the pointer shows: the title of each field."""
    return [{"field": field, "title": title} for field, title in titles.items()]


def by_value(field: str, values: Sequence[str], looks: Sequence[Any], legend: Spec | None) -> Spec:
    """Return an encoding that gives each of the values of a field its look, in their order."""
    scale = {"domain": list(values), "range": list(looks)}
    return {"field": field, "type": "nominal", "sort": list(values), "scale": scale, "legend": legend}


def some_of_environments(names: Sequence[str]) -> list[str]:
    """Return at most ``ENVIRONMENTS`` of these, evenly spread."""
    n = min(len(names), ENVIRONMENTS)
    return [names[round(i * (len(names) - 1) / max(1, n - 1))] for i in range(n)]


def heat_map(rows: Spec, columns: Spec, colour: Spec, tooltip: Sequence[Spec]) -> Spec:
    """Return marks, encoding and size of a heat map, with numbers in its cells where there is room for them.

    rows, columns: field, title, and ``sort``, all the values in their order. colour: field, title and scale.
    """
    across, down = len(columns["sort"]), len(rows["sort"])
    wide, high = max(8, min(64, round(640 / across))), max(11, min(32, round(640 / down)))
    axis = {"ticks": False, "domain": False, "labelPadding": 4}
    upright = {"labelAngle": -90, "labelBaseline": "middle", "labelFontSize": min(12, wide)}
    legend = {
        "orient": "top", "direction": "horizontal", "gradientLength": 240, "gradientThickness": 12, "titleLimit": 0,
        "format": ",.3~r", "offset": 12,
    }  # fmt: skip
    scale = {"range": list(SHADES), "nice": False, **colour["scale"]}
    shade = {**colour, "type": "quantitative", "scale": scale, "legend": legend}
    # Either way the contrast is at least 4.5 (WCAG 2.2, 1.4.3).
    on_light = {"test": f"luminance(scale('color', datum.{colour['field']})) > 0.179", "value": "black"}
    number = {
        "mark": {"type": "text", "fontSize": 12, "aria": False},
        "encoding": {
            "text": {"field": colour["field"], "type": "quantitative", "format": ",.2~r"},
            "color": {"condition": on_light, "value": "white"},
            "tooltip": list(tooltip),
        },
    }
    cells = {
        "mark": {"type": "rect", "stroke": "white", "strokeWidth": 0.5 if wide < 14 else 1},
        "encoding": {"color": shade, "tooltip": list(tooltip)},
    }
    return {
        "width": {"step": wide},
        "height": {"step": high},
        "encoding": {
            "x": {**columns, "type": "nominal", "axis": {**axis, **upright}},
            "y": {**rows, "type": "nominal", "axis": {**axis, "labelFontSize": min(12, high - 1)}},
        },
        "layer": [cells, number] if wide >= NUMBERED else [cells],
        "view": {"fill": NO_NUMBER},
    }


def some_of(n: int, total: int, noun: str) -> str:
    """Return the sentence that says that not all are shown, "" if all are.

    >>> some_of(100, 1000, "environments")
    ' Shown are 100 of 1,000 environments, evenly spread; the files next to this page hold all.'
    """
    if n == total:
        return ""
    return f" Shown are {n:,} of {total:,} {noun}, evenly spread; the files next to this page hold all."
