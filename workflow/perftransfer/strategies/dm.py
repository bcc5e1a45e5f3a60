"""DM, direct model transfer: the source's model as it is."""

from __future__ import annotations

import numpy as np

from perftransfer.designs.random import Random
from perftransfer.strategies.interface import Source, Strategy


class DM(Strategy):
    """The source model's prediction, unchanged, without a measurement in the target (Iqbal et al. 2019, sec. 3)."""

    title = "direct model transfer"
    design = Random
    needs_source = True
    needs_target = False
    fits_learner_on = "source"

    def fit(self, X: np.ndarray, y: np.ndarray, source: Source | None = None) -> DM:
        """Learn nothing."""
        return self

    def predict(self, X: np.ndarray, source: Source | None = None) -> np.ndarray:
        """Predict by the source's model."""
        assert source is not None
        return source.predict(X)
