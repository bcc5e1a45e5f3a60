"""Which differences between ways to transfer are more than chance."""

from __future__ import annotations

from perftransfer.lazy import pd
from perftransfer.results import aggregate, tests
from perftransfer.tables.interface import CsvTable, Inputs


class Significance(CsvTable):
    """Which differences between ways to transfer are more than chance."""

    title = "Significance"
    caption = (
        "Pairs of strategies, and of designs without transfer, compared by their error on the held-out third (MAPE) "
        "at the same budget; a strategy that measures nothing in the target is compared at each budget of the others. "
        "The unit is the target: errors are averaged over repeats and sources first, and the difference is that of a "
        "minus b, in percentage points. Wilcoxon's signed-rank test, with Holm's correction for all pairs of the same "
        "objective, learner and budget; the effect size is the matched-pairs rank-biserial correlation, from -1 (a "
        "has the lower error on every target) to 1. Where nothing can be significant, there are too few targets for "
        "the number of pairs."
    )
    inputs = ("transfer",)

    def compute(self, inputs: Inputs) -> pd.DataFrame:
        """Return one row per pair within each family, objective, learner and budget; see ``tests.comparisons``."""
        return tests.comparisons(inputs["transfer"], "mape")

    def for_report(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the mean over the learners, at the smallest and at the largest of the budgets with the most pairs.

        Designs of a fixed size have budgets at which there are few others.
        """
        rows = frame[frame["learner"] == aggregate.ALL]
        family = ["family", "objective"]
        rows = rows[rows["comparisons"] == rows.groupby(family)["comparisons"].transform("max")]
        budgets = rows.groupby(family)["budget"]
        ends = (rows["budget"] == budgets.transform("min")) | (rows["budget"] == budgets.transform("max"))
        return rows[ends].drop(columns="learner").reset_index(drop=True)
