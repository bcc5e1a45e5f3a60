"""What model shifts share: a regression from source value to target value, applied to the source model's prediction."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from perftransfer.designs.random import Random
from perftransfer.strategies.interface import Source, Strategy

# A regression on fewer pairs than this says nothing; the mean of the target's values is all there is.
_LEAST_PAIRS = 2


class Shift(Strategy):
    """Fitted on the configurations measured in both environments.

    Applied to the prediction of the source's model, so that it needs no source measurement where it predicts. What was
    not measured in a source is predicted by its model for the fit, too.
    """

    design = Random
    needs_source = True
    fits_learner_on = "source"

    @abstractmethod
    def shift(self) -> Any:
        """Return the unfitted regression from source values, shape (rows, sources), to target value."""

    def used(self, source: Source) -> tuple[Source, ...]:
        """Which sources are shifted together."""
        return source.members

    def fit(self, X: np.ndarray, y: np.ndarray, source: Source | None = None) -> Shift:
        """Fit the shift to the measured pairs."""
        assert source is not None
        self.sample_ = X, y
        self.pairs_ = np.column_stack([member.measured(X) for member in self.used(source)])
        # With gaps, each learner's source model has its say first.
        self.shift_ = None if np.isnan(self.pairs_).any() else self._fitted(self.pairs_)
        return self

    def predict(self, X: np.ndarray, source: Source | None = None) -> np.ndarray:
        """Shift the source model's prediction."""
        assert source is not None
        shift = self._fitted(self.sample_values(source)) if self.shift_ is None else self.shift_
        if shift is None:
            return np.full(len(X), np.mean(self.sample_[1]))
        return np.asarray(shift.predict(self._predicted(X, source)), dtype=float)

    def sample_values(self, source: Source) -> np.ndarray:
        """Values of the sources for the sample, measured or else predicted, shape (rows, sources)."""
        gaps = np.isnan(self.pairs_)
        return np.where(gaps, self._predicted(self.sample_[0], source), self.pairs_) if gaps.any() else self.pairs_

    def _fitted(self, values: np.ndarray) -> Any:
        """Shift from source values, shape (rows, sources), to the sample's; None if the sample is too small."""
        return self.shift().fit(values, self.sample_[1]) if len(values) >= _LEAST_PAIRS else None

    def _predicted(self, X: np.ndarray, source: Source) -> np.ndarray:
        return np.column_stack([member.predict(X) for member in self.used(source)])
