"""Errors of every way to transfer, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from perftransfer.evaluation import statistics
from perftransfer.space.options import Option

TITLE = "Errors"
CAPTION = (
    "Mean absolute percentage error on the held-out test third (mape), averaged over repeats, then over sources, then "
    "over targets; learner all is the mean over the learners. From mape low to mape high: a 95 % interval by a "
    "bootstrap that draws whole targets, the unit of analysis, since results on one target are not independent; there "
    "is none for fewer than three targets, and for fewer than a dozen it is too narrow. The last column is the mean "
    "over the whole pool, training rows included, as in the paper."
)
TABLES = ("transfer",)


def make(tables: Mapping[str, pd.DataFrame], *, options: Sequence[Option], seed: int) -> pd.DataFrame:
    """One row per (objective, strategy, design, learner, budget): ``mape`` (percent), its interval, ``mape_all``.

    ``targets``: averaged over; ``targets_missing``: without a value; ``cells_dropped``: results that were no numbers.
    """
    cells = tables["transfer"]
    means = statistics.error_means(cells, "mape", seed=seed)
    pool = statistics.by_target(cells, "mape_all").groupby(statistics.KEY)["value"].mean().rename("mape_all")
    return means.rename(columns={"mean": "mape", "low": "mape_low", "high": "mape_high"}).join(pool, on=statistics.KEY)


def shown(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the mean over the learners."""
    return frame[frame["learner"] == statistics.ALL].drop(columns="learner").reset_index(drop=True)
