"""ranges.parquet: how far the values of each environment reach, and how much repeated processes differ there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from perftransfer.dataset.merge import columns_of
from perftransfer.fitting.noise import least_difference, spreads

#: Percentiles of the spread of processes that are kept.
PERCENTILES = (5, 25, 50, 75, 95)
COLUMNS = (
    "environment", "objective", "configurations", "values", "low", "median", "high", "repeated",
    *(f"cv_{percentile}" for percentile in PERCENTILES), "floor", "least",
)  # fmt: skip


def ranges_table(environments: Iterable[tuple[str, pd.DataFrame]], objectives: Sequence[str]) -> pd.DataFrame:
    """One row per environment and objective, in the order given; columns ``COLUMNS``.

    environments: name, and its rows of ``dataset.parquet`` (the columns of the objectives). Only one of them needs to
    be in memory.

    - ``configurations``: rows; ``values``: those in which the objective is known.
    - ``low``, ``median``, ``high``: of these values, in the unit that the objective's name ends with.
    - ``repeated``: configurations whose value rests on two processes or more; the next columns are NaN for none.
    - ``cv_5`` … ``cv_95``: percentiles over these of the coefficient of variation of their processes, in percent.
    - ``floor``: the error that a perfect model would show by the noise alone, in percent, mean over configurations
      (``noise.spreads``).
    - ``least``: the difference in percent below which two configurations cannot be told apart
      (``noise.least_difference``).
    """
    rows = [
        {"environment": name, "objective": objective, "configurations": len(frame), **_range(frame, objective)}
        for name, frame in environments
        for objective in objectives
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    whole = dict.fromkeys(("configurations", "values", "repeated"), "int64")
    return table.astype({**dict.fromkeys(COLUMNS[4:], "float64"), **whole, "environment": "str", "objective": "str"})


def _range(frame: pd.DataFrame, objective: str) -> dict[str, float]:
    # An objective that was measured nowhere has no column.
    rows = frame.reindex(columns=columns_of(objective)).astype("float64")
    rows = rows[rows[objective].notna()]
    values, spread = rows[objective].to_numpy(), spreads(rows, objective)
    out: dict[str, float] = {"values": len(values), "repeated": len(spread)}
    if len(values):
        out |= {"low": values.min(), "median": float(np.median(values)), "high": values.max()}
    if len(spread):
        percentiles = np.percentile(spread["cv"], PERCENTILES)
        out |= {f"cv_{percentile}": value for percentile, value in zip(PERCENTILES, percentiles, strict=True)}
        out |= {"floor": float(spread["floor"].mean()), "least": least_difference(spread)}
    return out
