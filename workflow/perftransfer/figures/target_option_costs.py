"""What each option costs in a target, one at a time, from the recommended configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perftransfer import objectives
from perftransfer.figures import _vega
from perftransfer.figures.interface import Figure, Inputs, NothingToShow
from perftransfer.lazy import np, pd
from perftransfer.tables.option_costs import by_influence

if TYPE_CHECKING:
    from perftransfer.figures._target import Target

_COLOURS = {"measured": "#004c97", "predicted": "#c8500a"}
_SHAPES = {"measured": "circle", "predicted": "triangle-up"}


@dataclass(frozen=True, eq=False)
class Ratios:
    """What is drawn.

    Parameters
    ----------
    rows
        Columns objective, label, status, value, ratio, low, high, order: a row per option and other level.
    n_failed
        Changes that have no value, since they failed when measured.
    """

    target: Target
    rows: pd.DataFrame
    n_failed: int

    @property
    def statuses(self) -> list[str]:
        """How values are known."""
        return [status for status in _COLOURS if (self.rows["status"] == status).any()]

    @property
    def ratios(self) -> list[float]:
        """All ratios, and 1, that of the recommended configuration."""
        return [1.0, *map(float, self.rows["ratio"])]


class TargetOptionCosts(Figure[Ratios]):
    """A point per option and other level: the objective relative to that of the recommended configuration."""

    title = "What each option costs, one at a time"
    caption = (
        "A point per option and other level: the objective where only this option of the recommended configuration is "
        "changed, relative to that configuration (dashed line)"
    )
    inputs = ("target",)
    section = "recommendation"
    still = False

    def select(self, inputs: Inputs, objective: str) -> Ratios:
        """Return the ratios, options that matter most first."""
        target = inputs["target"]
        parts = [by_influence(part) for _, part in target.option_costs.groupby("objective", sort=False)]
        rows = pd.concat(parts) if parts else target.option_costs
        good = rows[rows["change"].notna()]
        if good.empty:
            raise NothingToShow("no option can be changed")
        drawn = pd.DataFrame(
            {
                "objective": good["objective"],
                "label": good["option"] + "=" + good["level"],
                "status": good["status"],
                "value": good["value"],
                "ratio": 1 + good["change"],
                "low": 1 + good["low"],
                "high": 1 + good["high"],
                "order": np.arange(len(good)),
            }
        )
        return Ratios(target, drawn, len(rows) - len(good))

    def interactive(self, data: Ratios) -> _vega.Interactive:
        """Return points of the objective that the reader chooses, measured and predicted ones told apart."""
        rows, label = data.rows, data.target.label
        names = list(dict.fromkeys(rows["objective"]))
        title = objectives.split(names[0])[0] if len(names) == 1 else "the chosen objective"
        # On a linear scale of learning, an interval may reach down to 0, which no logarithmic axis has.
        floor = min(data.ratios) / 10 if _vega.scale(data.ratios) == "log" else -np.inf
        caption = self.caption + (
            "; bars are intervals with a nominal coverage of 90 %" if rows["low"].notna().any() else ""
        )
        failed = f" {data.n_failed} changes failed when measured and are not shown." if data.n_failed else ""
        return _vega.Interactive(
            title=f"{self.title}, in {label}",
            caption=f"{caption}.{failed}",
            description=f"Points: relative change of the objective in {label}, by option and level.",
            content=_chart(data, title),
            columns={
                **{name: list(rows[name].astype(object)) for name in ("objective", "label", "status")},
                **{name: _vega.column(rows[name]) for name in ("value", "ratio", "high", "order")},
                "low": _vega.column(rows["low"].clip(lower=floor)),
            },
            controls=[_vega.Choice("objective", "Objective", [(name, objectives.label(name)) for name in names])],
        )


def _chart(data: Ratios, title: str) -> _vega.Spec:
    scale = _vega.padded(data.ratios)
    axis = {"type": "quantitative", "scale": scale, "title": f"{title} relative to the recommended configuration"}
    y = {"field": "label", "type": "nominal", "title": None, "sort": {"field": "order", "op": "min"}}
    legend = {"title": None, "orient": "top"}
    colour = _vega.by_value("status", data.statuses, [_COLOURS[status] for status in data.statuses], legend)
    shape = _vega.by_value("status", data.statuses, [_SHAPES[status] for status in data.statuses], legend)
    line = {
        "mark": {"type": "rule", "color": _vega.SOFT, "strokeDash": [5, 4], "aria": False},
        "encoding": {"x": {"datum": 1, **axis}},
    }
    bars = {
        "transform": [{"filter": "isValid(datum.low)"}],
        "mark": {"type": "rule", "strokeWidth": 1.6, "opacity": 0.7, "aria": False},
        "encoding": {"x": {"field": "low", **axis}, "x2": {"field": "high"}, "y": y, "color": colour},
    }
    titles = {"label": "changed to", "status": "known by", "ratio": "ratio", "low": "from", "high": "to"}
    points = {
        "mark": {"type": "point", "filled": True, "size": 80, "opacity": 1},
        "encoding": {
            "x": {"field": "ratio", **axis},
            "y": y,
            "color": colour,
            "shape": shape,
            "tooltip": _vega.tooltip({**titles, "value": title}),
        },
    }
    return {
        "width": 560,
        "height": {"step": 20},
        "transform": [{"filter": "datum.objective === objective"}],
        "layer": [line, bars, points],
    }
