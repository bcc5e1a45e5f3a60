"""How alike each source and target are: their values, their distributions, and what influences them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, PowerNorm
from matplotlib.figure import Figure

from perftransfer import objectives
from perftransfer.figures import _names, _style
from perftransfer.figures._heatmap import ANNOTATED, heatmap

TITLE = "Similarity of environments"
CAPTION = (
    "How alike the objective is in each source (row) and target (column), over the configurations measured in both; "
    "darker is more alike in all four panels. Pearson's correlation is 1 if a line leads from one to the other, "
    "Spearman's if any rising curve does; common terms are the options and interactions that stepwise regression "
    "selects in both, as a share of those that it selects in either. The Kullback-Leibler divergence (in nats) is that "
    "of the source's distribution from the target's, both standardised, and 0 if these are the same. Hatched: not "
    "known, or an environment and itself."
)
TABLES = ("environments", "similarity")

PANELS = {
    "pearson": "Pearson's correlation",
    "spearman": "Spearman's rank correlation",
    "common_terms": "Common influential terms",
    "kl_divergence": "Kullback-Leibler divergence",
}
DIVERGENCE = "kl_divergence"
REVERSED = f"{_style.SEQUENTIAL}_r"
NARROWEST = 1.7  # inches for a panel, so that its title has room
BARS = 1.3  # inches for colour bars


@_style.styled
def draw(tables: Mapping[str, pd.DataFrame], objective: str) -> Figure:
    """Draw the figure for ``objective``."""
    title = f"{TITLE}: {objectives.label(objective)}"
    rows = tables["similarity"].reindex(columns=["objective", "source", "target", *PANELS])
    rows = rows[(rows["objective"] == objective) & (rows["source"] != rows["target"])]
    found = rows.dropna(subset=list(PANELS), how="all")
    if found.empty:
        return _style.empty(title, f"no two environments could be compared on {objective}")
    names = _names.Environments(tables["environments"], {*rows["source"], *rows["target"]})
    tables_of = {
        name: rows.pivot_table(index="source", columns="target", values=name, aggfunc="mean")
        .reindex(index=names.names, columns=names.names)
        .to_numpy(dtype=float)
        for name in PANELS
    }

    annotated = len(names) <= ANNOTATED
    labels = names.descriptions(lines=2 if annotated else 1)
    label = max(map(_style.width_of, labels))
    cell = 0.42 if annotated else 0.17
    # Where labels would touch every other one stands farther out.
    staggered = 2 * (cell * len(names) + label + 1.2) > _style.WIDEST
    reach = label * (2 if staggered else 1) + 0.35
    cell = min(max(cell, NARROWEST / len(names)), (_style.WIDEST - reach - BARS - 0.6) / 2 / len(names))
    figure = _style.new(
        2 * cell * len(names) + reach + BARS + 0.3,
        2 * cell * len(names) + reach + 1.3,
        title,
    )
    grid = figure.subplots(2, 2, sharex=True, sharey=True)
    alike = Normalize(0, 1)
    divergences = tables_of[DIVERGENCE]
    # Stretched where it is small: one environment that is unlike all others must not make these look the same.
    apart = PowerNorm(0.5, 0, max([0.1, *divergences[np.isfinite(divergences)]]))
    meshes = []
    for axes, (name, heading) in zip(grid.flat, PANELS.items(), strict=True):
        norm, colours = (apart, REVERSED) if name == DIVERGENCE else (alike, _style.SEQUENTIAL)
        meshes.append(heatmap(axes, tables_of[name], norm, labels, labels, number if annotated else None, colours))
        axes.set_title(heading, fontweight="bold")
    if staggered:
        stagger(grid, labels, label)
    for axes in grid[1]:
        axes.set_xlabel(names.axis("target"))
    for axes in grid[:, 0]:
        axes.set_ylabel(names.axis("source"))
    below = any((tables_of[name] < 0).any() for name in ("pearson", "spearman"))
    bars = [
        figure.colorbar(meshes[0], ax=grid[0], aspect=18, shrink=0.9, extend="min" if below else "neither"),
        figure.colorbar(meshes[-1], ax=grid[1], aspect=18, shrink=0.9),
    ]
    for bar, what in zip(bars, ("correlation, share of terms", "divergence (nats)"), strict=True):
        bar.outline.set_visible(False)
        bar.set_label(what)
    bars[1].ax.invert_yaxis()
    _style.note(figure, names.note)
    return figure


def stagger(grid: np.ndarray, labels: list[str], widest: float) -> None:
    """Put every other label farther out, behind the ``widest`` (inches), with a line to its row or column."""
    place = np.arange(len(labels)) + 0.5
    line = {"length": 72 * (widest + 0.08), "width": 0.3, "color": _style.HATCH, "labelsize": _style.SMALL}
    axes: Axes
    for axes in grid.flat:
        outside = axes.get_subplotspec()
        assert outside is not None
        axes.set_xticks(place[::2], labels[::2])
        axes.set_xticks(place[1::2], labels[1::2], minor=True, rotation=90)
        axes.set_yticks(place[::2], labels[::2])
        axes.set_yticks(place[1::2], labels[1::2], minor=True)
        left, below = outside.is_first_col(), outside.is_last_row()
        axes.tick_params(axis="x", which="minor", bottom=below, labelbottom=below, labelcolor=_style.INK, **line)
        axes.tick_params(axis="y", which="minor", left=left, labelleft=left, labelcolor=_style.INK, **line)
        axes.tick_params(which="major", labelleft=left, labelbottom=below)


def number(value: float) -> str:
    """Return a correlation, share or divergence with two digits after the point."""
    return f"{value:.2f}".replace("-0.00", "0.00").replace("-", "−")
