"""Which ways to transfer are best, in groups that cannot be told apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from perftransfer.results import aggregate, tests
from perftransfer.space.options import Option

TITLE = "Ranking"
CAPTION = (
    "Ranks of strategies, and of designs without transfer, by their error on the test third (mape) at the same "
    "budget: 1 is the lowest, and those that share a rank are not told apart. The groups are those of Scott and Knott "
    "(1974), on logarithms of the errors with the effects of targets taken out; they assume normal noise of equal "
    "variance, and so tell more apart than the signed-rank test, which assumes neither. The unit is the target: errors "
    "are averaged over repeats and sources first; targets on which one has no error are left out, and with fewer than "
    "three targets there are no ranks."
)
TABLES = ("transfer",)


def make(tables: Mapping[str, pd.DataFrame], *, options: Sequence[Option], seed: int) -> pd.DataFrame:
    """One row per way within each family, objective, learner and budget; see ``tests.rankings``."""
    return tests.rankings(tables["transfer"], "mape")


def shown(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the ranks of the mean over the learners, a column for each budget."""
    rows = frame[frame["learner"] == aggregate.ALL]
    key = ["family", "objective", "way"]
    table = rows[key].drop_duplicates()
    for budget, group in rows.groupby("budget"):
        table = table.merge(group[[*key, "rank"]].rename(columns={"rank": f"budget {budget}"}), how="left", on=key)
    return table.sort_values(key, ignore_index=True)
