"""The noise below which no model can get."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd


def spreads(measured: pd.DataFrame, objective: str) -> pd.DataFrame:
    """Return ``environment, cv, floor`` (percent) of each configuration that was measured in two processes or more.

    ``floor`` is the expected absolute error, by the noise alone, of the mean of n processes: sqrt(2 / pi) s / sqrt(n)
    for normal noise, where s is the sample's deviation corrected for its bias in small samples.
    """
    rows = measured.rename(columns={f"{objective}_cv": "cv", f"{objective}_n": "n"})
    rows = rows[rows["cv"].notna() & (rows["n"] >= 2)]
    cv, n = 100 * rows["cv"].to_numpy(dtype=float), rows["n"].to_numpy(dtype=float)
    bias = {
        size: math.sqrt(2 / (size - 1)) * math.exp(math.lgamma(size / 2) - math.lgamma((size - 1) / 2)) for size in n
    }
    floor = math.sqrt(2 / math.pi) * cv / np.sqrt(n) / np.array([bias[size] for size in n])
    return pd.DataFrame({"environment": rows["environment"].to_numpy(), "cv": cv, "floor": floor})
