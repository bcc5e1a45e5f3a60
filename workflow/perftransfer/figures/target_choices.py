"""What may be chosen in a target: its configurations by the level of an option."""

from __future__ import annotations

from perftransfer import objectives
from perftransfer.figures import _points, _vega
from perftransfer.figures._target import Points
from perftransfer.figures.interface import Figure, Inputs, NothingToShow


class TargetChoices(Figure[Points]):
    """A point per configuration of a target, at what is predicted, by the level of an option."""

    title = "What may be chosen"
    caption = (
        "A point per configuration, at what is predicted of it, by the level of the chosen option; within a level they "
        "stand side by side only to be told apart. Marked is what was measured, recommended, and the default."
    )
    inputs = ("target",)
    section = "recommendation"
    still = False

    def select(self, inputs: Inputs, objective: str) -> Points:
        """Return the configurations."""
        points = Points.of(inputs["target"])
        if not points.options:
            raise NothingToShow("no option varies")
        return points

    def interactive(self, data: Points) -> _vega.Interactive:
        """Return points by the objective and option that the reader chooses."""
        label = data.target.label
        levels = {f"o{i}": _points.levels_of(data.rows[name]) for i, name in enumerate(data.options)}
        value = {"field": "value", "type": "quantitative", "title": data.axis_title, "scale": data.scale()}
        content: _vega.Spec = {
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
                *_points.LEVEL,
            ],
            "mark": {"type": "point", "filled": True, "opacity": 0.85},
            "encoding": {**_points.by_level(levels), "y": value, **data.by_kind},
        }
        every = [(f"v{i}", objectives.label(name)) for i, name in enumerate(data.objectives)]
        return _vega.Interactive(
            title=f"{self.title} in {label}",
            caption=self.caption + data.some,
            chart=_vega.chart(f"Points: what is predicted of each configuration of {label}, by option.", content),
            columns={**data.columns, "beside": _points.side_by_side(len(data.rows))},
            controls=[
                _vega.Choice("objective", "Objective", every),
                _vega.Choice("option", "Option", [(f"o{i}", name) for i, name in enumerate(data.options)]),
            ],
        )
