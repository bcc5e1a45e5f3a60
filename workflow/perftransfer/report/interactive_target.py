"""A target: what may be chosen there, by its options or by two objectives, and how well it is predicted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from perftransfer import objectives
from perftransfer.recommend.recommendation import pareto_front
from perftransfer.report.interactive import Choice, Interactive, chart, rounded, scale, some_of
from perftransfer.report.interactive_configurations import by_level, levels_of, side_by_side
from perftransfer.results.formatting import capital
from perftransfer.space.options import level_text

#: Configurations of a target that the page holds at most; those that are marked are always among them.
CONFIGURATIONS = 1_500
#: What marks a configuration, the plain first: later ones are drawn above, and win where several hold.
PLAIN, MEASURED, FRONT, FAILED, RECOMMENDED, DEFAULT = KINDS = (
    "predicted", "measured", "on the Pareto front", "failed when measured", "recommended", "the default",
)  # fmt: skip
# Told apart by lightness and shape as well; each stands out from white by 3 to 1 at least (WCAG 2.2, 1.4.11).
_COLOURS = ("#8394a5", "#004c97", "#2a8a68", "#7b3294", "#c8500a", "#000000")
_SHAPES = ("circle", "circle", "diamond", "cross", "triangle-up", "square")
_SIZES = (30, 70, 80, 90, 190, 150)
_LEFT_OUT, _AFTERWARDS = "left out once", "recommended, measured afterwards"


@dataclass(frozen=True, eq=False)
class Target:
    """What is known of a target once it was modelled.

    label: what it is called, that it is emulated included. predictions: ``recommendation.predictions_table``.
    left_out, recommended: ``recommendation.left_out_table``, and the target's rows of recommendation.parquet.
    """

    name: str
    label: str
    predictions: pd.DataFrame
    left_out: pd.DataFrame
    recommended: pd.DataFrame


def figures(target: Target) -> list[Interactive]:
    """Return the figures, those for which there is something to show."""
    names = list(dict.fromkeys(target.recommended["objective"]))
    shown = _excerpt(target, names)
    found = [_by_option(target, shown, names), _by_objectives(target, shown, names), _predicted(target, names)]
    return [figure for figure in found if figure is not None]


def _excerpt(target: Target, names: Sequence[str]) -> pd.DataFrame:
    """Configurations with what marks them (``kind``), some of many, those that are marked last."""
    table = target.predictions.reset_index(drop=True)
    ids, recommended = table["configuration_id"], target.recommended
    kinds = np.full(len(table), KINDS.index(PLAIN))
    kinds[(table["status"] == "ok").to_numpy()] = KINDS.index(MEASURED)
    if len(names) > 1:
        kinds[_on_front(table, names)] = KINDS.index(FRONT)
    kinds[(table["status"] == "failed").to_numpy()] = KINDS.index(FAILED)
    kinds[ids.isin(recommended.loc[~recommended["default"], "configuration_id"])] = KINDS.index(RECOMMENDED)
    kinds[ids.isin(recommended.loc[recommended["default"], "configuration_id"])] = KINDS.index(DEFAULT)
    plain = np.flatnonzero(kinds == 0)
    room = max(1, CONFIGURATIONS - int((kinds > 0).sum()))
    if len(plain) > room:
        plain = plain[np.linspace(0, len(plain) - 1, room).round().astype(int)]
    places = np.concatenate([plain, *(np.flatnonzero(kinds == kind) for kind in range(1, len(KINDS)))])
    return table.assign(kind=np.array(KINDS, dtype=object)[kinds]).iloc[places]


def _on_front(table: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """Whether each configuration is on the Pareto front of those that did not fail, shape (rows,)."""
    good = np.flatnonzero(table["status"] != "failed")
    found = np.zeros(len(table), dtype=bool)
    found[good[pareto_front(table[list(names)].to_numpy(dtype=float)[good])]] = True
    return found


def _options(target: Target, names: Sequence[str]) -> list[str]:
    values = {f"{name}{end}" for name in names for end in ("", "_low", "_high")}
    columns = [str(name) for name in target.predictions if name not in {"configuration_id", "status", *values}]
    return [name for name in columns if len(target.predictions[name].unique()) > 1]


def _columns(target: Target, shown: pd.DataFrame, names: Sequence[str]) -> dict[str, Sequence[Any]]:
    columns: dict[str, Sequence[Any]] = {"kind": list(shown["kind"])}
    for i, name in enumerate(_options(target, names)):
        columns[f"o{i}"] = [level_text(level) for level in shown[name]]
    for i, name in enumerate(names):
        for end, key in (("", "v"), ("_low", "l"), ("_high", "h")):
            columns[f"{key}{i}"] = [rounded(float(value)) for value in shown[f"{name}{end}"]]
    return columns


def _kind_of(target: Target, shown: pd.DataFrame, names: Sequence[str]) -> dict[str, Any]:
    """Colour, shape and size by what marks a configuration, and what is said of it."""
    present = [kind for kind in KINDS if (shown["kind"] == kind).any()]
    places = [KINDS.index(kind) for kind in present]
    legend = {"title": None, "orient": "top", "symbolOpacity": 1}
    field = {"field": "kind", "type": "nominal", "sort": present}
    tooltip = [{"field": "kind", "title": "configuration"}]
    for i, name in enumerate(names):
        label = objectives.label(name)
        tooltip.append({"field": f"v{i}", "title": f"{label}, predicted"})
        if shown[f"{name}_low"].notna().any():
            tooltip += [{"field": f"l{i}", "title": "from"}, {"field": f"h{i}", "title": "to"}]
    tooltip += [{"field": f"o{i}", "title": name} for i, name in enumerate(_options(target, names))]
    return {
        "color": {**field, "scale": {"domain": present, "range": [_COLOURS[i] for i in places]}, "legend": legend},
        "shape": {**field, "scale": {"domain": present, "range": [_SHAPES[i] for i in places]}, "legend": legend},
        "size": {**field, "scale": {"domain": present, "range": [_SIZES[i] for i in places]}, "legend": None},
        "tooltip": tooltip,
    }


def _some(target: Target, shown: pd.DataFrame) -> str:
    return some_of(len(shown), len(target.predictions), "configurations")


def _by_option(target: Target, shown: pd.DataFrame, names: Sequence[str]) -> Interactive | None:
    options = _options(target, names)
    if not options:
        return None
    levels = {f"o{i}": levels_of(shown[name]) for i, name in enumerate(options)}
    columns = _columns(target, shown, names)
    values = [value for i in range(len(names)) for value in columns[f"v{i}"]]
    content = {
        "width": 820,
        "height": 380,
        "params": [
            {"name": "objective", "value": "v0"},
            {"name": "option", "value": "o0"},
            {"name": "levels", "value": levels},
        ],
        "transform": [
            {"calculate": "datum[objective]", "as": "value"},
            {"filter": "isValid(datum.value)"},
            {"calculate": "datum[option]", "as": "level"},
            {"calculate": "indexof(levels[option], datum.level)", "as": "place"},
        ],
        "mark": {"type": "point", "filled": True, "opacity": 0.85},
        "encoding": {
            **by_level(levels),
            "y": {
                "field": "value",
                "type": "quantitative",
                "title": _title(names),
                "scale": {"type": scale(values), "nice": False, "zero": False, "padding": 12},
            },
            **_kind_of(target, shown, names),
        },
    }
    return Interactive(
        name=f"{target.name}-interactive-choices",
        section="recommendation",
        title=f"What may be chosen in {target.label}",
        caption="A point per configuration, at what is predicted of it, by the level of the chosen option; within a "
        "level they stand side by side only to be told apart. Marked is what was measured, recommended, and the "
        "default." + _some(target, shown),
        chart=chart(f"Points: what is predicted of each configuration of {target.label}, by option.", content),
        columns={**columns, "beside": side_by_side(len(shown))},
        controls=[
            Choice("objective", "Objective", [(f"v{i}", objectives.label(name)) for i, name in enumerate(names)]),
            Choice("option", "Option", [(f"o{i}", name) for i, name in enumerate(options)]),
        ],
    )


def _by_objectives(target: Target, shown: pd.DataFrame, names: Sequence[str]) -> Interactive | None:
    if len(names) < 2:
        return None
    columns = _columns(target, shown, names)

    def axis(channel: str) -> dict[str, Any]:
        values = [value for i in range(len(names)) for value in columns[f"v{i}"]]
        kind = {"type": scale(values), "nice": False, "zero": False, "padding": 12}
        title = _title(names) if len(names) > 2 else objectives.label(names["xy".index(channel)])
        return {"field": f"{channel}_value", "type": "quantitative", "title": title, "scale": kind}

    front = {
        "mark": {
            "type": "line",
            "interpolate": "step-after",
            "color": _COLOURS[KINDS.index(FRONT)],
            "strokeWidth": 1.5,
            "aria": False,
        },
        "transform": [{"filter": "datum.front"}],
        "encoding": {"x": axis("x"), "y": axis("y"), "order": {"field": "x_value", "type": "quantitative"}},
    }
    points = {
        "mark": {"type": "point", "filled": True, "opacity": 0.85},
        "encoding": {"x": axis("x"), "y": axis("y"), **_kind_of(target, shown, names)},
    }
    content = {
        "width": 820,
        "height": 420,
        "params": [{"name": "across", "value": "v0"}, {"name": "up", "value": "v1"}],
        "transform": [
            {"calculate": "datum[across]", "as": "x_value"},
            {"calculate": "datum[up]", "as": "y_value"},
            {"filter": "isValid(datum.x_value) && isValid(datum.y_value)"},
        ],
        # With three objectives or more, the front is no line in two of them.
        "layer": [front, points] if len(names) == 2 else [points],
    }
    every = [(f"v{i}", objectives.label(name)) for i, name in enumerate(names)]
    return Interactive(
        name=f"{target.name}-interactive-front",
        section="recommendation",
        title=f"What is to be had at the same time in {target.label}",
        caption="A point per configuration, at what is predicted of it. On the Pareto front nothing is predicted to be "
        "better in one objective and no worse in the others; recommended configurations may lie on it as well."
        + _some(target, shown),
        chart=chart(f"Points: two objectives of each configuration of {target.label}, as predicted.", content),
        columns={**columns, "front": [bool(one) for one in _on_front(shown, names)]},
        controls=[Choice("across", "Across", every), Choice("up", "Up", [every[1], every[0], *every[2:]])],
    )


def _predicted(target: Target, names: Sequence[str]) -> Interactive | None:
    left_out = target.left_out.assign(kind=_LEFT_OUT)
    recommended = target.recommended[target.recommended["measured"].notna()].assign(kind=_AFTERWARDS)
    columns = ["objective", "kind", "measured", "predicted", "low", "high"]
    rows = pd.concat([part[columns] for part in (left_out, recommended) if len(part)] or [left_out[columns]])
    if rows.empty:
        return None
    kinds = [kind for kind in (_LEFT_OUT, _AFTERWARDS) if (rows["kind"] == kind).any()]
    places = [(_LEFT_OUT, _AFTERWARDS).index(kind) for kind in kinds]
    kind = scale(_finite(rows))
    floor = min(_finite(rows)) / 10 if kind == "log" else 0.0
    axis = {"type": "quantitative", "scale": {"type": kind, "nice": False, "zero": False, "padding": 12}}
    shade = {"field": "kind", "type": "nominal", "sort": kinds}
    legend = {"title": None, "orient": "top"}
    colour = {**shade, "scale": {"domain": kinds, "range": [("#004c97", "#c8500a")[i] for i in places]}}
    ends = {
        name: {"low": min(own), "high": max(own)} for name in names if (own := _finite(rows[rows["objective"] == name]))
    }
    content = {
        "width": 520,
        "height": 420,
        "params": [{"name": "objective", "value": next(iter(ends))}, {"name": "ends", "value": ends}],
        "transform": [{"filter": "datum.objective === objective"}],
        "layer": [
            {
                "transform": [
                    {"aggregate": [{"op": "count", "as": "n"}]},
                    {"calculate": "[ends[objective].low, ends[objective].high]", "as": "at"},
                    {"flatten": ["at"]},
                ],
                "mark": {"type": "line", "color": "#4d5761", "strokeDash": [5, 4], "aria": False},
                "encoding": {"x": {"field": "at", **axis}, "y": {"field": "at", **axis}},
            },
            {
                "transform": [{"filter": "isValid(datum.low)"}],
                "mark": {"type": "rule", "strokeWidth": 1.6, "opacity": 0.7, "aria": False},
                "encoding": {
                    "x": {"field": "measured", **axis},
                    "y": {"field": "low", **axis},
                    "y2": {"field": "high"},
                    "color": {**colour, "legend": legend},
                },
            },
            {
                "mark": {"type": "point", "filled": True, "size": 80, "opacity": 1},
                "encoding": {
                    "x": {"field": "measured", **axis, "title": f"{_title(names)}, measured"},
                    "y": {"field": "predicted", **axis, "title": f"{_title(names)}, predicted"},
                    "color": {**colour, "legend": legend},
                    "shape": {
                        **shade,
                        "scale": {"domain": kinds, "range": [("circle", "triangle-up")[i] for i in places]},
                        "legend": legend,
                    },
                    "tooltip": [{"field": name} for name in ("kind", "measured", "predicted", "low", "high")],
                },
            },
        ],
    }
    return Interactive(
        name=f"{target.name}-interactive-predicted",
        section="recommendation",
        title=f"Predicted against measured in {target.label}",
        caption=_caption(rows),
        chart=chart(f"Points: predicted against measured values in {target.label}, with intervals.", content),
        columns={
            "objective": list(rows["objective"].astype(object)),
            "kind": list(rows["kind"]),
            **{name: [rounded(float(value)) for value in rows[name]] for name in columns[2:4]},
            # Learnt on a linear scale, an interval may reach down to 0, which no logarithmic axis has.
            "low": [rounded(max(float(value), floor)) for value in rows["low"]],
            "high": [rounded(float(value)) for value in rows["high"]],
        },
        controls=[Choice("objective", "Objective", [(name, objectives.label(name)) for name in ends])],
    )


def _caption(rows: pd.DataFrame) -> str:
    said = []
    if (rows["kind"] == _LEFT_OUT).any():
        said.append("what was measured in the target, each left out once and predicted from others")
    if (rows["kind"] == _AFTERWARDS).any():
        said.append("what was recommended and measured afterwards")
    text = f"{capital(' and '.join(said))}. On the dashed line, the prediction is right"
    if rows["low"].notna().any():
        return f"{text}; bars are intervals that are to hold 90 % of new measurements."
    return f"{text}."


def _finite(rows: pd.DataFrame) -> list[float]:
    """Values that were measured, or predicted for what was."""
    found = rows[["measured", "predicted"]].to_numpy(dtype=float).ravel()
    return [float(value) for value in found[np.isfinite(found)]]


def _title(names: Sequence[str]) -> str:
    """What an axis says whose objective the reader chooses."""
    return objectives.label(names[0]) if len(names) == 1 else "the chosen objective"
