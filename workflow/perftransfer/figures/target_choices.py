"""The configurations of a target by the level of an option."""

from __future__ import annotations

from perftransfer.figures import _points, _vega
from perftransfer.figures._target import Points
from perftransfer.figures.interface import Figure, Inputs, NothingToShow


class TargetChoices(Figure[Points]):
    """A point per configuration of a target, at its predicted value, by the level of an option."""

    title = "Configurations to choose from"
    caption = (
        "A point per configuration, at its predicted value, by the level of the chosen option; within a level, points "
        "are shifted sideways so that they do not overlap. Marked are the default and configurations that were "
        "measured or are recommended."
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
        content = _points.chart(levels, "objective", {"title": data.axis_title, "scale": data.scale()})
        content["mark"] = {"type": "point", "filled": True, "opacity": 0.85}
        content["encoding"] |= data.by_kind
        return _vega.Interactive(
            title=f"{self.title} in {label}",
            caption=self.caption + data.excerpt,
            description=f"Points: the predicted value of each configuration of {label}, by option.",
            content=content,
            columns={**data.columns, "beside": _points.side_by_side(len(data.rows))},
            controls=[
                _vega.Choice("objective", "Objective", data.choices),
                _vega.Choice("option", "Option", [(f"o{i}", name) for i, name in enumerate(data.options)]),
            ],
        )
