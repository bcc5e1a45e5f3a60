"""Values on a line: each as a faint dot, their quartiles as a bar, their median as a marker."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from perftransfer.figures._style import Style

FAINT = 0.3  # opacity of a dot


def dots(axes: Axes, place: float, values: np.ndarray, look: Style, upright: bool = False) -> None:
    """Draw ``values`` at the height ``place``, or above the place on the x axis if ``upright``."""
    values = values[np.isfinite(values)]
    if not len(values):
        return
    low, middle, high = np.percentile(values, [25, 50, 75])
    places = np.full(len(values), place)
    dot: dict[str, Any] = {
        "marker": ".",
        "linestyle": "",
        "markersize": 4,
        "color": look.colour,
        "alpha": FAINT,
        "markeredgewidth": 0,
    }
    marker: dict[str, Any] = {
        "marker": look.marker, "markersize": 5.2, "color": look.colour, "markeredgecolor": "white",
        "markeredgewidth": 0.3,
    }  # fmt: skip
    if upright:
        axes.plot(places, values, **dot)
        axes.vlines(place, low, high, color=look.colour, linewidth=1.2)
        axes.plot(place, middle, **marker)
    else:
        axes.plot(values, places, **dot)
        axes.hlines(place, low, high, color=look.colour, linewidth=1.2)
        axes.plot(middle, place, **marker)
