"""What model shifts share: a regression from source value to target value, applied to the source model's prediction."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from perftransfer.designs import random
from perftransfer.strategies.interface import Source, Strategy

# A regression on fewer pairs than this says nothing; the mean of the target's values is all there is.
_LEAST_PAIRS = 2


class Shift(Strategy):
    """Fitted on the configurations measured in both environments.

    Applied to the prediction of the source's model, so that it needs no source measurement where it predicts.
    """

    design = random
    needs_source = True
    learns_on = "source"

    @abstractmethod
    def shift(self) -> Any:
        """Return the unfitted regression from source value, shape (rows, 1), to target value."""

    def fit(self, X: np.ndarray, y: np.ndarray, source: Source | None = None) -> Shift:
        """Fit the shift to the measured pairs."""
        assert source is not None
        measured = source.measured(X)
        pairs = ~np.isnan(measured)
        self.mean_ = float(np.mean(y))
        self.shift_ = self.shift().fit(measured[pairs][:, None], y[pairs]) if pairs.sum() >= _LEAST_PAIRS else None
        return self

    def predict(self, X: np.ndarray, source: Source | None = None) -> np.ndarray:
        """Shift the source model's prediction."""
        assert source is not None
        if self.shift_ is None:
            return np.full(len(X), self.mean_)
        return np.asarray(self.shift_.predict(source.predict(X)[:, None]), dtype=float)
