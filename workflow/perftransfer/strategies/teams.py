"""TEAMS, model shifting with the configuration: what the source's model predicts is one feature of the target's."""

from __future__ import annotations

import numpy as np
from sklearn.base import clone

from perftransfer.designs.random import Random
from perftransfer.strategies.interface import Source, Strategy


class TEAMS(Strategy):
    """The learner, fitted to the target's sample with the source model's prediction as a further feature.

    Martin, Acher, Pereira, Lesoil, Jézéquel and Khelladi, "Transfer learning across variants and versions: the case of
    Linux kernel size", IEEE Transactions on Software Engineering 48 (2021), section 4: the shift is a model of its own,
    of the options and of what the source's model says. Options that only one side has are aligned, as
    theirs are (``space.alignment``). Their learner is gradient boosting (BRT here).
    """

    title = "source prediction as a feature (tEAMS)"
    design = Random
    needs_source = True
    fits_learner_on = "both"

    def fit(self, X: np.ndarray, y: np.ndarray, source: Source | None = None) -> TEAMS:
        """Fit the learner's estimator to the encoded options and the source's prediction."""
        assert source is not None
        y_source = source.evidence.y
        # Between 0 and 1, as the encoded options are.
        self.low_, self.high_ = float(y_source.min()), float(y_source.max())
        encoding, estimator = (clone(step) for _, step in self.learner.steps)
        self.encoding_ = encoding
        self.estimator_ = estimator.fit(self._features(X, source), y)
        return self

    def predict(self, X: np.ndarray, source: Source | None = None) -> np.ndarray:
        """Predict by the estimator."""
        assert source is not None
        return np.asarray(self.estimator_.predict(self._features(X, source)), dtype=float)

    def _features(self, X: np.ndarray, source: Source) -> np.ndarray:
        shifted = (source.predict(X) - self.low_) / (self.high_ - self.low_ or 1.0)
        return np.column_stack([self.encoding_.transform(X), shifted])
