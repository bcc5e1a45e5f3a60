"""Errors of every way to transfer, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from perftransfer.results.aggregate import ALL, KEY, by_target, over_targets
from perftransfer.results.tests import errors_with_intervals
from perftransfer.space.options import Option

TITLE = "Errors"
CAPTION = (
    "Errors in percent: the median over repeats, then sources, then targets of the mean absolute percentage error on "
    "the held-out test third (mape); learner all is the median over learners. From low to high: a 95 % interval by a "
    "bootstrap over targets, the unit of analysis; there is none for fewer than three targets, and for fewer than a "
    "dozen it is too narrow. Mean mape is the mean at each step, on which the tests work. The last column is the "
    "median over the whole pool, training rows included."
)
TABLES = ("transfer",)


def make(tables: Mapping[str, pd.DataFrame], *, options: Sequence[Option], seed: int) -> pd.DataFrame:
    """One row per (objective, strategy, design, learner, budget): errors in percent over the targets.

    ``targets``: those with a value; ``targets_missing``: those without; ``cells_dropped``: cells that are not finite.
    """
    cells = tables["transfer"]
    names = {"value": "median_mape", "low": "median_mape_low", "high": "median_mape_high"}
    table = errors_with_intervals(cells, "mape", "median", seed=seed).rename(columns=names)
    means = over_targets(by_target(cells, "mape", "mean"), "mean")
    pool = over_targets(by_target(cells, "mape_all", "median"), "median")
    for name, more in (("mean_mape", means), ("median_mape_all", pool)):
        table = table.join(more.set_index(KEY)["value"].rename(name), on=KEY)
    return table


def shown(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the medians over learners."""
    return frame[frame["learner"] == ALL].drop(columns="learner").reset_index(drop=True)
