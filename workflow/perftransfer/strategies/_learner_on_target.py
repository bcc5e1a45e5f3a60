"""What strategies share that fit the learner to the target's sample alone."""

from __future__ import annotations

import numpy as np
from sklearn.base import clone

from perftransfer.strategies.interface import Source, Strategy


class LearnerOnTarget(Strategy):
    """The learner, fitted to the target's sample; subclasses say by which design it is chosen.

    A source does its part in the design, if at all.
    """

    fits_learner_on = "target"
    ignores_source = True

    def fit(self, X: np.ndarray, y: np.ndarray, source: Source | None = None) -> LearnerOnTarget:
        """Fit the learner to the sample."""
        self.model_ = clone(self.learner).fit(X, y)
        return self

    def predict(self, X: np.ndarray, source: Source | None = None) -> np.ndarray:
        """Predict by the learner."""
        return np.asarray(self.model_.predict(X), dtype=float)
