"""Which ways to transfer are best, in groups that cannot be told apart."""

from __future__ import annotations

from perftransfer.lazy import pd
from perftransfer.results import aggregate, tests
from perftransfer.tables.interface import CsvTable, Inputs


class Ranking(CsvTable):
    """Which ways to transfer are best, in groups that cannot be told apart."""

    title = "Ranking"
    caption = (
        "Ranks of strategies, and of designs without transfer, by their error on the held-out third (MAPE) at the "
        "same budget: 1 is the lowest error, and those with the same rank do not differ significantly. Groups are "
        "those of Scott and Knott (1974), on logarithms of the errors with the effects of targets removed; they "
        "assume normal noise of equal variance and therefore separate more than the signed-rank test, which does not. "
        "The unit is the target: errors are averaged over repeats and sources first. Targets on which one has no "
        "error are excluded, and with fewer than three targets there are no ranks."
    )
    inputs = ("transfer",)

    def compute(self, inputs: Inputs) -> pd.DataFrame:
        """Return one row per way within each family, objective, learner and budget; see ``tests.rankings``."""
        return tests.rankings(inputs["transfer"], "mape")

    def for_report(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the ranks of the mean over the learners, a column for each budget."""
        rows = frame[frame["learner"] == aggregate.ALL]
        key = ["family", "objective", "way"]
        table = rows[key].drop_duplicates()
        for budget, group in rows.groupby("budget"):
            table = table.merge(group[[*key, "rank"]].rename(columns={"rank": f"budget {budget}"}), how="left", on=key)
        return table.sort_values(key, ignore_index=True)
