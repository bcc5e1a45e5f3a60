"""TRANSFER: what the sources and the target tell, each as far as measurements bear it out."""

from __future__ import annotations

import numpy as np

from perftransfer.gaussian_process.mixture import Mixture
from perftransfer.search._acquisition import log_probability_of_improvement
from perftransfer.search._model_based import ModelBased


class TRANSFER(ModelBased):
    """Proposes what is predicted best while an improvement is predicted, else what is most likely to be one.

    Ours. The model is the mixture that ``AUTO`` predicts with: a Gaussian process around the sources and one of the
    target alone, weighted by how well each predicts what was measured. So a search whose sources mislead goes on as one
    without sources. It starts with the three configurations that are best in the sources, since fewer measurements do
    not tell a level from a slope. As long as some candidate is
    predicted to be better than everything measured, the one that is predicted best is next. Otherwise it is the one
    that is most likely to be better (Kushner, "A new method of locating the maximum point of an arbitrary multipeak
    curve in the presence of noise", Journal of Basic Engineering 86, 1964), by the mixture. Expected improvement weighs
    large gains, which are rare near the optimum that sources lead to: on published measurements it needed more
    measurements (``benchmarks/README.md``).
    """

    title = "transfer search"
    n_start = 3
    is_random = False
    needs_source = True

    def _start(self) -> np.ndarray:
        view, _ = self.prior_view
        return np.asarray(-view.mean)

    def _score(self, mixture: Mixture, best: float, is_free: np.ndarray, feasibility: np.ndarray) -> np.ndarray:
        moments = self.latent(mixture)
        mean = mixture.weights @ np.array([mean for mean, _ in moments])
        # Where configurations fail or break limits, chances count: they are multiplied.
        if mean[is_free].min(initial=np.inf) < best and not feasibility.any():
            return np.asarray(-mean)
        with np.errstate(divide="ignore"):
            weights = np.log(mixture.weights)
        chances = [
            weight + log_probability_of_improvement(mean, std, best)
            for weight, (mean, std) in zip(weights, moments, strict=True)
        ]
        return np.asarray(np.logaddexp.reduce(chances, axis=0) + feasibility)
