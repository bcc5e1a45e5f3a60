"""What the still figures share: type and sizes, axes, curves, dots and heat maps, with matplotlib."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import matplotlib.style
import numpy as np
import pandas as pd
from matplotlib.axes import Axes as Axes
from matplotlib.collections import QuadMesh
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Colormap, LogNorm, Normalize, to_rgb
from matplotlib.figure import Figure as Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D as Line2D
from matplotlib.patches import Patch as Patch
from matplotlib.patches import Rectangle as Rectangle
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FixedLocator as FixedLocator
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from perftransfer.figures._palette import Style

SMALL, NORMAL = 6.5, 7.5  # points
LINE = 0.11  # inches that a line of small type takes, its leading included
WIDEST = 20.0  # inches, either way
INK, FAINT, HATCH = "#222222", "#f2f2f2", "#bbbbbb"
SEQUENTIAL = "Blues"  # its lightness falls steadily: it stays in order when printed in grey

SETTINGS = {
    "font.size": NORMAL,
    "axes.titlesize": NORMAL,
    "axes.titlelocation": "left",
    "axes.labelsize": NORMAL,
    "axes.edgecolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "figure.titlesize": 9,
    "figure.titleweight": "bold",
    "figure.dpi": 200,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.5,
    "hatch.linewidth": 0.4,
    "legend.fontsize": NORMAL,
    "legend.frameon": False,
    "legend.handlelength": 3.2,
    "lines.linewidth": 1.2,
    "lines.markersize": 4.5,
    "text.color": INK,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    # Glyphs as outlines look the same in every viewer; the words stay in the file as comments.
    "svg.fonttype": "path",
    "svg.hashsalt": "perftransfer",
    "pdf.fonttype": 42,
}


@contextmanager
def settings() -> Iterator[None]:
    """Matplotlib's defaults and then ours, whatever the user's own matplotlibrc says."""
    with matplotlib.style.context(["default", SETTINGS]):
        yield


def new(width: float, height: float, title: str) -> Figure:
    """Return an empty figure with a title; what is added is laid out around it.

    width, height: in inches; it is wider where the title needs that, and cut at 20.
    """
    width = max(width, width_of(title, 9, bold=True) + 0.25)
    figure = Figure(figsize=(min(width, WIDEST), min(height, WIDEST)), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def label_outer(grid: np.ndarray, panels: int, x: str, y: str = "") -> None:
    """Hide what is no panel of ``grid``, and label axes at the left and the lowest panel of each column."""
    across = grid.shape[1]
    for i, axes in enumerate(grid.flat):
        axes.set_visible(i < panels)
        if i % across == 0:
            axes.set_ylabel(y)
        if panels - across <= i < panels:
            axes.set_xlabel(x)
            axes.tick_params(labelbottom=True)


def note(figure: Figure, *sentences: str) -> None:
    """Write the sentences that are not empty below everything else."""
    text = "\n".join(sentence for sentence in sentences if sentence)
    if text:
        figure.supxlabel(text, x=0.01, ha="left", fontsize=SMALL)


def heading(axes: Axes, group: str, name: str) -> None:
    """Write ``name`` above a panel and, above that, ``group``: of panels that this one is the first of, else ""."""
    axes.set_title(name, fontweight="bold")
    if group:
        # It may be wider than its panel, over its neighbours: the layout reckons with a blank of its height.
        for text in (group, " "):
            above = axes.annotate(
                text, (0, 1), (0, 5 + 1.5 * NORMAL), xycoords="axes fraction", textcoords="offset points",
                fontsize=NORMAL + 1, fontweight="bold",
            )  # fmt: skip
            above.set_in_layout(text == " ")


def stripes(axes: Axes, rows: int) -> None:
    """Shade every other one of so many rows, each 1 high, from top to bottom, and draw the grid across them."""
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    for i in range(0, rows, 2):
        axes.axhspan(i, i + 1, color=FAINT, linewidth=0, zorder=0)


def row_labels(axes: Axes, labels: Sequence[str]) -> None:
    """Write a label in the middle of each row, rows being 1 high, from top to bottom."""
    axes.set_ylim(len(labels), 0)
    axes.set_yticks(np.arange(len(labels)) + 0.5, labels, linespacing=1.05)


def empty(title: str, reason: str) -> Figure:
    """Return a figure that says that there is nothing to show, and why."""
    figure = new(6.0, 1.6, title)
    figure.text(0.5, 0.45, f"Nothing to show: {reason}", ha="center", va="center", wrap=True)
    return figure


def width_of(text: str, size: float = SMALL, bold: bool = False) -> float:
    """Return the width in inches of the longest line of ``text``, set in ``size`` points."""
    font = FontProperties(size=size, weight="bold" if bold else "normal")
    widths = [text_to_path.get_text_width_height_descent(line, font, ismath=False)[0] for line in text.split("\n")]
    return float(max(widths)) / 72


def plain(value: float) -> str:
    """Three digits without an exponent as long as that is readable: 0.05, 2.5, 120, 4000, 2e6."""
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}" if value < 1e5 else f"{value:.0e}".replace("e+0", "e")


def logarithmic(axes: Axes, axis: str, low: float, high: float, inches: float = math.inf) -> None:
    """Make ``axis`` ("x" or "y") logarithmic from ``low`` to ``high``, ticks at 1, 2, 5 or, over many decades, 1.

    inches: how long the axis is; there are fewer ticks if their labels would touch.
    """
    which = axes.xaxis if axis == "x" else axes.yaxis
    axes.set(**{f"{axis}scale": "log", f"{axis}lim": (low, high)})
    which.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high / low < 2000 else (1.0,), numticks=20))
    which.set_minor_locator(NullLocator())
    which.set_major_formatter(FuncFormatter(lambda value, _: plain(value)))
    if math.isfinite(inches):
        which.set_major_locator(FixedLocator(sparse(low, high, inches)))


def sparse(low: float, high: float, inches: float) -> list[float]:
    """Return round numbers from ``low`` to ``high`` whose labels have room side by side on a logarithmic axis."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    scale = inches / math.log10(high / low)
    values: list[float] = []
    for digits, step in (((1, 2, 5), 1), ((1, 3), 1), *(((1,), step) for step in range(1, len(decades) + 1))):
        rounds = (digit * 10.0**decade for decade in decades if decade % step == 0 for digit in digits)
        values = [value for value in rounds if low <= value <= high]
        halves = [width_of(plain(value)) / 2 + 0.03 for value in values]
        gaps = [scale * math.log10(b / a) for a, b in itertools.pairwise(values)]
        if all(gap > left + right for gap, left, right in zip(gaps, halves, halves[1:], strict=False)):
            break
    return values


