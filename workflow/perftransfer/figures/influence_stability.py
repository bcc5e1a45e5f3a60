"""Which options and interactions matter everywhere, and which in some environments only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from perftransfer import objectives
from perftransfer.figures import _names, _style, _terms

TITLE = "Stability of influences"
CAPTION = (
    "Left: share of the objective's variance (in percent) that an option (upper part) or an interaction of options "
    "explains, a dot per environment, filled where stepwise regression selects the term there, open where it does not "
    "(what the term would add); the tick is the mean over all environments, and the scale is stretched where shares "
    "are small. Right: in how many environments the term is selected; where these are one or two, their names. Terms "
    "with the largest mean share are shown, those on top that are selected in most environments: dots close together "
    "and a full bar are an influence that carries over, a short bar is one that belongs to some environments."
)
TABLES = ("environments", "influence")
# Of a single environment there is nothing to draw.
SEVERAL = True

ROW = 0.19  # inches
STRIP, BAR = 3.6, 1.0  # inches that the two parts are wide
NAMED = 2  # environments that are named if a term is selected in no more
COLOUR = _style.KNOWN["LMS"].colour
TICKS = (0, 1, 5, 10, 20, 40, 60, 80, 100)  # percent


@_style.styled
def draw(tables: Mapping[str, pd.DataFrame], objective: str) -> Figure:
    """Draw the figure for ``objective``."""
    title = f"{TITLE}: {objectives.label(objective)}"
    columns = ["environment", "objective", "term", "order", "share_of_variance", "selected"]
    rows = tables["influence"].reindex(columns=columns)
    rows = rows[(rows["objective"] == objective) & rows["share_of_variance"].notna()]
    if rows.empty:
        return _style.empty(title, f"no influences of options on {objective} were found")
    names = _names.Environments(tables["environments"], rows["environment"])
    chosen = selected(rows, names.names)
    parts = {order: steadiest(part, chosen) for order, part in _terms.strongest(rows, names.names).items()}
    where = {term: counted(chosen.loc[term], names) for part in parts.values() for term in part.index}

    left = max(_style.width_of(label) for part in parts.values() for label in _terms.labels(part))
    right = max(map(_style.width_of, where.values()))
    figure = _style.new(
        left + STRIP + BAR + right + 0.6,
        sum(ROW * len(part) + 0.3 for part in parts.values()) + 1.2,
        title,
    )
    grid = figure.subplots(
        len(parts), 2, squeeze=False, sharex="col", sharey="row", height_ratios=[len(part) for part in parts.values()],
        width_ratios=[STRIP, BAR],
    )  # fmt: skip
    for (strip, bars), (order, part) in zip(grid, parts.items(), strict=True):
        strip.set_title(_terms.heading(order), fontweight="bold")
        strip.set_yticks(np.arange(len(part)) + 0.5, _terms.labels(part))
        strip.set_ylim(len(part), 0)
        shares(strip, 100 * part, chosen.loc[part.index])
        counts(bars, chosen.loc[part.index].sum(axis="columns").to_numpy(), len(names), [where[t] for t in part.index])
    scale(grid[-1, 0], 100 * max(float(part.max().max()) for part in parts.values()))
    grid[0, 1].set_title("selected in", fontweight="bold")
    grid[-1, 0].set_xlabel("share of variance explained (%)")
    legend(grid[0, 0])
    found, shown = rows["term"].nunique(), sum(map(len, parts.values()))
    _style.note(
        figure,
        f"Environments: {len(names)}, of which {len(names.emulated)} emulated on the same machine."
        if names.emulated
        else f"Environments: {len(names)}.",
        names.note,
        f"The {shown} strongest of {found} terms." if shown < found else "",
    )
    return figure


def selected(rows: pd.DataFrame, environments: list[str]) -> pd.DataFrame:
    """Return whether each term is selected, as terms x environments."""
    marks = rows.assign(selected=rows["selected"].astype("boolean").fillna(False).astype(bool))
    table = marks.pivot_table(index="term", columns="environment", values="selected", aggfunc="max")
    return table.reindex(columns=environments).astype("boolean").fillna(False).astype(bool)


def steadiest(shares: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
    """Sort terms by the number of environments that select them, then by their mean share, as they come."""
    order = chosen.loc[shares.index].sum(axis="columns").sort_values(ascending=False, kind="stable")
    return shares.loc[order.index]


def counted(chosen: pd.Series, names: _names.Environments) -> str:
    """Return what stands beside a term's bar: "3 of 8", and the names of the environments if these are few."""
    count = int(chosen.sum())
    few = 0 < count <= NAMED and len(names) > NAMED
    own = [label for label, mark in zip(names.descriptions(), chosen, strict=True) if mark] if few else []
    return f"{count} of {len(names)}" + (f": {', '.join(own)}" if own else "")


