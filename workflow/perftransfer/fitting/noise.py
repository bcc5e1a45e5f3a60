"""The noise below which no model can get."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from perftransfer.scales import Scale

_SHRINKAGE = 4.0


def spreads(measured: pd.DataFrame, objective: str) -> pd.DataFrame:
    """Return ``cv, n, floor`` of each configuration that was measured in n processes, two or more.

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
    return pd.DataFrame({"cv": cv, "n": n, "floor": floor})


def known_variance(cv: np.ndarray, n: np.ndarray) -> np.ndarray | None:
    """Squared relative standard error of each value, the median of n processes; None if all were measured once.

    cv: coefficient of variation over the processes of each, n: their number, both of shape (rows,) and NaN where
    unknown. Two processes show almost nothing of their spread, so each is shrunk towards the common one,
    as if four further degrees of freedom agreed with it (the moderated variance of Smyth, Statistical Applications in
    Genetics and Molecular Biology 3, 2004, with a fixed weight).
    """
    n = np.where(np.isnan(n), 1.0, n)
    degrees = np.where(np.isnan(cv), 0.0, n - 1)
    if not degrees.sum() > 0:
        return None
    squares = degrees * np.nan_to_num(cv) ** 2
    variance = (squares + _SHRINKAGE * squares.sum() / degrees.sum()) / (degrees + _SHRINKAGE)
    # Variance of a median of n normal values; that of two is their mean.
    return np.asarray(variance * np.where(n <= 2, 1 / n, np.pi / (2 * n + np.pi - 2)))


def variance_on_scale(y: np.ndarray, cv: np.ndarray, n: np.ndarray, scale: Scale) -> np.ndarray | None:
    """Compute the variance of each value on the scale of learning.

    Parameters
    ----------
    y, cv, n
        Values in the objective's unit, their coefficients of variation and numbers of processes, shape (rows,).
    scale
        Scale of learning.

    Returns
    -------
    ndarray or None
        Shape (rows,); None where no configuration was measured in several processes.
    """
    relative = known_variance(cv, n)
    return relative if relative is None or scale.is_log else relative * y**2


def least_difference(spread: pd.DataFrame, n: tuple[float, float] | None = None) -> float:
    """Return the smallest difference of two configurations, in percent, that noise alone seldom shows (1 in 20).

    Fisher's least significant difference, t s sqrt(1 / a + 1 / b), with s pooled over all configurations (Fisher, The
    Design of Experiments, 1935, sec. 24). A single pair: among many that are compared, some differ by more.

    Parameters
    ----------
    spread
        Rows of ``spreads`` of one environment.
    n
        Numbers of processes, a and b, of the two; by default twice the median over all configurations.
    """
    degrees = float((spread["n"] - 1).sum())
    pooled = math.sqrt(float(((spread["n"] - 1) * spread["cv"] ** 2).sum()) / degrees)
    a, b = n or [float(spread["n"].median())] * 2
    return float(stdtrit(degrees, 0.975)) * pooled * math.sqrt(1 / a + 1 / b)
