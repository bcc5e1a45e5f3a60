"""What strategies share that are a Gaussian process: predictions, intervals, and the prior that sources give."""

from __future__ import annotations

import numpy as np
from scipy.stats import t as student

from perftransfer.designs.greedy import Greedy
from perftransfer.gaussian_process.posterior import Posterior
from perftransfer.gaussian_process.prior import FromSources
from perftransfer.strategies.interface import Source, Strategy


class GaussianProcess(Strategy):
    """Predicts by ``posterior_``, which subclasses fit."""

    fits_learner_on = "none"
    accepts_noise = True
    posterior_: Posterior

    def predict(self, X: np.ndarray, source: Source | None = None) -> np.ndarray:
        """Predict by the posterior's mean."""
        return self.posterior_.predict(X)[0]

    def interval(self, X: np.ndarray, share: float, source: Source | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Of the posterior, scaled by how well it predicts each measurement from the others."""
        posterior = self.posterior_
        return around(posterior.predict(X)[0], posterior.spread(X), share, len(posterior))


class KernelTransfer(GaussianProcess):
    """The target as a Gaussian process whose mean and covariance come from what was measured in the sources."""

    design = Greedy
    needs_source = True

    def fit(
        self, X: np.ndarray, y: np.ndarray, source: Source | None = None, noise: np.ndarray | None = None
    ) -> KernelTransfer:
        """Average over what the sources leave open."""
        assert source is not None
        self.posterior_ = Posterior(FromSources.of(source.evidence.members, self.options), X, y, noise)
        return self


def around(mean: np.ndarray, std: np.ndarray, share: float, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Ends of intervals that hold ``share`` of the values, by Student's distribution: n measurements told ``std``."""
    far = student.ppf((1 + share) / 2, max(1, n - 1)) * std
    return mean - far, mean + far
