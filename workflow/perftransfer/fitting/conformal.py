"""Prediction intervals for any strategy whose sample was drawn at random, from refits that leave a part of it out.

Barber, Candès, Ramdas and Tibshirani, "Predictive inference with the jackknife+", Annals of Statistics 49, 2021,
section 3: CV+, which is jackknife+ where every part is a single measurement. Where the sample and what is predicted are
exchangeable, intervals for a share 1 - a hold at least about 1 - 2a for any strategy, and in practice close to 1 - a.
Chosen samples are not exchangeable.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

#: Nominal coverage of prediction intervals.
INTERVAL = 0.9
#: How far the actual coverage of reliable intervals may be from the nominal one.
TOLERANCE = 0.05


def folds(n: int, parts: int, seed: int) -> list[np.ndarray]:
    """Positions that each refit leaves out: a random partition of ``n`` measurements into at most ``parts``."""
    order = np.random.default_rng(seed).permutation(n)
    return [np.sort(part) for part in np.array_split(order, min(parts, n))]


def interval(
    y: np.ndarray,
    chosen: np.ndarray,
    left_out: Sequence[np.ndarray],
    predicted: Sequence[np.ndarray],
    share: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Compute lower and upper ends for all configurations of a pool, both of shape (rows,).

    Parameters
    ----------
    y
        What was measured, shape (n,).
    chosen
        Rows of the pool that were measured, shape (n,).
    left_out
        Positions in ``y`` that each refit left out. What none of them left out has no part in the intervals.
    predicted
        What each refit predicts for the whole pool, shape (rows,) each.
    share
        Nominal coverage.

    Notes
    -----
    From fewer than 1 / (1 - share) - 1 measurements no finite interval has the guarantee; then the widest that the
    refits give is taken, which holds about n / (n + 1).
    """
    n = sum(map(len, left_out))
    lows, highs = [], []
    for rows, values in zip(left_out, predicted, strict=True):
        residuals = np.abs(y[rows] - values[chosen[rows]])[:, None]
        lows.append(values - residuals)
        highs.append(values + residuals)
    # Rounded first: 0.9 times 10 is not to be more than 9.
    rank = min(math.ceil(round(share * (n + 1), 9)), n)
    low = np.partition(np.concatenate(lows), n - rank, axis=0)[n - rank]
    high = np.partition(np.concatenate(highs), rank - 1, axis=0)[rank - 1]
    return low, high
