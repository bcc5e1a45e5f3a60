"""Which options and interactions count as influential, and how large their shares of the variance are."""

from __future__ import annotations

from collections.abc import Sequence

from perftransfer.lazy import pd

# The best of some dozens of terms that do nothing reaches 1 to 2 % of the variance by chance on some dozens of rows.
#: Share of the variance from which a term is called influential.
LEAST = 0.02


def influential(influence: pd.DataFrame, objective: str) -> pd.DataFrame:
    """Return an objective's rows with ``matters``: selected by the regression, and a share of at least ``LEAST``.

    What a table does not say of ``selected`` counts as selected.
    """
    columns = ["environment", "objective", "term", "order", "share_of_variance", "selected"]
    rows = influence.reindex(columns=columns)
    rows = rows[(rows["objective"] == objective) & rows["share_of_variance"].notna()]
    selected = rows["selected"].astype("boolean").fillna(True).astype(bool)
    share = rows["share_of_variance"].astype(float)
    return rows.assign(share_of_variance=share, selected=selected, matters=selected & (share >= LEAST))


def by_mean_share(rows: pd.DataFrame, environments: Sequence[str]) -> pd.DataFrame:
    """Return shares, terms x environments, the largest mean share first, indexed by order and term.

    A term that an environment's model does without counts there as nothing.
    """
    table = rows.pivot_table("share_of_variance", ["order", "term"], "environment", aggfunc="mean")
    table = table.reindex(columns=list(environments)).astype(float)
    return table.loc[table.fillna(0).mean(axis="columns").sort_values(ascending=False, kind="stable").index]


def written(term: str) -> str:
    """Write a term for people.

    >>> written("threads:spinning")
    'threads × spinning'
    """
    return term.replace(":", " × ")
