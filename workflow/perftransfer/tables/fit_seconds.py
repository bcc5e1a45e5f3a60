"""How long fits take."""

from __future__ import annotations

from perftransfer import strategies
from perftransfer.lazy import pd
from perftransfer.results import aggregate
from perftransfer.tables.interface import CsvTable, Inputs

COLUMNS = ("strategy", "design", "learner", "budget", "cells", "fits", "median_seconds", "total_seconds")

_KEY = ["strategy", "design", "learner", "budget"]


class FitSeconds(CsvTable):
    """How long fits take."""

    title = "Seconds of a fit"
    caption = (
        "Median seconds per fit, by budget, and total seconds of the study, over targets, sources, objectives and "
        "repeats. Times depend on the machine and its load and are not reproducible. A fit that was already done for "
        "another result is not counted: a strategy that learns once for all learners is listed with the first of "
        "them, and sources that lead to the same sample share its fit. Training the models of the sources, choosing "
        "what to measure, measuring, predicting and the refits for prediction intervals are not included. Designs "
        "without transfer, which fit what random sampling fits, are in the last row and in the file."
    )
    inputs = ("timing",)

    def compute(self, inputs: Inputs) -> pd.DataFrame:
        """Return one row per (strategy, design, learner, budget); ``median_seconds`` is empty where no fit was done.

        ``cells`` counts results, ``fits`` those that were fitted for themselves.
        """
        timing = inputs["timing"]
        rows = pd.DataFrame(
            {name: timing[name].astype(object).where(timing[name].notna(), aggregate.NO_LEARNER) for name in _KEY[:-1]}
        )
        rows["budget"], rows["seconds"] = timing["budget"].astype(int), timing["fit_seconds"].astype(float)
        # Sorted, since the last digits of a sum depend on the order of what is summed.
        rows = rows.sort_values([*_KEY, "seconds"], ignore_index=True)
        # 0 stands for a fit that was done for another cell already.
        rows["fitted"] = rows["seconds"].where(rows["seconds"] > 0)
        table = rows.groupby(_KEY)["fitted"].agg(
            cells="size", fits="count", median_seconds="median", total_seconds="sum"
        )
        return table.reset_index()[list(COLUMNS)]

    def for_report(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a row per strategy and learner with a fit, a column per budget, and the sums at the end."""
        rows = frame[(frame["strategy"] != strategies.NO_TRANSFER) & (frame["fits"] > 0)]
        key = ["strategy", "learner"]
        rows = rows.assign(strategy=aggregate.ways(rows), learner=rows["learner"].fillna(aggregate.NO_LEARNER))
        table = rows[key].drop_duplicates()
        for budget, group in rows.groupby("budget"):
            medians = group[[*key, "median_seconds"]].rename(columns={"median_seconds": f"budget {budget}"})
            table = table.merge(medians, how="left", on=key)
        sums = {"fits": "fits", "total_seconds": "total"}
        table = table.join(rows.groupby(key)[[*sums]].sum().rename(columns=sums), on=key).sort_values(key)
        if len(table):
            total = frame[[*sums]].sum().rename(sums)
            table = pd.concat([table, pd.DataFrame([{"strategy": "all", "learner": aggregate.NO_LEARNER, **total}])])
        return table.reset_index(drop=True)