def scale_errors(axes: Axes, axis: str, values: np.ndarray, inches: float = math.inf) -> None:
    """Scale ``axis`` ("x" or "y") for errors: logarithmic where they span more than a factor of 8, else from 0.

    inches: how long the axis is, as for ``logarithmic``.
    """
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if low > 0 and high / low > 8:
        logarithmic(axes, axis, low / 1.15, high * 1.15, inches)
    else:
        axes.set(**{f"{axis}lim": (0, high * 1.08 or 1)})


def budget_axis(axes: Axes, budgets: list[float], inches: float) -> None:
    """Put a tick at each budget on a logarithmic x axis of that length, labelled where there is room."""
    axes.set_xscale("log")
    axes.xaxis.set_minor_locator(NullLocator())
    if not budgets:
        axes.set_xticks([])
        return
    span = math.log(budgets[-1] / budgets[0])
    margin = 0.08 * span or 0.5
    axes.set_xlim(budgets[0] * math.exp(-margin), budgets[-1] * math.exp(margin))
    scale = inches / (span + 2 * margin)
    labels, free = [], -math.inf
    for budget in budgets:
        text, position = plain(budget), math.log(budget) * scale
        half = width_of(text) / 2
        fits = position - half > free
        labels.append(text if fits else "")
        free = position + half + 0.04 if fits else free
    axes.set_xticks(budgets, labels)


