"""What a model of a target predicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm


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
