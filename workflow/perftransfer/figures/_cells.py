"""The rows of the transfer table that a figure shows, and what it says of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from perftransfer.results import aggregate
from perftransfer.results.aggregate import ALL as ALL
from perftransfer.results.aggregate import NO_LEARNER as NO_LEARNER
from perftransfer.results.aggregate import base_name as base_name
from perftransfer.results.aggregate import of_learner as of_learner

COLUMNS = ["source", "target", "objective", "strategy", "design", "learner", "budget", "repeat"]
NO_TRANSFER = "NT"  # a learner on a sample that some design chose: compares designs, not ways to use a source


def finite(transfer: pd.DataFrame, objective: str, designs: bool = False) -> tuple[pd.DataFrame, int]:
    """Return the rows of ``objective`` whose error on the test set is a number, and how many have none.

    Rows that compare designs without transfer are left out unless ``designs``.
    """
    rows = of_objective(transfer, objective, ["mape"], designs)
    rows = rows.assign(budget=rows["budget"].astype(float))
    known = np.isfinite(rows["mape"].to_numpy())
    return rows[known], int((~known).sum())


def of_objective(transfer: pd.DataFrame, objective: str, metrics: Sequence[str], designs: bool = False) -> pd.DataFrame:
    """Return the rows of ``objective``, ``metrics`` as numbers, whatever these are.

    Rows that compare designs without transfer are left out unless ``designs``. Without them, a strategy with several
    designs is named with each: "KT (random)".
    """
    rows = transfer.reindex(columns=[*COLUMNS, *metrics])
    rows = rows[(rows["objective"] == objective) & (designs | (rows["strategy"] != NO_TRANSFER))]
    rows = rows.astype(dict.fromkeys(metrics, float))
    return rows if designs else rows.assign(strategy=aggregate.ways(rows))


def by_pair(rows: pd.DataFrame, metric: str = "mape") -> pd.DataFrame:
    """Return a value per target and source: medians over repeats, then (for ``ALL``) learners."""
    return aggregate.by_pair(rows, metric, "median")


def by_repeat(rows: pd.DataFrame) -> pd.DataFrame:
    """Return errors as ``by_pair``, but a value per repeat instead of source."""
    return by_pair(rows.assign(source="repeat " + rows["repeat"].astype(int).astype(str)))


def by_target(rows: pd.DataFrame, metric: str = "mape") -> pd.DataFrame:
    """Return a value per target: medians over repeats, then (for ``ALL``) learners, then sources."""
    return aggregate.by_target(rows, metric, "median").dropna(subset="value")


def quartiles(values: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Return the quartiles ``low``, ``middle`` and ``high`` of ``value``, indexed by ``by``."""
    groups = values.groupby(list(by), sort=True)["value"]
    return pd.DataFrame({"low": groups.quantile(0.25), "middle": groups.median(), "high": groups.quantile(0.75)})


def at_largest_budget(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of each strategy at the largest budget that it was given."""
    return rows[rows["budget"] == rows.groupby("strategy")["budget"].transform("max")]


def at_common_budget(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows at the largest budget that all strategies have that measure anything; of the others, all rows.

    If there is none each strategy is at its own largest.
    """
    measuring = rows[rows["budget"] > 0]
    budgets = [set(own) for _, own in measuring.groupby(["objective", "strategy"])["budget"]]
    common = set.intersection(*budgets) if budgets else set()
    if not common:
        return at_largest_budget(rows)
    result: pd.DataFrame = rows[(rows["budget"] == max(common)) | ~rows["strategy"].isin(measuring["strategy"])]
    return result


def learners(rows: pd.DataFrame) -> dict[str, str]:
    """Map the heading of each panel to its learner: over all learners first, unless there is one only."""
    names = sorted(str(name) for name in rows["learner"].dropna().unique() if name != NO_LEARNER)
    over_all = {"all learners": ALL} if len(names) != 1 else {}
    return over_all | {name: name for name in names}


def budgets_in_words(rows: pd.DataFrame) -> str:
    """Return the budgets of ``rows``, those of exceptional strategies named: "budget 40 (DM: 0)"."""
    by_strategy = rows.groupby("strategy")["budget"].max().astype(int)
    largest = by_strategy.max()
    others = ", ".join(f"{name}: {budget}" for name, budget in by_strategy.items() if budget != largest)
    return f"budget {largest}" + (f" ({others})" if others else "")


def left_out(missing: int, shown: int) -> str:
    """Return the sentence that says how many results have no number, "" if all have."""
    return f"{missing:,} of {missing + shown:,} results are no numbers and left out." if missing else ""
