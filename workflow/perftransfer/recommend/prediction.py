"""What a model of a target predicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm


@dataclass(frozen=True)
class Prediction:
    """In the objective's unit, shape (rows,): the value and the ends of an interval for a new measurement.

    The ends are None where the strategy gives none. position, spread: value and standard deviation on the scale of
    learning; the spread is None where there are no intervals.
    """

    value: np.ndarray
    low: np.ndarray | None
    high: np.ndarray | None
    position: np.ndarray
    spread: np.ndarray | None

    @classmethod
    def concat(cls, parts: Sequence[Prediction]) -> Prediction:
        """Put predictions of one strategy together; what any of them lacks is lacking."""

        def concat_all(values: Sequence[np.ndarray | None]) -> np.ndarray | None:
            known = [one for one in values if one is not None]
            return np.concatenate(known) if len(known) == len(values) else None

        return cls(
            np.concatenate([part.value for part in parts]),
            concat_all([part.low for part in parts]),
            concat_all([part.high for part in parts]),
            np.concatenate([part.position for part in parts]),
            concat_all([part.spread for part in parts]),
        )

    def rows(self, places: np.ndarray) -> Prediction:
        """Some of it."""
        low, high, spread = (None if one is None else one[places] for one in (self.low, self.high, self.spread))
        return Prediction(self.value[places], low, high, self.position[places], spread)

    def better_than(self, other: int) -> np.ndarray | None:
        """Probability that each is lower than the row ``other``, as if both were normal; None without intervals."""
        if self.spread is None:
            return None
        far = (self.position[other] - self.position) / np.hypot(self.spread, self.spread[other])
        return np.asarray(np.where(np.arange(len(far)) == other, np.nan, norm.cdf(far)))
