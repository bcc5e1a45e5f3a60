"""How alike each source and target are: their values, their distributions, and what influences them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from perftransfer.figures._environments import Environments
from perftransfer.figures._lazy import mpl
from perftransfer.figures.interface import Figure, Inputs, NothingToShow
from perftransfer.lazy import np

PANELS = {
    "pearson": "Pearson's correlation",
    "spearman": "Spearman's rank correlation",
    "common_terms": "Common influential terms",
    "kl_divergence": "Kullback-Leibler divergence",
}
DIVERGENCE = "kl_divergence"
NARROWEST = 1.7  # inches for a panel, so that its title has room
BARS = 1.3  # inches for colour bars


@dataclass(frozen=True, eq=False)
class Alike:
    """What is drawn: per panel the values, shape (sources, targets), both being ``environments``."""

    objective: str
    panels: Mapping[str, np.ndarray]
    environments: Environments


class Similarity(Figure[Alike]):
    """Heat maps of similarities, sources by targets."""

    title = "Similarity of environments"
    caption = (
        "How similar the objective is in each source (row) and target (column), over the configurations measured in "
        "both; darker is more similar in all four panels. Pearson's correlation is 1 if a rising line maps one to the "
        "other, Spearman's if any rising curve does; common terms are the options and interactions that stepwise "
        "regression selects in both, as a share of those that it selects in either. The Kullback-Leibler divergence "
        "(in nats) is that of the source's distribution from the target's, both standardised, and 0 if these are the "
        "same. Hatched: unknown, or an environment and itself."
    )
    inputs = ("environments", "similarity")
    section = "alike"

    def select(self, inputs: Inputs, objective: str) -> Alike:
        """Return the tables of the four panels."""
        rows = inputs["similarity"].reindex(columns=["objective", "source", "target", *PANELS])
        rows = rows[(rows["objective"] == objective) & (rows["source"] != rows["target"])]
        if rows.dropna(subset=list(PANELS), how="all").empty:
            raise NothingToShow(f"no two environments could be compared on {objective}")
        names = Environments(inputs["environments"], {*rows["source"], *rows["target"]})
        panels = {
            name: rows.pivot_table(name, "source", "target")
            .reindex(names.names, columns=names.names)
            .to_numpy(dtype=float)
            for name in PANELS
        }
        return Alike(objective, panels, names)

    def draw(self, data: Alike) -> mpl.Figure:
        """Draw the four panels."""
        from matplotlib.colors import Normalize, PowerNorm

        names = data.environments
        annotated = len(names) <= mpl.ANNOTATED
        labels = names.descriptions(lines=2 if annotated else 1)
        label = max(map(mpl.width_of, labels))
        cell = 0.42 if annotated else 0.17
        # Where labels would touch every other one stands farther out.
        staggered = 2 * (cell * len(names) + label + 1.2) > mpl.WIDEST
        reach = label * (2 if staggered else 1) + 0.35
        cell = min(max(cell, NARROWEST / len(names)), (mpl.WIDEST - reach - BARS - 0.6) / 2 / len(names))
        side = 2 * cell * len(names) + reach
        figure = mpl.new(side + BARS + 0.3, side + 1.3, self.heading(data.objective))
        grid = figure.subplots(2, 2, sharex=True, sharey=True)
        divergences = data.panels[DIVERGENCE]
        # Stretched where it is small: one environment that is unlike all others must not make these look the same.
        apart = PowerNorm(0.5, 0, max([0.1, *divergences[np.isfinite(divergences)]]))
        meshes = []
        write = number if annotated else None
        for axes, (name, heading) in zip(grid.flat, PANELS.items(), strict=True):
            look = (apart, f"{mpl.SEQUENTIAL}_r") if name == DIVERGENCE else (Normalize(0, 1), mpl.SEQUENTIAL)
            norm, colours = look
            meshes.append(mpl.heatmap(axes, data.panels[name], norm, labels, labels, write, colours))
            axes.set_title(heading, fontweight="bold")
        if staggered:
            stagger(grid, labels, label)
        for axes in grid[1]:
            axes.set_xlabel(names.axis("target"))
        for axes in grid[:, 0]:
            axes.set_ylabel(names.axis("source"))
        below = any((data.panels[name] < 0).any() for name in ("pearson", "spearman"))
        bars = [
            figure.colorbar(meshes[0], ax=grid[0], aspect=18, shrink=0.9, extend="min" if below else "neither"),
            figure.colorbar(meshes[-1], ax=grid[1], aspect=18, shrink=0.9),
        ]
        for bar, what in zip(bars, ("correlation, share of terms", "divergence (nats)"), strict=True):
            bar.outline.set_visible(False)
            bar.set_label(what)
        bars[1].ax.invert_yaxis()
        mpl.note(figure, names.note)
        return figure


def stagger(grid: np.ndarray, labels: list[str], widest: float) -> None:
    """Put every other label farther out, behind the ``widest`` (inches), with a line to its row or column."""
    ticks = np.arange(len(labels)) + 0.5
    line = {"length": 72 * (widest + 0.08), "width": 0.3, "color": mpl.HATCH, "labelsize": mpl.SMALL}
    for axes in grid.flat:
        left, below = axes.get_subplotspec().is_first_col(), axes.get_subplotspec().is_last_row()
        for minor in (False, True):
            axes.set_xticks(ticks[minor::2], labels[minor::2], minor=minor, rotation=90)
            axes.set_yticks(ticks[minor::2], labels[minor::2], minor=minor)
        axes.tick_params(axis="x", which="minor", bottom=below, labelbottom=below, labelcolor=mpl.INK, **line)
        axes.tick_params(axis="y", which="minor", left=left, labelleft=left, labelcolor=mpl.INK, **line)
        axes.tick_params(which="major", labelleft=left, labelbottom=below)


def number(value: float) -> str:
    """Return a correlation, share or divergence with two digits after the point."""
    return f"{value:.2f}".replace("-0.00", "0.00").replace("-", "−")
