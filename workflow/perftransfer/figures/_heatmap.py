"""A table of numbers as coloured cells; hatched where there is no number."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import Colormap, LogNorm, Normalize, to_rgb

from perftransfer.figures import _style

ANNOTATED = 8  # columns up to which a cell has room for its number

VECTORS = 5_000  # cells beyond which they are drawn as one image


def heatmap(
    axes: Axes,
    values: np.ndarray,
    norm: Normalize,
    rows: Sequence[str],
    columns: Sequence[str],
    number: Callable[[float], str] | None,
    colours: str = _style.SEQUENTIAL,
) -> QuadMesh:
    """Draw ``values`` (rows x columns) from top to bottom, each cell with ``number(value)`` in it if given.

    Labels stand at the left and, upright, below. colours: name of the colour map.
    """
    many = values.size > VECTORS
    mesh = axes.pcolormesh(
        np.ma.masked_invalid(values), cmap=colours, norm=norm, edgecolors="white", linewidth=0.15 if many else 0.6,
        rasterized=many,
    )  # fmt: skip
    axes.patch.set(facecolor="white", edgecolor=_style.HATCH, hatch="//////")
    axes.set_ylim(len(rows), 0)
    axes.set_xticks(np.arange(len(columns)) + 0.5, columns, rotation=90, multialignment="right", linespacing=1.05)
    axes.set_yticks(np.arange(len(rows)) + 0.5, rows, linespacing=1.05)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    if number is not None:
        for (i, j), value in np.ndenumerate(values):
            if np.isfinite(value):
                colour = ink(norm(value), mpl.colormaps[colours])
                axes.text(
                    j + 0.5, i + 0.5, number(value), ha="center", va="center", fontsize=_style.SMALL, color=colour
                )
    return mesh


def ink(shade: float, colours: Colormap) -> str:
    """Return the colour of type, black or white, that can be read on ``shade`` (0 to 1) of ``colours``."""
    red, green, blue = to_rgb(colours(min(max(float(shade), 0.0), 1.0)))
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 0.55 else "black"


def scale(values: np.ndarray) -> Normalize:
    """Return the scale of positive ``values``: logarithmic if they span more than a factor of 8, else from 0."""
    known = values[np.isfinite(values)]
    low, high = float(known.min()), float(known.max())
    if low > 0 and high / low > 8:
        return LogNorm(low, high)
    return Normalize(0, high if high > 0 else 1)
