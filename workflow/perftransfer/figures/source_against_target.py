"""The same configurations in one environment against another, one panel per pair."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from perftransfer import objectives
from perftransfer.figures import _palette
from perftransfer.figures._environments import Environments, filled
from perftransfer.figures._lazy import mpl
from perftransfer.figures.interface import Figure, Inputs, NothingToShow
from perftransfer.lazy import np, pd
from perftransfer.results import formatting

INSET = 0.05  # part of a cell left free at each side
NARROWEST = math.log10(2.6)  # decades; always holds one of 1, 2, 5, so that each axis has a tick
VECTORS = 20_000  # points beyond which they are drawn as one image
FEWEST = 3  # common configurations that a rank correlation needs


@dataclass(frozen=True, eq=False)
class Values:
    """What is drawn.

    Parameters
    ----------
    logs
        log10 of the values, configurations x environments.
    correlation
        Spearman's rank correlation of each pair, shape (environments, environments).
    """

    objective: str
    logs: pd.DataFrame
    correlation: np.ndarray
    environments: Environments


class SourceAgainstTarget(Figure[Values]):
    """Values of the same configurations in each pair of environments."""

    title = "Source against target"
    caption = (
        "Below the diagonal: a point per configuration, its value in the column's environment to the right and in the "
        "row's environment upwards, on logarithmic axes that all span the same ratio; the dashed line marks equal "
        "values. Above the diagonal: Spearman's rank correlation of the same pair, darker is more similar; on it: the "
        "range of values in that environment. A narrow band that rises at 45 degrees transfers by a constant factor, a "
        "bent band needs more than that, a cloud does not transfer."
    )
    inputs = ("environments", "values")
    section = "alike"
    several = True

    def select(self, inputs: Inputs, objective: str) -> Values:
        """Return the values of environments that have some, and how they are correlated."""
        logs = logarithms(inputs["values"])
        if logs.shape[1] < 2:
            raise NothingToShow(f"{objective} was measured in {logs.shape[1]} environments, a comparison needs two")
        names = Environments(inputs["environments"], logs.columns)
        logs = logs[names.names]
        return Values(objective, logs, logs.corr(method="spearman", min_periods=FEWEST).to_numpy(), names)

    def draw(self, data: Values) -> mpl.Figure:
        """Draw a cell per pair."""
        names, logs = data.environments, data.logs
        low, high = logs.min().to_numpy(), logs.max().to_numpy()
        scale = Scale((low + high) / 2, max(NARROWEST, float((high - low).max())) * 1.06)
        cell = min(2.2, max(6.4 / len(names), 0.76), 16 / len(names))  # inches
        axes = cells(self.heading(data.objective), names, scale, cell, objectives.label(data.objective))
        points(axes, logs.to_numpy(), scale)
        correlations(axes, data.correlation, mpl.NORMAL if cell < 1 else 10)
        unit = objectives.split(data.objective)[1]
        for i, (least, most) in enumerate(zip(10**low, 10**high, strict=True)):
            text = f"{mpl.plain(least)} to\n{mpl.plain(most)} {unit}".strip()
            axes.text(i + 0.5, i + 0.5, text, ha="center", va="center", fontsize=mpl.SMALL)
        ticks(axes, scale, len(names), cell)
        return axes.figure.figure


class Scale(NamedTuple):
    """Logarithmic axes: where the middle of each environment's axis lies and how many decades each spans."""

    middles: np.ndarray
    span: float

    def position(self, logs: np.ndarray | float, environment: int) -> np.ndarray:
        """Return where values (log10) lie in a cell, from 0 to 1."""
        return np.asarray(INSET + (1 - 2 * INSET) * ((logs - self.middles[environment]) / self.span + 0.5))

    def ticks(self, environment: int) -> dict[str, float]:
        """Return 1, 2, 5, 10, … on an environment's axis, and where they lie in a cell."""
        middle = self.middles[environment]
        decades = range(math.floor(middle - self.span), math.ceil(middle + self.span) + 1)
        values = [(digit * 10.0**decade) for decade in decades for digit in (1, 2, 5)]
        positions = {mpl.plain(value): float(self.position(math.log10(value), environment)) for value in values}
        return {text: at for text, at in positions.items() if INSET <= at <= 1 - INSET}


