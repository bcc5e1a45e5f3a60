"""Values and influences by environment as small tables."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from perftransfer import objectives
from perftransfer.report.findings_environments import measured
from perftransfer.results.formatting import NOTHING, capital, number, percent
from perftransfer.results.influence import LEAST, influential, written
from perftransfer.results.table import Cell, PageTable

_ENVIRONMENTS = 6  # up to which each has a column of its own
_TERMS = 20


def values(ranges: pd.DataFrame, objective: str, labels: Mapping[str, str]) -> PageTable | None:
    """Range of the objective and noise, by environment."""
    table = measured(ranges, objective)
    if table.empty:
        return None
    unit = objectives.split(objective)[1]
    rows = []
    for name, row in table.iterrows():
        numbers = [f"{int(row['values']):,}", number(row["low"], 3), number(row["high"], 3), number(row["factor"])]
        spreads = [percent(row["cv_50"]), percent(row["floor"])]
        rows.append([Cell(labels.get(str(name), str(name))), *map(Cell, [*numbers, *spreads])])
    in_unit = f", {unit}" if unit else ""
    return PageTable(
        f"{capital(objectives.label(objective))} by environment: lowest and highest value over configurations and "
        "the factor between them; the spread of repeated processes of one configuration (coefficient of variation, "
        "median), and the error that even a perfect model would show because of it (mean).",
        ["environment", "configurations", f"lowest{in_unit}", f"highest{in_unit}", "factor", "noise", "perfect model"],
        rows,
    )


def influence(influence: pd.DataFrame, objective: str, labels: Mapping[str, str]) -> PageTable | None:
    """Share of the variance that each term explains: by environment, or over them where they are many."""
    rows = influential(influence, objective)
    if rows.empty:
        return None
    shares = 100 * rows.pivot_table(index="term", columns="environment", values="share_of_variance")
    found = {str(name) for name in shares.columns}
    order = [name for name in labels if name in found] + sorted(found - set(labels))
    shares = shares[order]
    mean = shares.fillna(0.0).mean(axis="columns").sort_values(ascending=False, kind="stable")
    # All options, so that one can see which do nothing; of the interactions the strongest.
    interactions = [term for term in mean.index if ":" in term]
    hidden = set(interactions[_TERMS:])
    matters = rows[rows["matters"]].groupby("term").size()
    each = len(order) <= _ENVIRONMENTS
    body = []
    for term in mean.index:
        if term in hidden:
            continue
        own = shares.loc[term]
        numbers = [_share(float(share)) for share in (own if each else (own.min(), own.max()))]
        many = f"{matters.get(term, 0)} of {len(order)}"
        body.append([Cell(written(str(term))), *map(Cell, [*numbers, _share(float(mean[term])), many])])
    heads = [labels.get(name, name) for name in order] if each else ["least", "most"]
    left_out = f" {len(hidden)} more interactions, all weaker, are left out." if hidden else ""
    return PageTable(
        "Share of the variance that each option or interaction (×) adds to those that entered the stepwise regression "
        f"before it. {NOTHING}: not in that environment's model, counted as 0 in the mean. Last column: in how many "
        f"environments it was selected and reaches {100 * LEAST:.0f} %.{left_out}",
        ["option or interaction", *heads, "mean", "matters in"],
        body,
    )


def _share(share: float) -> str:
    return percent(share).replace("below ", "<")
