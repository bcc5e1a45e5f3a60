"""GP, a Gaussian process without a source: what kernel transfer must beat."""

from __future__ import annotations

import numpy as np

from perftransfer.designs.random import Random
from perftransfer.gaussian_process.posterior import Posterior
from perftransfer.gaussian_process.prior import WithoutSource
from perftransfer.strategies._gaussian_process import GaussianProcess
from perftransfer.strategies.interface import Source


class GP(GaussianProcess):
    """A Gaussian process on a random sample of the target, its variances averaged over.

    Rasmussen and Williams, Gaussian Processes for Machine Learning, MIT Press 2006. The same as ``KT``, but without a
    source.
    """

    title = "Gaussian process without a source"
    design = Random
    needs_source = False
    ignores_source = True

    def fit(self, X: np.ndarray, y: np.ndarray, source: Source | None = None, noise: np.ndarray | None = None) -> GP:
        """Average over the unknown variances."""
        self.posterior_ = Posterior(WithoutSource(self.options, y), X, y, noise)
        return self