def cells(title: str, names: Environments, scale: Scale, cell: float, label: str) -> mpl.Axes:
    """Return axes in a new figure on which the cell of row i and column j reaches from (j, i) to (j + 1, i + 1).

    One axes for all cells, since 400 of them would take half a minute to draw. All else stands around it in inches.
    """
    n = len(names)
    roomy = cell > 1.3
    rows = names.labels(lines=2)
    columns = [filled(text, int(cell / 0.065)) for text in names.labels()] if roomy else rows
    numbers = max(mpl.width_of(text) for i in range(n) for text in scale.ticks(i))
    lines = max(label.count("\n") + 1 for label in columns)
    names_high = lines * mpl.LINE if roomy else max(map(mpl.width_of, columns))
    foot = 0.35 if names.note else 0.15
    left, below = numbers + max(map(mpl.width_of, rows)) + 0.6, names_high + foot + 0.6
    figure = mpl.new(max(left + n * cell + 0.15, mpl.width_of(title, 9) + 0.3), below + n * cell + 0.6, title)
    mpl.note(figure, names.note)
    figure.set_layout_engine("none")
    width, height = figure.get_size_inches()
    figure.suptitle(title, x=0.1 / width, y=1 - 0.1 / height, ha="left")
    middle, centre = (left + n * cell / 2) / width, (below + n * cell / 2) / height
    figure.text(middle, foot / height, f"{label} in the column's environment", ha="center")
    figure.text(0.1 / width, centre, f"{label} in the row's environment", rotation=90, va="center")

    axes = figure.add_axes((left / width, below / height, n * cell / width, n * cell / height))
    axes.set(xlim=(0, n), ylim=(n, 0))
    axes.spines[:].set_visible(False)
    axes.text(n - 0.02, -0.04 / cell, "Spearman's rank correlation", ha="right", va="bottom", fontsize=mpl.SMALL)
    for i, (row, column) in enumerate(zip(rows, columns, strict=True)):
        axes.text(-(numbers + 0.15) / cell, i + 0.5, row, ha="right", va="center", fontsize=mpl.SMALL)
        turn: dict[str, Any] = {"ma": "center"} if roomy else {"rotation": 90, "ma": "right"}
        axes.text(i + 0.5, n + 0.25 / cell, column, ha="center", va="top", fontsize=mpl.SMALL, **turn)
    return axes


def logarithms(values: pd.DataFrame) -> pd.DataFrame:
    """Return log10 of the positive values, configurations x environments, of environments that have some."""
    positive = values.where(values > 0).dropna(axis="columns", how="all")
    return pd.DataFrame(np.log10(positive.to_numpy()), index=positive.index, columns=positive.columns)


def points(axes: mpl.Axes, logs: np.ndarray, scale: Scale) -> None:
    """Draw the cells below the diagonal: a frame, the line of equal values, and a point per configuration."""
    from matplotlib.collections import LineCollection

    x, y, lines = [], [], []
    n = logs.shape[1]
    for column, row in itertools.combinations(range(n), 2):
        box(axes, row, column, "white")
        x.append(column + scale.position(logs[:, column], column))
        y.append(row + 1 - scale.position(logs[:, row], row))
        start = scale.middles[[column, row]].max() - scale.span / 2
        end = scale.middles[[column, row]].min() + scale.span / 2
        if start < end:
            ends = [(column + scale.position(at, column), row + 1 - scale.position(at, row)) for at in (start, end)]
            lines.append(np.array(ends, dtype=float))
    axes.add_collection(LineCollection(lines, colors="#777777", linewidths=0.7, linestyles=(0, (4, 2))), autolim=False)
    colour = _palette.KNOWN["LMS"].colour
    size = 2.6 if n <= 8 else 1.6
    axes.plot(
        np.concatenate(x), np.concatenate(y), "o", markersize=size, color=colour, alpha=0.6, markeredgewidth=0,
        rasterized=sum(map(len, x)) > VECTORS,
    )  # fmt: skip


def box(axes: mpl.Axes, row: int, column: int, face: Any) -> None:
    """Draw the frame of a cell."""
    axes.add_patch(mpl.Rectangle((column + 0.02, row + 0.02), 0.96, 0.96, facecolor=face, edgecolor=mpl.HATCH, lw=0.5))


def correlations(axes: mpl.Axes, correlation: np.ndarray, size: float) -> None:
    """Draw the cells above the diagonal: the rank correlation as a number and a shade."""
    from matplotlib import colormaps

    colours = colormaps[mpl.SEQUENTIAL]
    for row, column in itertools.combinations(range(len(correlation)), 2):
        value = correlation[row, column]
        middle: dict[str, Any] = {"x": column + 0.5, "y": row + 0.5, "ha": "center", "va": "center"}
        if np.isfinite(value):
            box(axes, row, column, colours(max(0.0, value)))
            axes.text(**middle, s=formatting.correlation(value), color=mpl.ink(value, colours), fontsize=size)
        else:
            box(axes, row, column, "white")
            axes.text(**middle, s="too few\nin common", color=mpl.INK, fontsize=mpl.SMALL)


def ticks(axes: mpl.Axes, scale: Scale, n: int, cell: float) -> None:
    """Put ticks at the left and below, as many as there is room for between one number and the next."""
    x: dict[float, str] = {}
    y: dict[float, str] = {}
    free = -math.inf
    for column in range(n - 1):
        for text, position in scale.ticks(column).items():
            at, half = (column + position) * cell, mpl.width_of(text) / 2
            if at - half > free:
                x[column + position] = text
                free = at + half + 0.06
    free = math.inf
    for row in range(n - 1, 0, -1):
        for text, position in scale.ticks(row).items():
            at = (row + 1 - position) * cell
            if at + mpl.LINE / 2 < free:
                y[row + 1 - position] = text
                free = at - mpl.LINE / 2 - 0.02
    axes.set_xticks(list(x), list(x.values()))
    axes.set_yticks(list(y), list(y.values()))
    axes.tick_params(length=2)
