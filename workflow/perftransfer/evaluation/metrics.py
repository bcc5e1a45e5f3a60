"""How far predictions are from what was measured. All in the objective's own unit, never on the scale of learning."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata


def mape(y: np.ndarray, predicted: np.ndarray) -> float:
    """Mean absolute percentage error: 100 mean(|y - p| / y)."""
    return float(100 * np.mean(np.abs(y - predicted) / y))


def nmse(y: np.ndarray, predicted: np.ndarray) -> float:
    """Mean squared error over the product of both means, as the authors of the paper define it.

    NaN where the predictions' mean is not above 0: an error below 0 would look better than none.
    """
    product = float(np.mean(y) * np.mean(predicted))
    return float(np.mean((y - predicted) ** 2)) / product if product > 0 else float("nan")


def mae(y: np.ndarray, predicted: np.ndarray) -> float:
    """Mean absolute error, in the unit of the objective."""
    return float(np.mean(np.abs(y - predicted)))


def r2(y: np.ndarray, predicted: np.ndarray) -> float:
    """Coefficient of determination; NaN if all ``y`` are equal."""
    spread = float(np.sum((y - y.mean()) ** 2))
    return 1 - float(np.sum((y - predicted) ** 2)) / spread if spread > 0 else float("nan")


def spearman(y: np.ndarray, predicted: np.ndarray) -> float:
    """Rank correlation; NaN if all values of one side are equal."""
    a, b = rankdata(y), rankdata(predicted)
    a, b = a - a.mean(), b - b.mean()
    length = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / length if length > 0 else float("nan")


def shortfall(y: np.ndarray, best: float | np.ndarray, *, maximize: bool = False) -> np.ndarray:
    """How far values are from the best one, as a fraction of it, shape of ``y``: 0.1 is 10 % worse."""
    return np.asarray(1 - y / best if maximize else y / best - 1)


def regret(y: np.ndarray, predicted: np.ndarray, *, maximize: bool = False) -> float:
    """What following the model costs: how far the configuration predicted best is from the best one, as a fraction.

    Of several predicted equally good, the mean over them: which one the model would name is an accident. maximize:
    whether more is better.
    """
    best = np.max if maximize else np.min
    return float(np.mean(shortfall(y[predicted == best(predicted)], best(y), maximize=maximize)))


def coverage(y: np.ndarray, low: np.ndarray, high: np.ndarray) -> float:
    """Share (0 to 1) of what was measured that lies within its prediction interval."""
    return float(np.mean((low <= y) & (y <= high)))


def best_tenth(y: np.ndarray, *, maximize: bool = False) -> np.ndarray:
    """Positions of the best tenth of the values, one at least. maximize: whether more is better."""
    order = np.argsort(-y if maximize else y, kind="stable")
    return order[: max(1, round(len(y) / 10))]


def interval_width(y: np.ndarray, low: np.ndarray, high: np.ndarray) -> float:
    """Width of the prediction intervals, in percent of what was measured, the mean."""
    return float(100 * np.mean((high - low) / y))


def interval_score(y: np.ndarray, low: np.ndarray, high: np.ndarray, share: float) -> float:
    """Interval score in percent of what was measured, the mean; the lower the better.

    The width plus, where the value lies outside, its distance times 2 / (1 - share) (Gneiting and Raftery, "Strictly
    proper scoring rules, prediction, and estimation", JASA 102, 2007, equation 43).
    """
    outside = np.maximum(low - y, 0) + np.maximum(y - high, 0)
    return float(100 * np.mean((high - low + 2 / (1 - share) * outside) / y))
