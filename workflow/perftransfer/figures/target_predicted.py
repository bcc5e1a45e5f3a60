"""How well a target is predicted: predicted against measured values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perftransfer import objectives
from perftransfer.figures import _vega
from perftransfer.figures.interface import Figure, Inputs, NothingToShow
from perftransfer.lazy import np, pd
from perftransfer.results.formatting import capital

if TYPE_CHECKING:
    from perftransfer.figures._target import Target

LEFT_OUT, AFTERWARDS = KINDS = ("left out once", "recommended, measured afterwards")
_TEXTS = {
    LEFT_OUT: "what was measured in the target, each left out once and predicted from others",
    AFTERWARDS: "what was recommended and measured afterwards",
}
_COLOURS = {LEFT_OUT: "#004c97", AFTERWARDS: "#c8500a"}
_SHAPES = {LEFT_OUT: "circle", AFTERWARDS: "triangle-up"}


@dataclass(frozen=True, eq=False)
class Predicted:
    """What is drawn: columns objective, kind, measured, predicted, low and high, a row per configuration."""

    target: Target
    rows: pd.DataFrame

    @property
    def kinds(self) -> list[str]:
        """Which of ``KINDS`` there are."""
        return [kind for kind in KINDS if (self.rows["kind"] == kind).any()]

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
        # Learnt on a linear scale, an interval may reach down to 0, which no logarithmic axis has.
        floor = min(data.finite()) / 10 if _vega.scale(data.finite()) == "log" else 0.0
        ends = {
            name: {"low": min(finite_values), "high": max(finite_values)}
            for name in names
            if (finite_values := data.finite(name))
        }
        kinds = capital(" and ".join(_TEXTS[kind] for kind in data.kinds))
        bars = "; bars are intervals with a nominal coverage of 90 %" if rows["low"].notna().any() else ""
        return _vega.Interactive(
            title=f"{self.title} in {label}",
            caption=f"{kinds}. {self.caption}{bars}.",
            description=f"Points: predicted against measured values in {label}, with intervals.",
            content={**_chart(data, title), "params": [{"name": "ends", "value": ends}]},
            columns={
                "objective": list(rows["objective"].astype(object)),
                "kind": list(rows["kind"]),
                **{name: _vega.column(rows[name]) for name in ("measured", "predicted", "high")},
                "low": _vega.column(rows["low"].clip(lower=floor)),
            },
            controls=[_vega.Choice("objective", "Objective", [(name, objectives.label(name)) for name in ends])],
        )


def _chart(data: Predicted, title: str) -> _vega.Spec:
    axis = {"type": "quantitative", "scale": _vega.padded(data.finite())}
    legend = {"title": None, "orient": "top", "columns": 1}
    colour = _vega.by_value("kind", data.kinds, [_COLOURS[kind] for kind in data.kinds], legend)
    shape = _vega.by_value("kind", data.kinds, [_SHAPES[kind] for kind in data.kinds], legend)
    line = {
        "transform": [
            {"aggregate": [{"op": "count", "as": "n"}]},
            {"calculate": "[ends[objective].low, ends[objective].high]", "as": "at"},
            {"flatten": ["at"]},
        ],
        "mark": {"type": "line", "color": _vega.SOFT, "strokeDash": [5, 4], "aria": False},
        "encoding": {"x": {"field": "at", **axis}, "y": {"field": "at", **axis}},
    }
    x = {"field": "measured", **axis}
    bars = {
        "transform": [{"filter": "isValid(datum.low)"}],
        "mark": {"type": "rule", "strokeWidth": 1.6, "opacity": 0.7, "aria": False},
        "encoding": {"x": x, "y": {"field": "low", **axis}, "y2": {"field": "high"}, "color": colour},
    }
    points = {
        "mark": {"type": "point", "filled": True, "size": 80, "opacity": 1},
        "encoding": {
            "x": {**x, "title": f"{title}, measured"},
            "y": {"field": "predicted", **axis, "title": f"{title}, predicted"},
            "color": colour,
            "shape": shape,
            "tooltip": [{"field": name} for name in ("kind", "measured", "predicted", "low", "high")],
        },
    }
    return {
        "width": 520,
        "height": 420,
        "transform": [{"filter": "datum.objective === objective"}],
        "layer": [line, bars, points],
    }
