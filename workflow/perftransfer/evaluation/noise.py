"""The noise below which no model can get."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy.stats import t as student


def spreads(measured: pd.DataFrame, objective: str) -> pd.DataFrame:
    """Return ``environment, cv, n, floor`` of each configuration that was measured in n processes, two or more.

    ``cv``, the coefficient of variation, and ``floor`` are percentages.

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
    return pd.DataFrame({"environment": rows["environment"].to_numpy(), "cv": cv, "n": n, "floor": floor})


def least_difference(spread: pd.DataFrame) -> float:
    """Return the smallest difference of two configurations, in percent, that noise alone seldom shows (1 in 20).

    spread: rows of ``spreads`` of one environment. Fisher's least significant difference, t s sqrt(2 / n), with s
    pooled over all configurations and n the median number of processes (Fisher, The Design of Experiments, 1935,
    sec. 24). A single pair: among many that are compared, some differ by more.
    """
    degrees = float((spread["n"] - 1).sum())
    pooled = math.sqrt(float(((spread["n"] - 1) * spread["cv"] ** 2).sum()) / degrees)
    return float(student.ppf(0.975, degrees)) * pooled * math.sqrt(2 / float(spread["n"].median()))
