"""What can be reached at the same time in a target: its configurations by two objectives."""

from __future__ import annotations

from perftransfer import objectives
from perftransfer.figures import _vega
from perftransfer.figures._target import COLOURS, FRONT, KINDS, Points
from perftransfer.figures.interface import Figure, Inputs, NothingToShow


class TargetFront(Figure[Points]):
    """A point per configuration of a target, at its predicted values of two objectives."""

    title = "Two objectives at the same time"
    caption = (
        "A point per configuration, at its predicted values. No configuration is predicted to be better than one on "
        "the Pareto front in one objective and no worse in the others; recommended configurations may be on it as well."
    )
    inputs = ("target",)
    section = "recommendation"
    still = False

    def select(self, inputs: Inputs, objective: str) -> Points:
        """Return the configurations."""
        points = Points.of(inputs["target"])
        if len(points.objectives) < 2:
            raise NothingToShow("there is one objective only")
        return points

    def interactive(self, data: Points) -> _vega.Interactive:
        """Return points by the two objectives that the reader chooses."""
        names, label = data.objectives, data.target.label
        title = {"title": data.axis_title} if len(names) > 2 else {}
        axes = {
            channel: {
                "field": f"{channel}_value",
                "type": "quantitative",
                "title": objectives.label(name),
                "scale": data.scale(),
                **title,
            }
            for channel, name in zip("xy", names, strict=False)
        }
        line = {"type": "line", "interpolate": "step-after", "strokeWidth": 1.5, "aria": False}
        front = {
            "mark": {**line, "color": COLOURS[KINDS.index(FRONT)]},
            "transform": [{"filter": "datum.front"}],
            "encoding": {**axes, "order": {"field": "x_value", "type": "quantitative"}},
        }
        points = {"mark": {"type": "point", "filled": True, "opacity": 0.85}, "encoding": {**axes, **data.by_kind}}
        choices = data.choices
        return _vega.Interactive(
            title=f"{self.title} in {label}",
            caption=self.caption + data.excerpt,
            description=f"Points: two objectives of each configuration of {label}, as predicted.",
            content={
                "width": 820,
                "height": 420,
                "transform": [
                    {"calculate": "datum[across]", "as": "x_value"},
                    {"calculate": "datum[up]", "as": "y_value"},
                    {"filter": "isValid(datum.x_value) && isValid(datum.y_value)"},
                ],
                # With three objectives or more, the front is no line in two of them.
                "layer": [front, points] if len(names) == 2 else [points],
            },
            columns={**data.columns, "front": data.on_front},
            controls=[
                _vega.Choice("across", "Horizontal axis", choices),
                _vega.Choice("up", "Vertical axis", [choices[1], choices[0], *choices[2:]]),
            ],
        )
