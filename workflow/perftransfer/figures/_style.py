"""How figures look: type, sizes, and one colour, marker and line for each strategy in all of them."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import matplotlib.style
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

from perftransfer.palette import KNOWN as KNOWN
from perftransfer.palette import OTHERS as OTHERS
from perftransfer.palette import Style as Style
from perftransfer.palette import of_learners as of_learners
from perftransfer.palette import styles as styles

Draw = Callable[[Mapping[str, pd.DataFrame], str], Figure]

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


def styled(draw: Draw) -> Draw:
    """Make a figure's ``draw`` run under ``settings``."""

    @functools.wraps(draw)
    def drawn(tables: Mapping[str, pd.DataFrame], objective: str) -> Figure:
        with settings():
            return draw(tables, objective)

    return drawn


def new(width: float, height: float, title: str) -> Figure:
    """Return an empty figure with a title; what is added is laid out around it.

    width, height: in inches; it is wider where the title needs that, and cut at 20.
    """
    width = max(width, width_of(title, 9, bold=True) + 0.25)
    figure = Figure(figsize=(min(width, WIDEST), min(height, WIDEST)), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left")
    return figure


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
    found: list[float] = []
    for digits, step in (((1, 2, 5), 1), ((1, 3), 1), *(((1,), step) for step in range(1, len(decades) + 1))):
        found = [digit * 10.0**decade for decade in decades if decade % step == 0 for digit in digits]
        found = [value for value in found if low <= value <= high]
        halves = [width_of(plain(value)) / 2 + 0.03 for value in found]
        gaps = [scale * math.log10(b / a) for a, b in itertools.pairwise(found)]
        if all(gap > left + right for gap, left, right in zip(gaps, halves, halves[1:], strict=False)):
            break
    return found


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
        text, place = plain(budget), math.log(budget) * scale
        half = width_of(text) / 2
        fits = place - half > free
        labels.append(text if fits else "")
        free = place + half + 0.04 if fits else free
    axes.set_xticks(budgets, labels)
