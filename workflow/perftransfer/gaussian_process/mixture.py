"""A Gaussian process with sources and one without, each as far as measurements bear it out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from perftransfer.gaussian_process.posterior import Posterior
from perftransfer.gaussian_process.prior import FromSources, Prior, WithoutSource
from perftransfer.space.options import Option

# Users name sources because they expect them to help: prior odds that they do.
_ODDS = 4.0


class Mixture:
    """Posteriors by the measurements of a target, and their weights.

    The weights are the geometric mean of marginal likelihoods and leave-one-out densities; ``strategies.auto`` says
    why.

    Parameters
    ----------
    options
        Schema of the codes.
    prior
        The prior that sources give; None if there are none.
    X, y, noise
        As ``Posterior`` takes them.

    Attributes
    ----------
    posteriors : list of Posterior
        The one without sources first.
    weights : ndarray
        Shape (posteriors,); they add up to 1.
    """

    def __init__(
        self,
        options: Sequence[Option],
        prior: FromSources | None,
        X: np.ndarray,
        y: np.ndarray,
        noise: np.ndarray | None = None,
    ) -> None:
        priors: list[Prior] = [WithoutSource(options, y, None if prior is None else prior.unit)]
        if prior is not None:
            priors.append(prior)
        self.posteriors = [Posterior(each, X, y, noise) for each in priors]
        scores = np.array([(posterior.left_out_score + posterior.log_evidence) / 2 for posterior in self.posteriors])
        scores[1:] += np.log(_ODDS)
        weights = np.exp(scores - scores.max())
        self.weights = weights / weights.sum()

    def known(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance of what was measured, were it measured without noise; see ``Posterior.known``."""
        return mixed(self.weights, [posterior.known() for posterior in self.posteriors])


def mixed(weights: np.ndarray, moments: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of a mixture, from those of its parts; shape (rows,) each."""
    means, variances = np.array([mean for mean, _ in moments]), np.array([variance for _, variance in moments])
    mean = weights @ means
    return mean, weights @ (variances + (means - mean) ** 2)
