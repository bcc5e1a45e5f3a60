"""Which differences between search methods are more than chance."""

from __future__ import annotations

from perftransfer.lazy import pd
from perftransfer.results import searches
from perftransfer.tables.interface import CsvTable, Inputs


class SearchSignificance(CsvTable):
    """Which differences between search methods are more than chance."""

    title = "Significance of differences between searches"
    section = "search"
    caption = (
        "Pairs of search methods, compared by their regret after the same number of measurements (n), with all other "
        "environments as sources, or with one. The unit is the target: regrets are averaged over repeats and sources "
        "first, and the difference is that of a minus b, in percentage points. Wilcoxon's signed-rank test, with "
        "Holm's correction for all pairs of the same objective, sources and n; the effect size is the matched-pairs "
        "rank-biserial correlation, from -1 (a has the lower regret in every target) to 1. Where nothing can be "
        "significant, there are too few targets for the number of pairs. The CSV file has every n."
    )
    inputs = ("search",)
    several = True

    def compute(self, inputs: Inputs) -> pd.DataFrame:
        """Return one row per pair, objective, sources and n; see ``results.searches.comparisons``."""
        return searches.comparisons(inputs["search"])

    def for_report(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return searches with all sources, after the number of measurements in the middle of those shown, and all."""
        rows = frame[frame["sources"] == searches.ALL_SOURCES]
        numbers = sorted(rows["n"].unique())
        ends = {numbers[len(numbers) // 2], numbers[-1]} if numbers else set()
        return rows[rows["n"].isin(ends)].drop(columns="sources").reset_index(drop=True)
