"""The options and interactions that a figure shows, and how they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

TERMS = 20


def influential(influence: pd.DataFrame, objective: str) -> pd.DataFrame:
    """Return an objective's rows that have a share, with ``matters``: whether the term counts as influential."""
    from perftransfer.results import influence as influences

    rows = influences.influential(influence, objective)
    return rows.assign(order=influence.reindex(columns=["order"]).loc[rows.index, "order"])


def by_mean_share(rows: pd.DataFrame, environments: list[str]) -> pd.DataFrame:
    """Return shares, terms x environments, the largest mean share first, indexed by order and term.

    A term that an environment's model does without counts there as nothing.
    """
    shares = rows.pivot_table(
        index=["order", "term"], columns="environment", values="share_of_variance", aggfunc="mean"
    )
    shares = shares.reindex(columns=environments).astype(float)
    return shares.loc[shares.fillna(0).mean(axis="columns").sort_values(ascending=False, kind="stable").index]


def strongest(shares: pd.DataFrame) -> dict[int, pd.DataFrame]:
    """Return the strongest terms of ``by_mean_share`` by order: tables of shares, terms x environments."""
    shares = shares.iloc[:TERMS]
    orders = shares.index.get_level_values("order")
    return {int(order): shares[orders == order].droplevel("order") for order in sorted(set(orders))}


def heading(order: int) -> str:
    """Return the title of the terms of ``order`` options."""
    return {1: "main effects", 2: "interactions"}.get(order, f"interactions of {order} options")


def label(term: str) -> str:
    """Write a term for people.

    >>> label("threads:spinning")
    'threads × spinning'
    """
    return term.replace(":", " × ")


def labels(terms: pd.DataFrame) -> list[str]:
    """Return the label of the term of each row."""
    return [label(str(term)) for term in terms.index]


def fewer(shown: int, found: int) -> str:
    """Return the sentence that says that not all terms are shown, "" if all are."""
    return f"Shown are the {shown} strongest of {found:,} terms." if shown < found else ""
