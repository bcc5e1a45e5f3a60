"""How well a target is predicted: predicted against measured values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perftransfer import objectives
from perftransfer.figures import _vega
from perftransfer.figures._lazy import np, pd
from perftransfer.figures.interface import Figure, Inputs, NothingToShow

if TYPE_CHECKING:
    from perftransfer.figures._target import Target

LEFT_OUT, AFTERWARDS = KINDS = ("left out once", "recommended, measured afterwards")
_LOOKS = {LEFT_OUT: ("#004c97", "circle"), AFTERWARDS: ("#c8500a", "triangle-up")}


@dataclass(frozen=True, eq=False)
class Predicted:
    """What is drawn: columns objective, kind, measured, predicted, low and high, a row per configuration."""

    target: Target
    rows: pd.DataFrame

    def finite(self, objective: str | None = None) -> list[float]:
        """Return what was measured, and what was predicted for it, of one objective or all."""
        rows = self.rows if objective is None else self.rows[self.rows["objective"] == objective]
        values = rows[["measured", "predicted"]].to_numpy(dtype=float).ravel()
        return [float(value) for value in values[np.isfinite(values)]]


class TargetPredicted(Figure[Predicted]):
    """A point per measured configuration of a target: what was predicted, and what was measured."""

    title = "Predicted against measured"
    caption = "On the dashed line, the prediction is right"
    inputs = ("target",)
    section = "recommendation"
    still = False

    def select(self, inputs: Inputs, objective: str) -> Predicted:
        """Return what was left out once, and what was measured afterwards."""
        target = inputs["target"]
        recommended = target.recommended[target.recommended["measured"].notna()]
        parts = [target.left_out.assign(kind=LEFT_OUT), recommended.assign(kind=AFTERWARDS)]
        columns = ["objective", "kind", "measured", "predicted", "low", "high"]
        rows = pd.concat([part[columns] for part in parts if len(part)] or [parts[0][columns]])
        if rows.empty:
            raise NothingToShow("nothing was measured")
        return Predicted(target, rows)

    def interactive(self, data: Predicted) -> _vega.Interactive:
        """Return points of the objective that the reader chooses."""
        rows, label = data.rows, data.target.label
        names = list(dict.fromkeys(data.target.recommended["objective"]))
        title = objectives.label(names[0]) if len(names) == 1 else "the chosen objective"
        kind = _vega.scale(data.finite())
        # Learnt on a linear scale, an interval may reach down to 0, which no logarithmic axis has.
        floor = min(data.finite()) / 10 if kind == "log" else 0.0
        ends = {name: {"low": min(own), "high": max(own)} for name in names if (own := data.finite(name))}
        number = {name: [_vega.rounded(float(value)) for value in rows[name]] for name in ("measured", "predicted")}
        return _vega.Interactive(
            title=f"{self.title} in {label}",
            caption=_caption(rows, self.caption),
            chart=_vega.chart(
                f"Points: predicted against measured values in {label}, with intervals.",
                _chart([name for name in KINDS if (rows["kind"] == name).any()], ends, kind, title),
            ),
            columns={
                "objective": list(rows["objective"].astype(object)),
                "kind": list(rows["kind"]),
                **number,
                "low": [_vega.rounded(max(float(value), floor)) for value in rows["low"]],
                "high": [_vega.rounded(float(value)) for value in rows["high"]],
            },
            controls=[_vega.Choice("objective", "Objective", [(name, objectives.label(name)) for name in ends])],
        )


def _caption(rows: pd.DataFrame, line: str) -> str:
    said = {
        LEFT_OUT: "what was measured in the target, each left out once and predicted from others",
        AFTERWARDS: "what was recommended and measured afterwards",
    }
    text = " and ".join(text for kind, text in said.items() if (rows["kind"] == kind).any())
    bars = "; bars are intervals with a nominal coverage of 90 %" if rows["low"].notna().any() else ""
    return f"{text[:1].upper()}{text[1:]}. {line}{bars}."


def _chart(kinds: list[str], ends: dict[str, dict[str, float]], scale: str, title: str) -> _vega.Spec:
    axis = {"type": "quantitative", "scale": {"type": scale, "nice": False, "zero": False, "padding": 12}}
    legend = {"title": None, "orient": "top", "columns": 1}

    def by_kind(look: int) -> _vega.Spec:
        range_ = {"domain": kinds, "range": [_LOOKS[kind][look] for kind in kinds]}
        return {"field": "kind", "type": "nominal", "sort": kinds, "scale": range_, "legend": legend}

    line = {
        "transform": [
            {"aggregate": [{"op": "count", "as": "n"}]},
            {"calculate": "[ends[objective].low, ends[objective].high]", "as": "at"},
            {"flatten": ["at"]},
        ],
        "mark": {"type": "line", "color": _vega.SOFT, "strokeDash": [5, 4], "aria": False},
        "encoding": {"x": {"field": "at", **axis}, "y": {"field": "at", **axis}},
    }
    bars = {
        "transform": [{"filter": "isValid(datum.low)"}],
        "mark": {"type": "rule", "strokeWidth": 1.6, "opacity": 0.7, "aria": False},
        "encoding": {
            "x": {"field": "measured", **axis},
            "y": {"field": "low", **axis},
            "y2": {"field": "high"},
            "color": by_kind(0),
        },
    }
    points = {
        "mark": {"type": "point", "filled": True, "size": 80, "opacity": 1},
        "encoding": {
            "x": {"field": "measured", **axis, "title": f"{title}, measured"},
            "y": {"field": "predicted", **axis, "title": f"{title}, predicted"},
            "color": by_kind(0),
            "shape": by_kind(1),
            "tooltip": [{"field": name} for name in ("kind", "measured", "predicted", "low", "high")],
        },
    }
    return {
        "width": 520,
        "height": 420,
        "params": [{"name": "objective", "value": next(iter(ends))}, {"name": "ends", "value": ends}],
        "transform": [{"filter": "datum.objective === objective"}],
        "layer": [line, bars, points],
    }
