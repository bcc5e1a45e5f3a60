"""The rows of the transfer table that a figure shows."""

from __future__ import annotations

import numpy as np
import pandas as pd

COLUMNS = ["source", "target", "objective", "strategy", "learner", "budget", "repeat", "mape"]


def finite(transfer: pd.DataFrame, objective: str) -> tuple[pd.DataFrame, int]:
    """Return the rows of ``objective`` whose error on the test set is a number, and how many have none."""
    rows = transfer.reindex(columns=COLUMNS)
    rows = rows[rows["objective"] == objective]
    rows = rows.assign(mape=rows["mape"].astype(float), budget=rows["budget"].astype(float))
    known = np.isfinite(rows["mape"].to_numpy())
    return rows[known], int((~known).sum())


def at_largest_budget(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of each strategy at the largest budget that it was given."""
    return rows[rows["budget"] == rows.groupby("strategy")["budget"].transform("max")]


def budgets_in_words(rows: pd.DataFrame) -> str:
    """Return the budgets of ``rows``, those of exceptional strategies named: "budget 40 (DM: 0)"."""
    by_strategy = rows.groupby("strategy")["budget"].max().astype(int)
    largest = by_strategy.max()
    others = ", ".join(f"{name}: {budget}" for name, budget in by_strategy.items() if budget != largest)
    return f"budget {largest}" + (f" ({others})" if others else "")


def left_out(missing: int, shown: int) -> str:
    """Return the sentence that says how many results have no number, "" if all have."""
    return f"{missing:,} of {missing + shown:,} results are no numbers and left out." if missing else ""
