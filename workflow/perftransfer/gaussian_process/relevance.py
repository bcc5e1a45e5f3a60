"""Which options matter for a smooth function of the configuration: automatic relevance determination.

D. J. C. MacKay, "Bayesian non-linear modelling for the prediction competition", ASHRAE Transactions 100 (1994);
Rasmussen and Williams, Gaussian Processes for Machine Learning, MIT Press 2006, section 5.1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize

from perftransfer.gaussian_process.kernel import Scale, distances_by_scale, matern, matern_slope

# Enough to estimate relevances; the cost is its cube.
_ROWS = 300
_ITERATIONS = 60
# Priors of the logarithms, for values of variance 1 and distances up to 1: median and deviation.
_RELEVANCE, _VARIANCE, _NOISE = (np.log(0.5), 2.0), (0.0, 1.5), (np.log(1e-2), 2.0)
# Of the variance: configurations that are equal on all scales leave the matrix singular where the noise vanishes.
_JITTER = 1e-7


def relevance(codes: np.ndarray, y: np.ndarray, scales: Sequence[Scale], seed: int = 0) -> np.ndarray:
    """Relevance of each scale, shape (scales,), as ``kernel.squared_distances`` takes it.

    codes: configurations, shape (rows, options). y: their values, standardised. Of more than 300 rows a random sample
    (by ``seed``) is looked at. Maximises the posterior of relevances, variance and noise.
    """
    rows = np.random.default_rng(seed).permutation(len(y))[:_ROWS]
    apart, values = distances_by_scale(codes[rows], codes[rows], scales), y[rows]
    prior = np.array([_RELEVANCE] * len(scales) + [_VARIANCE, _NOISE])
    result = minimize(
        _loss, prior[:, 0], (apart, values, prior), jac=True, method="L-BFGS-B", options={"maxiter": _ITERATIONS}
    )
    out_: np.ndarray = np.exp(result.x[:-2])
    return out_


def _loss(theta: np.ndarray, apart: np.ndarray, y: np.ndarray, prior: np.ndarray) -> tuple[float, np.ndarray]:
    """Negative log posterior and its gradient; theta: logarithms of relevances, variance and noise."""
    *_, variance, noise = parameters = np.exp(theta)
    weights = parameters[:-2]
    squared = np.tensordot(weights, apart, 1)
    signal = variance * matern(squared)
    factor = cho_factor(signal + (noise + _JITTER * variance) * np.eye(len(y)), lower=True)
    alpha = cho_solve(factor, y)
    inner = np.outer(alpha, alpha) - cho_solve(factor, np.eye(len(y)))
    off = (theta - prior[:, 0]) / prior[:, 1]
    slope = np.tensordot(apart, variance * matern_slope(squared) * inner, axes=([1, 2], [0, 1]))
    gradient = -0.5 * np.array([*(weights * slope), np.sum(inner * signal), noise * np.trace(inner)])
    loss = 0.5 * y @ alpha + np.log(np.diag(factor[0])).sum() + 0.5 * off @ off
    return float(loss), gradient + off / prior[:, 1]
