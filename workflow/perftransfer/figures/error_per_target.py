"""How large the error is for each target, strategy and source, at the largest budget."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from perftransfer import objectives, strategies
from perftransfer.figures import _names, _results, _style
from perftransfer.figures._heatmap import ANNOTATED, heatmap, scale

TITLE = "Error per target, strategy and source"
CAPTION = (
    "Error on the held-out test third of the target (MAPE, in percent): the median over learners and repeats, at the "
    "largest budget of each strategy. One panel per strategy; columns are targets, rows are sources. The rows above "
    "the line repeat the strategies that use no source, or all at once: a cell lighter than that of RS above the line "
    "in its column is a transfer that helps. Hatched cells were not evaluated: an environment is no source for itself, "
    "and a study may draw some of the sources for each target."
)
TABLES = ("environments", "transfer")


@_style.styled
def draw(tables: Mapping[str, pd.DataFrame], objective: str) -> Figure:
    """Draw the figure for ``objective``."""
    title = f"{TITLE}: {objectives.label(objective)}"
    rows, missing = _results.finite(tables["transfer"], objective)
    if rows.empty:
        return _style.empty(title, f"no strategy was evaluated on {objective}")
    rows = _results.at_largest_budget(rows)
    targets = _names.Environments(tables["environments"], rows["target"])
    sources = _names.Environments(tables["environments"], rows["source"].dropna())
    sources.crowded = targets.crowded = sources.crowded or targets.crowded
    looks = _style.styles(rows["strategy"])
    tables_of = {name: table(rows, name, sources.names, targets.names) for name in looks}
    alone = rows[rows["source"].isna()]
    reference = medians(alone, "strategy").reindex(columns=targets.names)
    reference = reference.reindex([name for name in looks if name in reference.index])
    panels = {name: found for name, found in tables_of.items() if np.isfinite(found).any()}
    values = {name: np.vstack([reference.to_numpy(), found]) for name, found in panels.items()}
    values = values or {"strategies without a source": reference.to_numpy()}
    row_labels = [
        f"{'all sources' if strategies.uses_sources(name) else 'no source'}: {name}" for name in reference.index
    ]
    row_labels += sources.labels() if panels else []

    annotated = len(targets) <= ANNOTATED
    wide, high = (0.46, 0.27) if annotated else (0.2, 0.16)
    columns = targets.labels(lines=2 if annotated else 1)
    left = max(map(_style.width_of, row_labels)) + 0.2
    below = max(map(_style.width_of, columns)) + 0.2
    size = (wide * len(targets) + 0.2, high * len(row_labels) + 0.3)
    across = columns_of_panels(len(values), size, left, below)
    down = math.ceil(len(values) / across)
    figure = _style.new(
        max(left + across * size[0] + 1.0, _style.width_of(title, 9) + 1.8),
        max(down * size[1], 1.8) + below + 0.8,
        f"{title}, {_results.budgets_in_words(rows)}",
    )
    grid = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True)
    norm = scale(np.concatenate([found.ravel() for found in values.values()]))
    for axes, (name, found) in zip(grid.flat, values.items(), strict=False):
        mesh = heatmap(axes, found, norm, row_labels, columns, number if annotated else None)
        axes.set_title(name, fontweight="bold")
        if panels and len(reference):
            axes.axhline(len(reference), color=_style.INK, linewidth=1.4)
    for axes in grid.flat[len(values) :]:
        axes.set_visible(False)
    for axes in grid.flat[max(0, len(values) - across) : len(values)]:
        axes.tick_params(labelbottom=True)
    for axes in grid[-1]:
        axes.set_xlabel("target")
    for axes in grid[:, 0]:
        axes.set_ylabel("source")
    bar = figure.colorbar(
        mesh, ax=grid, shrink=0.6 if down * size[1] > 3 else 1.0, aspect=25, label="median MAPE on the test set (%)"
    )
    if isinstance(norm, LogNorm):
        bar.ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    bar.ax.yaxis.set_minor_locator(NullLocator())
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _style.plain(value)))
    bar.outline.set_visible(False)
    _style.note(figure, targets.note, _results.left_out(missing, len(rows)))
    return figure


def columns_of_panels(panels: int, size: tuple[float, float], left: float, below: float) -> int:
    """Return how many panels stand side by side, with few gaps and a figure somewhat wider than high."""

    def strangeness(across: int) -> float:
        width, height = left + across * size[0], below + math.ceil(panels / across) * size[1]
        too_large = max(width, height) > _style.WIDEST - 1
        return abs(math.log(width / height / 1.33)) + 0.3 * (-panels % across) + (100 if too_large else 0)

    return min(range(1, panels + 1), key=strangeness)


def table(rows: pd.DataFrame, strategy: str, sources: list[str], targets: list[str]) -> np.ndarray:
    """Return the median errors of ``strategy`` with a source, as sources x targets."""
    own = rows[(rows["strategy"] == strategy) & rows["source"].notna()]
    return medians(own, "source").reindex(index=sources, columns=targets).to_numpy(dtype=float)


def medians(rows: pd.DataFrame, by: str) -> pd.DataFrame:
    """Return the median errors as ``by`` x targets."""
    return rows.pivot_table(index=by, columns="target", values="mape", aggfunc="median")


def number(error: float) -> str:
    """Return an error as two or three digits."""
    return f"{error:.1f}" if error < 9.95 else _style.plain(round(error))