def shares(axes: Axes, percent: pd.DataFrame, chosen: pd.DataFrame) -> None:
    """Draw a dot per environment and the mean in each term's row."""
    axes.grid(axis="both")
    axes.tick_params(axis="y", length=0)
    values, marks = percent.to_numpy(dtype=float), chosen.to_numpy()
    size, opacity = (4.0, 0.75) if values.shape[1] <= 12 else (3.2, 0.45)
    row, _ = np.nonzero(np.isfinite(values))
    known, filled = values[np.isfinite(values)], marks[np.isfinite(values)]
    # A share of nearly nothing lies on the axis: half of its dot would be cut away.
    dot: dict[str, Any] = {"linestyle": "", "marker": "o", "markersize": size, "clip_on": False}
    open_dot: dict[str, Any] = {"markerfacecolor": "white", "markeredgecolor": COLOUR, "markeredgewidth": 0.7}
    full_dot: dict[str, Any] = {"color": COLOUR, "alpha": opacity, "markeredgewidth": 0}
    for which, look in ((~filled, open_dot), (filled, full_dot)):
        # Dots that are not cut and are none at all would take part in the layout, at the figure's corner.
        if which.any():
            axes.plot(known[which], row[which] + 0.5, **dot, **look)
    means = np.nan_to_num(values).mean(axis=1)
    axes.vlines(means, np.arange(len(values)) + 0.15, np.arange(len(values)) + 0.85, color="black", linewidth=1.2)


def counts(axes: Axes, count: np.ndarray, of: int, texts: list[str]) -> None:
    """Draw in how many of the environments each term is selected, as a bar and in words."""
    place = np.arange(len(count)) + 0.5
    axes.barh(place, of, height=0.6, color=_style.FAINT)
    axes.barh(place, count, height=0.6, color=COLOUR)
    axes.set_xlim(0, of)
    axes.set_axis_off()
    for y, text in zip(place, texts, strict=True):
        axes.text(of * 1.06, y, text, va="center", fontsize=_style.SMALL)


def scale(axes: Axes, highest: float) -> None:
    """Make the x axis one of square roots, from 0 to somewhat above ``highest`` percent."""
    axes.set_xscale("function", functions=(lambda x: np.sqrt(np.maximum(x, 0)), np.square))
    axes.set_xlim(0, min(100.0, highest * 1.1) or 1)
    axes.set_xticks([tick for tick in TICKS if tick <= axes.get_xlim()[1]])


def legend(axes: Axes) -> None:
    """Explain dots and ticks above the axes."""
    dot: dict[str, Any] = {"color": COLOUR, "marker": "o", "linestyle": "", "markersize": 4}
    handles = [
        Line2D([], [], label="selected", **dot),
        Line2D([], [], label="not selected", markerfacecolor="white", markeredgewidth=0.7, **dot),
        Line2D([], [], label="mean", color="black", marker="|", markersize=8, markeredgewidth=1.2, linestyle=""),
    ]
    axes.legend(
        handles=handles, loc="lower right", bbox_to_anchor=(1, 1), ncols=3, fontsize=_style.SMALL, handlelength=0.8,
        handletextpad=0.4, columnspacing=1.2, borderpad=0, borderaxespad=0.5,
    )  # fmt: skip
