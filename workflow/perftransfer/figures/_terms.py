"""The options and interactions that a figure shows, and how they are written."""

from __future__ import annotations

import pandas as pd

TERMS = 20


def strongest(rows: pd.DataFrame, environments: list[str]) -> dict[int, pd.DataFrame]:
    """Return the strongest terms by order: tables of shares, terms x environments, the largest mean share first.

    A term that an environment's model does without counts there as nothing.
    """
    shares = rows.pivot_table(
        index=["order", "term"], columns="environment", values="share_of_variance", aggfunc="mean"
    )
    shares = shares.reindex(columns=environments).astype(float)
    ranking = shares.fillna(0).mean(axis="columns").sort_values(ascending=False, kind="stable").index[:TERMS]
    shares = shares.loc[ranking]
    orders = shares.index.get_level_values("order")
    return {int(order): shares[orders == order].droplevel("order") for order in sorted(set(orders))}


def heading(order: int) -> str:
    """Return the title of the terms of ``order`` options."""
    return {1: "main effects", 2: "interactions"}.get(order, f"interactions of {order} options")


def labels(terms: pd.DataFrame) -> list[str]:
    """Return the name of the term of each row."""
    return [str(term).replace(":", " × ") for term in terms.index]
