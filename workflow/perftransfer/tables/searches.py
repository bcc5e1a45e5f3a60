"""How far the best configuration that a search has measured is from the best of all."""

from __future__ import annotations

from perftransfer.lazy import pd
from perftransfer.results import searches
from perftransfer.tables.interface import CsvTable, Inputs


class Searches(CsvTable):
    """Regret of search methods by the number of measurements."""

    title = "Search"
    section = "search"
    caption = (
        "Regret in percent, the median over searches: how far the best configuration measured so far is from the "
        "best of all, after so many measurements (n). Every target, set of sources and repeat is a search. Sources: "
        "all other environments at once, one of them, or none. The CSV file also has means, quartiles and 90th "
        "percentiles."
    )
    inputs = ("search",)
    several = True

    def compute(self, inputs: Inputs) -> pd.DataFrame:
        """Return one row per (objective, method, sources, n); see ``results.searches.regrets``."""
        table = inputs["search"]
        parts = [
            searches.regrets(table, str(objective)).assign(objective=objective)
            for objective in table["objective"].unique()
        ]
        columns = ["objective", "method", "sources", "n", "mean", "low", "median", "high", "worst_tenth"]
        frame = (
            pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*columns, "searches", "targets"])
        )
        return frame[[*columns, "searches", "targets"]]

    def for_report(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the medians after some numbers of measurements, a column for each."""
        key = ["objective", "method", "sources", "searches"]
        table = frame[key].drop_duplicates()
        for n in searches.shown(frame["n"].tolist()):
            medians = frame.loc[frame["n"] == n, [*key, "median"]].rename(columns={"median": f"n = {n}"})
            table = table.merge(medians, how="left", on=key)
        return table.reset_index(drop=True)
