"""What a candidate promises: expected improvement, and the probability that it works at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import erfcx, log_expit, log_ndtr
from scipy.stats import norm

from perftransfer.search.interface import History
from perftransfer.space.options import Option

# From here on down, the asymptotic form of the normal distribution is used: the direct one loses all digits.
_TAIL = -1.0
# Improvements below are lost in rounding.
_SMALLEST = 1e-300
_MIN_STD = 1e-12


def log_expected_improvement(mean: np.ndarray, std: np.ndarray, best: float) -> np.ndarray:
    """Logarithm of the expected improvement on ``best``, lower being better; shape (rows,).

    The logarithm tells candidates apart where the improvement itself is too small for a floating-point number.

    References
    ----------
    Jones, Schonlau and Welch, "Efficient global optimization of expensive black-box functions", Journal of Global
    Optimization 13, 1998, equation 15; Ament et al., "Unexpected improvements to expected improvement for Bayesian
    optimization", NeurIPS 2023, equation 9.
    """
    std = np.maximum(std, _MIN_STD)
    z = (best - mean) / std
    out = np.empty_like(z)
    direct = z > _TAIL
    out[direct] = np.log(norm.pdf(z[direct]) + z[direct] * norm.cdf(z[direct]))
    tail = z[~direct]
    ratio = 1 + tail * np.sqrt(np.pi / 2) * erfcx(-tail / np.sqrt(2))
    out[~direct] = norm.logpdf(tail) + np.log(np.maximum(ratio, _SMALLEST))
    result: np.ndarray = out + np.log(std)
    return result


def log_probability_of_improvement(mean: np.ndarray, std: np.ndarray, best: float) -> np.ndarray:
    """Logarithm of the probability to be better than ``best``, lower being better; shape (rows,)."""
    return np.asarray(log_ndtr((best - mean) / np.maximum(std, _MIN_STD)))


def log_feasibility(candidates: np.ndarray, options: Sequence[Option], history: History) -> np.ndarray:
    """Logarithm of how likely a candidate has a value, by the levels of what failed and what did not; shape (rows,).

    Naive Bayes: each option tells by itself, and levels not seen yet count as one more measurement spread over all
    levels. The odds are those of a success, relative to a failure; 0 where nothing failed.
    """
    has_value = history.is_valid
    if has_value.all():
        return np.zeros(len(candidates))
    odds = np.full(len(candidates), np.log((1 + has_value.sum()) / (1 + (~has_value).sum())))
    for i, option in enumerate(options):
        n_levels = len(option.texts)
        tried = candidates[history.rows, i]
        shares = []
        for rows in (has_value, ~has_value):
            counts = np.bincount(tried[rows], minlength=len(option.levels) + 1)
            shares.append((counts + 1 / n_levels) / (rows.sum() + 1))
        odds += np.log(shares[0] / shares[1])[candidates[:, i]]
    return np.asarray(log_expit(odds))
