"""Errors of every way to transfer, with intervals."""

from __future__ import annotations

from perftransfer.lazy import pd
from perftransfer.results import aggregate, tests
from perftransfer.tables.interface import CsvTable, Inputs


class Errors(CsvTable):
    """Errors of every way to transfer, with intervals."""

    title = "Errors"
    caption = (
        "Errors in percent: the median over repeats, then sources, then targets of the mean absolute percentage error "
        "on the held-out third (MAPE), as the median over learners. Low and high are a 95 % bootstrap interval over "
        "targets, the unit of analysis; with fewer than three targets there is none, and with fewer than a dozen it "
        "is too narrow. The mean is the mean at each step, which the tests use. The last column is the median over "
        "the whole pool, training rows included."
    )
    inputs = ("transfer",)

    def compute(self, inputs: Inputs) -> pd.DataFrame:
        """Return one row per (objective, strategy, design, learner, budget): errors in percent over the targets.

        ``targets``: those with a value; ``targets_missing``: those without; ``cells_dropped``: cells
        that are not finite.
        """
        cells = inputs["transfer"]
        names = {"value": "median_mape", "low": "median_mape_low", "high": "median_mape_high"}
        table = tests.errors_with_intervals(cells, "mape", "median", seed=inputs["seed"]).rename(columns=names)
        means = aggregate.over_targets(aggregate.by_target(cells, "mape", "mean"), "mean")
        pool = aggregate.over_targets(aggregate.by_target(cells, "mape_all", "median"), "median")
        for name, other in (("mean_mape", means), ("median_mape_all", pool)):
            table = table.join(other.set_index(aggregate.KEY)["value"].rename(name), on=aggregate.KEY)
        return table

    def for_report(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the medians over learners."""
        return frame[frame["learner"] == aggregate.ALL].drop(columns="learner").reset_index(drop=True)