APART = 0.023  # part of the axis by which points of one budget stand apart
SPREAD = 0.11  # part of the axis over which they are spread at most, so that they stay within it
SPREAD_TO_NEXT = 0.6  # part of the way from one budget to the next over which they are spread at most
ENTRY = 0.16  # inches that a line of the legend is high
DOT_OPACITY = 0.3
BUDGET = "budget (configurations measured)"
MAPE = "MAPE on the test set (%)"


def marker(look: Style, size: float = 5.5) -> dict[str, Any]:
    """Return how a marker is drawn, with a white rim that tells it from its neighbours."""
    rim = {"markeredgecolor": "white", "markeredgewidth": 0.3}
    return {"color": look.colour, "marker": look.marker, "markersize": size, **rim}


def curves(
    axes: Axes, values: pd.DataFrame, looks: Mapping[str, Style], budgets: Sequence[float], inches: float
) -> None:
    """Draw ``values``, indexed by (name, budget): ends of the bar and its middle in columns low, middle and high.

    What measures nothing in the target is a horizontal line, its bar a band. inches: how long the x axis is.
    """
    axes.grid(axis="y")
    budget_axis(axes, list(budgets), inches)
    present = values.index.get_level_values(0)
    measuring = [name for name in looks if name in present and (values.loc[name].index > 0).any()]
    step = apart(budgets, len(measuring))
    for name, look in looks.items():
        if name not in present:
            continue
        curve = values.loc[name, ["low", "middle", "high"]]
        if name not in measuring:
            low, middle, high = curve.iloc[0]
            axes.axhspan(low, high, color=look.colour, alpha=0.15, linewidth=0, zorder=0.5)
            axes.axhline(middle, color=look.colour, linestyle=look.line, linewidth=1.6)
            continue
        curve = curve[curve.index > 0]
        x = curve.index.to_numpy() * math.exp(step * (measuring.index(name) - (len(measuring) - 1) / 2))
        low, middle, high = curve.to_numpy().T
        axes.plot(x, middle, linestyle=look.line, **marker(look))
        axes.vlines(x, low, high, color=look.colour, linewidth=0.9)


def apart(budgets: Sequence[float], points: int) -> float:
    """Return by how much ``points`` of one budget stand apart, on a logarithmic axis."""
    gaps = [math.log(after / before) for before, after in itertools.pairwise(budgets)] or [1.0]
    return min(APART * sum(gaps), min(SPREAD * sum(gaps), SPREAD_TO_NEXT * min(gaps)) / max(1, points - 1))


def legend_size(looks: Mapping[str, Style]) -> tuple[float, float]:
    """Return width and height in inches that ``legend`` takes."""
    names = max(width_of(name, NORMAL) for name in looks)
    return max(1.2, names + 0.7), ENTRY * (len(looks) + 1) + 0.2


def handles(looks: Mapping[str, Style], **line: Any) -> list[Line2D]:
    """Return a legend's handle for each strategy or learner; ``line``: what differs from its own look."""
    return [
        Line2D([], [], label=name, **{"color": look.colour, "linestyle": look.line, "marker": look.marker, **line})
        for name, look in looks.items()
    ]


def legend(figure: Figure, looks: Mapping[str, Style]) -> None:
    """Name the strategies at the right."""
    lines = handles(looks)
    for line in lines:
        if line.get_label() == "DM":
            line.set_marker("")
    figure.legend(handles=lines, loc="outside right upper", title="strategy")


