"""RBS, residual boosting on a shift: what a line in the source's value leaves is learnt from the options."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.pipeline import make_pipeline

from perftransfer.learners.brt import BRT
from perftransfer.space.encoding import Encoder
from perftransfer.space.options import to_json
from perftransfer.strategies.interface import Source
from perftransfer.strategies.lms import LMS


class RBS(LMS):
    """Boosted trees on the options, fitted to what a linear model shift leaves of the target's sample.

    Least-squares boosting from a first guess (Friedman, "Greedy function approximation: a gradient boosting machine",
    Annals of Statistics 29, 2001, section 4.1), which is the shift (Valov et al., ICPE 2017). The trees are those of
    the learner BRT with its defaults, independent of the study's learners.
    """

    title = "residual boosting on a linear shift"

    def fit(self, X: np.ndarray, y: np.ndarray, source: Source | None = None) -> RBS:
        """Fit the shift, and the trees to what it leaves."""
        super().fit(X, y, source)
        self.booster_ = None if self.shift_ is None else self._boosted(self.shift_.predict(self.pairs_))
        return self

    def predict(self, X: np.ndarray, source: Source | None = None) -> np.ndarray:
        """Add what the trees predict to the shifted prediction of the source's model."""
        assert source is not None
        shifted = super().predict(X, source)
        if len(self.sample_[1]) < 2:
            return shifted
        booster = self._boosted(super().predict(self.sample_[0], source)) if self.booster_ is None else self.booster_
        result: np.ndarray = shifted + np.asarray(booster.predict(X), dtype=float)
        return result

    def _boosted(self, shifted: np.ndarray) -> Any:
        X, y = self.sample_
        encoder = Encoder(to_json(self.options), BRT.encoding)
        return make_pipeline(encoder, BRT().estimator(self.seed)).fit(X, y - shifted)
