"""What a model of a target predicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from perftransfer.fitting.conformal import INTERVAL
from perftransfer.scales import Scale


@dataclass(frozen=True)
class Prediction:
    """Predictions in the objective's unit, shape (rows,) each.

    Parameters
    ----------
    value
        Predicted values.
    low, high
        Ends of an interval for a new measurement; None where the strategy gives none.
    position, spread
        Value and standard deviation on the scale of learning; the spread is None without intervals.
    """

    value: np.ndarray
    low: np.ndarray | None
    high: np.ndarray | None
    position: np.ndarray
    spread: np.ndarray | None

    @classmethod
    def concat(cls, predictions: Sequence[Prediction]) -> Prediction:
        """Concatenate predictions of one strategy; what any of them lacks is missing."""

        def concat_all(arrays: Sequence[np.ndarray | None]) -> np.ndarray | None:
            present = [array for array in arrays if array is not None]
            return np.concatenate(present) if len(present) == len(arrays) else None

        return cls(
            np.concatenate([prediction.value for prediction in predictions]),
            concat_all([prediction.low for prediction in predictions]),
            concat_all([prediction.high for prediction in predictions]),
            np.concatenate([prediction.position for prediction in predictions]),
            concat_all([prediction.spread for prediction in predictions]),
        )

    @classmethod
    def normal(cls, position: np.ndarray, spread: np.ndarray, scale: Scale) -> Prediction:
        """Return normal predictions with mean and standard deviation on the scale of learning."""
        reach = norm.ppf((1 + INTERVAL) / 2) * spread
        low, high = scale.interval(position - reach, position + reach)
        # On a linear scale, an end may lie below what an objective can be.
        return cls(scale.backward(position), np.maximum(low, 0), high, position, spread)

    def replaced(self, rows: np.ndarray, other: Prediction) -> Prediction:
        """Return it with the values of another one, shape (len(rows),), in some rows; what either lacks is missing."""

        def put(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
            out = ours.copy()
            out[rows] = theirs
            return out

        def put_if_any(ours: np.ndarray | None, theirs: np.ndarray | None) -> np.ndarray | None:
            return None if ours is None or theirs is None else put(ours, theirs)

        return Prediction(
            put(self.value, other.value),
            put_if_any(self.low, other.low),
            put_if_any(self.high, other.high),
            put(self.position, other.position),
            put_if_any(self.spread, other.spread),
        )

    def rows(self, index: np.ndarray) -> Prediction:
        """Return the predictions of these rows."""
        low, high, spread = (None if array is None else array[index] for array in (self.low, self.high, self.spread))
        return Prediction(self.value[index], low, high, self.position[index], spread)

    def better_than(self, other: int) -> np.ndarray | None:
        """Probability that each is lower than the row ``other``, as if both were normal; None without intervals."""
        if self.spread is None:
            return None
        z = (self.position[other] - self.position) / np.hypot(self.spread, self.spread[other])
        return np.asarray(np.where(np.arange(len(z)) == other, np.nan, norm.cdf(z)))
