"""EI: a Gaussian process of the target alone, and expected improvement."""

from __future__ import annotations

import numpy as np

from perftransfer.gaussian_process.mixture import Mixture
from perftransfer.gaussian_process.prior import FromSources
from perftransfer.search._acquisition import log_expected_improvement
from perftransfer.search._model_based import ModelBased


class EI(ModelBased):
    """Proposes the candidate with the largest expected improvement, by a Gaussian process without sources.

    It starts with three measurements at random. Jones, Schonlau and Welch, "Efficient global optimization of expensive
    black-box functions", Journal of Global Optimization 13, 1998.
    """

    title = "expected improvement without sources"
    is_random = True
    needs_source = False
    n_start = 3

    @property
    def prior(self) -> FromSources | None:
        """None: sources are not used."""
        return None

    def _start(self) -> np.ndarray:
        return np.random.default_rng(self.seed).random(len(self.candidates))

    def _score(self, mixture: Mixture, best: float, is_free: np.ndarray, feasibility: np.ndarray) -> np.ndarray:
        ((mean, std),) = self.latent(mixture)
        return np.asarray(log_expected_improvement(mean, std, best) + feasibility)
