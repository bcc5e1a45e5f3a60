"""AUTO: kernel transfer from all sources, and the same without, each as far as measurements bear it out."""

from __future__ import annotations

import numpy as np

from perftransfer.designs.greedy import Greedy
from perftransfer.gaussian_process.mixture import Mixture, mixed
from perftransfer.gaussian_process.prior import FromSources
from perftransfer.strategies._gaussian_process import around
from perftransfer.strategies.interface import Source, Strategy


class AUTO(Strategy):
    """A mixture weighted by how well each explains what was measured in the target.

    Ours. The weights are the geometric mean of those of Bayesian model averaging (marginal likelihoods: how well each
    measurement is predicted from those before it) and of pseudo Bayesian model averaging (leave-one-out densities: from
    all others; Yao, Vehtari, Simpson and Gelman, "Using stacking to average Bayesian predictive distributions",
    Bayesian Analysis 13, 2018, section 3.4). The first knows how bold a prior was, the second how good it is by now. A
    source that misleads is left behind as soon as measurements show it; test rows have no part in that. Before there
    are any, sources are four times as likely to help as not.
    """

    title = "automatic choice"
    design = Greedy
    needs_source = True
    uses_all_sources = True
    fits_learner_on = "none"
    accepts_noise = True

    def fit(self, X: np.ndarray, y: np.ndarray, source: Source | None = None, noise: np.ndarray | None = None) -> AUTO:
        """Fit both and weigh them."""
        prior = None if source is None else FromSources.of(source.evidence.members, self.options)
        mixture = Mixture(self.options, prior, X, y, noise)
        #: Of each, the one without a source first.
        self.posteriors_, self.weights_ = mixture.posteriors, mixture.weights
        return self

    def predict(self, X: np.ndarray, source: Source | None = None) -> np.ndarray:
        """Predict by the weighted mean."""
        return self._mixed(X)[0]

    def interval(self, X: np.ndarray, share: float, source: Source | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Of the mixture, each scaled by how well it predicts each measurement from the others."""
        return around(*self._mixed(X), share, len(self.posteriors_[0]))

    def _mixed(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of the mixture."""
        mean, variance = mixed(self.weights_, [posterior.moments(X) for posterior in self.posteriors_])
        return mean, np.sqrt(variance)