def dot_handle(label: str) -> Line2D:
    """Return a legend's handle for a faint dot."""
    return Line2D([], [], color="#333333", marker=".", linestyle="", alpha=DOT_OPACITY, label=label)


def dots(axes: Axes, at: float, values: np.ndarray, look: Style, upright: bool = False) -> None:
    """Draw ``values`` at the height ``at``, or above it on the x axis if ``upright``: dots, median and quartiles."""
    values = values[np.isfinite(values)]
    if not len(values):
        return
    low, middle, high = np.percentile(values, [25, 50, 75])
    faint: dict[str, Any] = {"marker": ".", "linestyle": "", "markersize": 4, "markeredgewidth": 0}
    draw_bar = axes.vlines if upright else axes.hlines

    def draw(numbers: np.ndarray, **look: Any) -> None:
        positions = np.full(len(numbers), at)
        axes.plot(*((positions, numbers) if upright else (numbers, positions)), **look)

    draw(values, color=look.colour, alpha=DOT_OPACITY, **faint)
    draw_bar(at, low, high, color=look.colour, linewidth=1.2)
    draw(np.array([middle]), **marker(look, 5.2))


ANNOTATED = 8  # columns up to which a cell has room for its number

VECTORS = 5_000  # cells beyond which they are drawn as one image


def heatmap(
    axes: Axes,
    values: np.ndarray,
    norm: Normalize,
    rows: Sequence[str],
    columns: Sequence[str],
    number: Callable[[float], str] | None,
    colours: str = SEQUENTIAL,
) -> QuadMesh:
    """Draw ``values`` (rows x columns) from top to bottom, each cell with ``number(value)`` in it if given.

    Labels stand at the left and, upright, below. colours: name of the colour map.
    """
    small = values.size > VECTORS
    mesh = axes.pcolormesh(
        np.ma.masked_invalid(values), cmap=colours, norm=norm, edgecolors="white", linewidth=0.15 if small else 0.6,
        rasterized=small,
    )  # fmt: skip
    axes.patch.set(facecolor="white", edgecolor=HATCH, hatch="//////")
    row_labels(axes, rows)
    axes.set_xticks(np.arange(len(columns)) + 0.5, columns, rotation=90, multialignment="right", linespacing=1.05)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    if number is not None:
        for (i, j), value in np.ndenumerate(values):
            if np.isfinite(value):
                colour = ink(norm(value), mpl.colormaps[colours])
                axes.text(j + 0.5, i + 0.5, number(value), ha="center", va="center", fontsize=SMALL, color=colour)
    return mesh


def frame(axes: Axes, cells: np.ndarray) -> None:
    """Draw a frame inside each cell of a heat map that ``cells`` says, shape (rows, columns)."""
    for row, column in np.argwhere(cells):
        axes.add_patch(Rectangle((column + 0.06, row + 0.08), 0.88, 0.84, fill=False, edgecolor=INK, linewidth=0.7))


def plain_bar(bar: Colorbar) -> None:
    """Write the numbers of a colour bar without exponents, at 1, 2, 5 where it is logarithmic."""
    if isinstance(bar.norm, LogNorm):
        bar.ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    bar.ax.yaxis.set_minor_locator(NullLocator())
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: plain(value)))
    bar.outline.set_visible(False)


def ink(shade: float, colours: Colormap) -> str:
    """Return the colour of type, black or white, that can be read on ``shade`` (0 to 1) of ``colours``."""
    red, green, blue = to_rgb(colours(min(max(float(shade), 0.0), 1.0)))
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 0.55 else "black"


def scale(values: np.ndarray) -> Normalize:
    """Return the scale of positive ``values``: logarithmic if they span more than a factor of 8, else from 0."""
    finite = values[np.isfinite(values)]
    low, high = float(finite.min()), float(finite.max())
    if low > 0 and high / low > 8:
        return LogNorm(low, high)
    return Normalize(0, high if high > 0 else 1)
