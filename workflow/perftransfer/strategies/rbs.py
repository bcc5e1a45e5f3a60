"""RBS, residual boosting on a shift: what a line in the source's value leaves is learnt from the options."""

from __future__ import annotations

import numpy as np

from perftransfer import learners
from perftransfer.strategies.interface import Source
from perftransfer.strategies.lms import LMS


class RBS(LMS):
    """Boosted trees on the options, fitted to what a linear model shift leaves of the target's sample.

    Least-squares boosting from a first guess (Friedman, "Greedy function approximation: a gradient boosting machine",
    Annals of Statistics 29, 2001, section 4.1), which is the shift (Valov et al., ICPE 2017).
    """

    title = "residual boosting on a linear shift"

    def fit(self, X: np.ndarray, y: np.ndarray, source: Source | None = None) -> RBS:
        """Fit the shift, and the trees to what it leaves where the source was measured."""
        super().fit(X, y, source)
        self.booster_ = None
        if self.shift_ is not None:
            pairs = ~np.isnan(self.pairs_[:, 0])
            rest = y[pairs] - self.shift_.predict(self.pairs_[pairs])
            self.booster_ = learners.make("BRT", self.options, self.seed).fit(X[pairs], rest)
        return self

    def predict(self, X: np.ndarray, source: Source | None = None) -> np.ndarray:
        """Add what the trees predict to the shifted prediction of the source's model."""
        shifted = super().predict(X, source)
        return shifted if self.booster_ is None else shifted + np.asarray(self.booster_.predict(X), dtype=float)
