"""Whether prediction intervals hold what they say, and how wide they are, in sentences."""

from __future__ import annotations

import pandas as pd

from perftransfer import strategies
from perftransfer.fitting.conformal import INTERVAL, TOLERANCE
from perftransfer.results import aggregate
from perftransfer.results import formatting as words
from perftransfer.results.formatting import listed, percent

_COLUMNS = [
    "objective", "strategy", "design", "learner", "source", "target", "budget", "repeat", "coverage", "interval_width",
]  # fmt: skip


def held(transfer: pd.DataFrame, objective: str) -> list[str]:
    """Say what share of the held-out measurements lay in the intervals, and name those that are too narrow."""
    rows = words.known(transfer, _COLUMNS)
    rows = rows[(rows["objective"] == objective) & rows["coverage"].notna()]
    rows = rows[rows["strategy"] != strategies.NO_TRANSFER]
    if rows.empty:
        return []
    # Plain names: a strategy with several designs is as many ways.
    rows = rows.assign(strategy=aggregate.ways(rows))
    ways = rows.groupby("budget")["strategy"].nunique()
    budget = int(ways.index[ways == ways.max()].max())
    rows = rows[rows["budget"] == budget]
    means = {metric: _means(rows, metric) for metric in ("coverage", "interval_width")}
    found = words.in_reading_order(rows["strategy"])
    shares = listed(f"{percent(100 * means['coverage'][name])} ({name})" for name in found)
    narrowest = min(found, key=lambda name: means["interval_width"][name])
    said = [
        f"Prediction intervals that are to hold {percent(100 * INTERVAL)} of new measurements held, with {budget} "
        f"measurements, {shares} of those held out; the narrowest are those of {narrowest}, "
        f"{percent(means['interval_width'][narrowest])} wide in the mean."
    ]
    narrow = [name for name in found if means["coverage"][name] < INTERVAL - TOLERANCE]
    if narrow:
        are = "are" if len(narrow) > 1 else "is"
        said.append(f"Not to be relied on {are} {listed(narrow)}: too many measurements lie outside.")
    return said


def _means(rows: pd.DataFrame, metric: str) -> pd.Series:
    """Mean over targets by strategy, of means over repeats, sources and learners."""
    values = aggregate.by_target(rows, metric, "mean")
    return values[values["learner"] == aggregate.ALL].groupby("strategy")["value"].mean()
