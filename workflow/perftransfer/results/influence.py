"""Which options and interactions count as influential."""

from __future__ import annotations

import pandas as pd

from perftransfer.results.formatting import known

# The best of some dozens of terms that do nothing reaches 1 to 2 % of the variance by chance on some dozens of rows.
#: Share of the variance from which a term is called influential.
LEAST = 0.02


def influential(influence: pd.DataFrame, objective: str) -> pd.DataFrame:
    """Return an objective's rows with ``matters``: selected by the regression, and a share of at least ``LEAST``."""
    rows = known(influence, ["environment", "objective", "term", "share_of_variance", "selected"])
    rows = rows[(rows["objective"] == objective) & rows["share_of_variance"].notna()]
    selected = rows["selected"].astype("boolean").fillna(True).astype(bool)
    share = rows["share_of_variance"].astype(float)
    return rows.assign(share_of_variance=share, selected=selected, matters=selected & (share >= LEAST))


def written(term: str) -> str:
    """Write a term for people.

    >>> written("threads:spinning")
    'threads × spinning'
    """
    return term.replace(":", " × ")
