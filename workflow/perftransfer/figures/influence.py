"""Which options and interactions decide the objective, across environments."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from perftransfer import objectives
from perftransfer.figures import _names, _style, _terms
from perftransfer.figures._heatmap import ANNOTATED, heatmap

TITLE = "Influence of options and interactions"
CAPTION = (
    "Share of the objective's variance (in percent) that each option (upper part) and each interaction of two options "
    "(lower part) explains, per environment; darker is more, and the scale is stretched where shares are small. Shown "
    "are the terms with the largest mean share over the environments, largest first. A row of even colour is an "
    "influence that carries over from one environment to another, a row of changing colour one that does not. "
    "Hatched: the term is not in that environment's model."
)
TABLES = ("environments", "influence")


@_style.styled
def draw(tables: Mapping[str, pd.DataFrame], objective: str) -> Figure:
    """Draw the figure for ``objective``."""
    title = f"{TITLE}: {objectives.label(objective)}"
    rows = tables["influence"].reindex(columns=["environment", "objective", "term", "order", "share_of_variance"])
    rows = rows[(rows["objective"] == objective) & rows["share_of_variance"].notna()]
    if rows.empty:
        return _style.empty(title, f"no influences of options on {objective} were found")
    names = _names.Environments(tables["environments"], rows["environment"])
    parts = _terms.strongest(rows, names.names)
    terms = {order: _terms.labels(part) for order, part in parts.items()}

    annotated = len(names) <= ANNOTATED
    wide, high = (0.6, 0.2) if annotated else (0.3, 0.18)
    columns = names.labels(lines=2)
    left = max(_style.width_of(term) for part in terms.values() for term in part)
    figure = _style.new(
        max(left + wide * len(names) + 1.2, _style.width_of(title, 9) + 1.8),
        sum(high * len(part) + 0.3 for part in parts.values()) + max(map(_style.width_of, columns)) + 0.9,
        title,
    )
    grid = figure.subplots(
        len(parts), 1, squeeze=False, sharex=True, height_ratios=[len(part) for part in parts.values()]
    )[:, 0]
    norm = PowerNorm(0.5, 0, 100 * max(float(part.max().max()) for part in parts.values()) or 1)
    axes: Axes
    for axes, (order, part) in zip(grid, parts.items(), strict=True):
        mesh = heatmap(axes, 100 * part.to_numpy(), norm, terms[order], columns, number if annotated else None)
        axes.set_title(_terms.heading(order), fontweight="bold")
    axes.set_xlabel("environment")
    bar = figure.colorbar(mesh, ax=list(grid), shrink=0.6, aspect=25, label="share of variance explained (%)")
    bar.outline.set_visible(False)
    shown, found = sum(map(len, parts.values())), rows["term"].nunique()
    fewer = f"The {shown} strongest of {found} terms." if shown < found else ""
    _style.note(figure, names.note, fewer)
    return figure


def number(share: float) -> str:
    """Return a share in percent, "<1" for what is hardly there."""
    return "<1" if share < 0.95 else f"{share:.0f}"
