"""What a few measurements say of a function, averaged over all that the variances of its parts may be.

The average is by importance sampling: combinations of variances are drawn from their priors (quasi-random, always the
same ones) and weighted by the marginal likelihood of the measurements (Rasmussen and Williams, Gaussian Processes for
Machine Learning, MIT Press 2006, section 5.2; MacKay, Information Theory, Inference, and Learning Algorithms,
Cambridge 2003, section 29.2). From a dozen measurements on, relevances of the options that suit the target better join
those of the prior.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize
from scipy.stats import norm, qmc

from perftransfer.gaussian_process.kernel import distances_by_scale, matern, matern_slope
from perftransfer.gaussian_process.prior import Prior, View

_DRAWS = 256
# Combinations of less weight than this, relative to the heaviest, do not count.
_LEAST = 1e-4
# In a search, where only the order of candidates counts.
_LEAST_IN_SEARCH = 1e-2
# Fewer measurements do not show which options matter.
_ADAPT_FROM = 12
_ITERATIONS = 40
# Beyond, the marginal likelihood leaves a single combination anyway, and each costs the cube of the measurements.
_CUBES = 256 * 120**3
# Of the largest variance: configurations may be so alike that rounding decides.
_JITTER = 1e-9
# The same where a covariance given measurements is taken apart: they leave next to nothing of some rows.
_ROUNDING = 1e-6
# Rows predicted at a time: covariances of all of a large space with the measurements would fill the memory.
_ROWS = 5000
# Variance of the unknown level: so large that it does not matter.
_LEVEL = 25.0
# From larger spaces a random sample is chosen from, and the variance looked at on some of it.
_MOST_CANDIDATES, _REFERENCES = 2000, 1000
# Measurements that count as if they had fitted.
_FITTING = 10
# Logarithms of variances that lead nowhere.
_LIMITS = (-30.0, 15.0)


@lru_cache(maxsize=8)
def _draws(columns: int) -> np.ndarray:
    """Standard normal numbers, evenly spread, shape (256, columns)."""
    result: np.ndarray = norm.ppf(np.clip(qmc.Sobol(columns, seed=0).random(_DRAWS), 1e-4, 1 - 1e-4))
    return result


@dataclass(frozen=True, eq=False)
class _Candidates:
    """Combinations of variances under one set of relevances.

    variances: shape (combinations, parts + 1), the noise last. weights: relative to all candidates, shape
    (combinations,). precision: inverse covariances of the measurements. alpha: those times what the mean leaves.
    """

    relevance: np.ndarray
    variances: np.ndarray
    weights: np.ndarray
    precision: np.ndarray
    alpha: np.ndarray

    def with_weights(self, weights: np.ndarray) -> _Candidates:
        """Those of enough weight, with these weights."""
        keep = weights > 0
        return _Candidates(self.relevance, self.variances[keep], weights[keep], self.precision[keep], self.alpha[keep])


class Posterior:
    """The function, given measurements.

    prior: what was believed before. X: codes of the measured configurations, shape (rows, options), y: their values on
    the scale of learning, noise: variance of each that is known already (of repeated processes), all of shape (rows,).
    """

    def __init__(self, prior: Prior, X: np.ndarray, y: np.ndarray, noise: np.ndarray | None = None) -> None:
        self.prior = prior
        self._measured = y
        self._last: tuple[np.ndarray | None, tuple[np.ndarray, np.ndarray]] = None, (y, y)
        self._view = prior.view(X)
        self._centre = float(np.mean(y - prior.unit * self._view.mean))
        self._y = (y - self._centre) / prior.unit - self._view.mean
        self._noise = np.zeros(len(y)) if noise is None else noise / prior.unit**2
        # A new measurement is made as these were, and has their noise.
        self._usual = float(self._noise.mean())
        self._level = _LEVEL + np.diag(self._noise)
        median, spread = np.array(prior.variances).T
        draws = _draws(len(median))[: max(8, min(_DRAWS, _CUBES // max(1, len(y)) ** 3))]
        self._drawn = np.exp(np.log(median) + draws * spread)
        first, evidence = self._weigh(prior.relevance)
        groups, evidences = [first], [evidence]
        if len(y) >= _ADAPT_FROM:
            adapted, start = self._adapt(first.variances[np.argmax(evidence)])
            off = np.log(adapted / prior.relevance) / prior.relevance_spread
            second, evidence = self._weigh(adapted, start)
            groups.append(second)
            evidences.append(evidence - 0.5 * off @ off)
        highest = max(evidence.max() for evidence in evidences)
        weights = [np.exp(evidence - highest) for evidence in evidences]
        weights = [np.where(part > _LEAST * max(map(np.max, weights)), part, 0) for part in weights]
        total = sum(part.sum() for part in weights)
        self._groups = [group.with_weights(part / total) for group, part in zip(groups, weights, strict=True)]
        #: Logarithm of the marginal likelihood, in the unit of the values.
        self.log_evidence = float(highest + np.log(total / len(self._drawn)) - len(y) * np.log(prior.unit))
        means, spreads = self._left_out()
        #: Value at each measured configuration as the others predict it, and its standard deviation.
        self.left_out_mean = y - prior.unit * means
        self.left_out_std = prior.unit * spreads

    def predict(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of a new measurement of each configuration, both of shape (rows,)."""
        # Values and intervals of the same pool are asked for one after the other.
        if X is not self._last[0]:
            mean, std = np.hstack([self._predict(X[i : i + _ROWS]) for i in range(0, max(1, len(X)), _ROWS)])
            self._last = X, (mean, std)
        return self._last[1]

    def _predict(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        view = self.prior.view(X)
        return self._moments(view, self.prior.diagonals(view), _LEAST, has_noise=True)

    def latent(self, view: View, diagonals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of the function itself, without the noise of a measurement; (rows,) each.

        For searches, which ask again after each measurement: they pass the prior's ``view`` and ``diagonals`` of their
        candidates, and combinations of little weight are left out.
        """
        return self._moments(view, diagonals, _LEAST_IN_SEARCH, has_noise=False)

    def _moments(
        self, view: View, diagonals: np.ndarray, least: float, *, has_noise: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        fixed = self.prior.fixed(view, self._view)
        heaviest = max(group.weights.max(initial=0) for group in self._groups)
        means, variances, weights = [], [], []
        for group in self._groups:
            parts = np.array([*fixed, self.prior.last(view, self._view, group.relevance)])
            for variance, weight, precision, alpha in zip(
                group.variances, group.weights, group.precision, group.alpha, strict=True
            ):
                if weight < least * heaviest:
                    continue
                across = np.tensordot(variance[:-1], parts, 1) + _LEVEL
                explained = np.einsum("ij,ij->i", across @ precision, across)
                noise = variance[-1] + self._usual if has_noise else 0.0
                means.append(across @ alpha)
                variances.append(np.maximum(_LEVEL + variance[:-1] @ diagonals - explained, 0) + noise)
                weights.append(weight)
        mean = np.average(means, axis=0, weights=weights)
        spread = np.average(np.array(variances) + (np.array(means) - mean) ** 2, axis=0, weights=weights)
        return self._centre + self.prior.unit * (view.mean + mean), self.prior.unit * np.sqrt(spread)

    def known(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance of what was measured, were it measured without noise; both of shape (measurements,).

        Each value lies between what was measured and what the others predict, the nearer to what was measured the less
        is known to be noise. A configuration may well differ from what is like it, and that is no noise: where nothing
        is known of the noise, the value is what was measured. The model's own values at measured configurations are
        smoothed: the best of them is not the best configuration.
        """
        predicted = self.left_out_std**2
        noise = np.minimum(self._noise * self.prior.unit**2, predicted)
        share = (predicted - noise) / predicted
        return self.left_out_mean + share * (self._measured - self.left_out_mean), share * noise

    def draws(self, X: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw values of unmeasured configurations, together; shape (n, rows).

        They differ from what is like them as far as measurements do, beyond what is known to be noise, and are spread
        as ``spread`` says.
        """
        view, prior = self.prior.view(X), self.prior
        weights = np.concatenate([group.weights for group in self._groups])
        counts = iter(rng.multinomial(n, weights / weights.sum()))
        with_measured, among = prior.fixed(view, self._view), prior.fixed(view, view)
        drawn = []
        for group in self._groups:
            across_last, among_last = (prior.last(view, other, group.relevance) for other in (self._view, view))
            for variance, precision, alpha in zip(group.variances, group.precision, group.alpha, strict=True):
                count = next(counts)
                if not count:
                    continue
                across = np.tensordot(variance[:-1], np.array([*with_measured, across_last]), 1) + _LEVEL
                covariance = np.tensordot(variance[:-1], np.array([*among, among_last]), 1) + _LEVEL
                covariance -= across @ precision @ across.T
                covariance[np.diag_indices(len(X))] += variance[-1] + _ROUNDING * (1 + variance.max())
                normal = rng.standard_normal((count, len(X)))
                drawn.append(across @ alpha + self._inflation * (normal @ np.linalg.cholesky(covariance).T))
        return np.asarray(self._centre + prior.unit * (view.mean + np.concatenate(drawn)))

    @property
    def expected_noise(self) -> float:
        """Mean of the noise's variance, in the prior's unit."""
        return float(sum(group.weights @ group.variances[:, -1] for group in self._groups))

    def view(self, X: np.ndarray) -> View:
        """Look at configurations as the prior does."""
        return self.prior.view(X)

    def expected(self, a: View, b: View) -> np.ndarray:
        """Covariance at the means of the variances, before the measurements, in the prior's unit; (rows a, rows b)."""
        total = np.zeros((len(a.codes), len(b.codes)))
        means = [group.weights @ group.variances for group in self._groups]
        for mean, part in zip(np.sum(means, axis=0), self.prior.fixed(a, b), strict=False):
            total += mean * part
        for mean, group in zip(means, self._groups, strict=True):
            total += mean[-2] * self.prior.last(a, b, group.relevance)
        return total

    @property
    def left_out_score(self) -> float:
        """Logarithm of the density of each measurement given the others, summed."""
        return float(norm.logpdf(self._measured, self.left_out_mean, self.left_out_std).sum())

    def moments(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean of a new measurement of each configuration, and its variance by ``spread``; (rows,) each."""
        return self.predict(X)[0], self.spread(X) ** 2

    def spread(self, X: np.ndarray) -> np.ndarray:
        """Standard deviation of ``predict``, raised where what is left out is predicted worse than it says; (rows,).

        As if ten more measurements had fitted: few measurements show little of their own reliability.
        """
        result: np.ndarray = self._inflation * self.predict(X)[1]
        return result

    @property
    def _inflation(self) -> float:
        z = (self.left_out_mean - self._measured) / self.left_out_std
        # Never lowered: where measurements were chosen to be far apart, the others are no fair sample of what is left.
        return max(1.0, float(np.sqrt((_FITTING + z @ z) / (_FITTING + len(z)))))

    def __len__(self) -> int:
        """Number of measurements."""
        return len(self._measured)

    def _weigh(self, relevance: np.ndarray, also: np.ndarray | None = None) -> tuple[_Candidates, np.ndarray]:
        """Return combinations of variances under these relevances, and the logarithms of their likelihoods."""
        parts = self.prior.covariances(self._view, self._view, relevance)
        variances = self._drawn if also is None else np.vstack([also, self._drawn[:-1]])
        n = len(self._y)
        covariance = np.tensordot(variances[:, :-1], parts, 1) + self._level
        covariance[:, np.arange(n), np.arange(n)] += variances[:, -1:] + _JITTER * (
            1 + variances.max(axis=1, keepdims=True)
        )
        factor = np.linalg.cholesky(covariance)
        inverse = np.linalg.inv(factor)
        half = inverse @ self._y
        evidence = -0.5 * (half**2).sum(axis=1) - np.log(factor[:, np.arange(n), np.arange(n)]).sum(axis=1)
        precision = inverse.transpose(0, 2, 1) @ inverse
        alpha = precision @ self._y
        return _Candidates(relevance, variances, np.ones(len(variances)), precision, alpha), evidence

    def _adapt(self, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Relevances and variances of the highest posterior density, from the best combination that was drawn."""
        prior = self.prior
        fixed = np.array(prior.fixed(self._view, self._view))
        apart = distances_by_scale(self._view.codes, self._view.codes, prior.scales)
        median, spread = np.array(prior.variances).T
        centre = np.log(np.concatenate([median, prior.relevance]))
        spread = np.concatenate([spread, np.full(len(prior.relevance), prior.relevance_spread)])
        y, identity, parts = self._y, np.eye(len(self._y)), len(median)

        def loss(theta: np.ndarray) -> tuple[float, np.ndarray]:
            values = np.exp(np.clip(theta, *_LIMITS))
            variances, relevance = values[:parts], values[parts:]
            squared = np.tensordot(relevance, apart, 1)
            last = matern(squared)
            covariance = np.tensordot(variances[:-2], fixed, 1) + variances[-2] * last + self._level
            factor = cho_factor(covariance + (variances[-1] + _JITTER * (1 + variances.max())) * identity, lower=True)
            alpha = cho_solve(factor, y)
            inner = np.outer(alpha, alpha) - cho_solve(factor, identity)
            off = (theta - centre) / spread
            slope = np.tensordot(apart, variances[-2] * matern_slope(squared) * inner, axes=([1, 2], [0, 1]))
            by_part = [*np.tensordot(fixed, inner, axes=([1, 2], [0, 1])), np.sum(last * inner), np.trace(inner)]
            gradient = -0.5 * np.concatenate([variances * by_part, relevance * slope]) + off / spread
            return float(0.5 * y @ alpha + np.log(np.diag(factor[0])).sum() + 0.5 * off @ off), gradient

        begin = np.concatenate([np.log(start), np.log(prior.relevance)])
        result = minimize(loss, begin, jac=True, method="L-BFGS-B", options={"maxiter": _ITERATIONS})
        best = np.exp(np.clip(result.x, *_LIMITS))
        return best[parts:], best[:parts]

    def _left_out(self) -> tuple[np.ndarray, np.ndarray]:
        """Residual and standard deviation of each measurement, predicted from the others, in the prior's unit.

        Rasmussen and Williams, equations 5.10 to 5.12, averaged over the combinations.
        """
        residuals, variances, weights = [], [], []
        for group in self._groups:
            diagonal = np.diagonal(group.precision, axis1=1, axis2=2)
            residuals.append(group.alpha / diagonal)
            variances.append(1 / diagonal)
            weights.append(group.weights)
        residual, variance, weight = (np.concatenate(part) for part in (residuals, variances, weights))
        mean = np.average(residual, axis=0, weights=weight)
        return mean, np.sqrt(np.average(variance + (residual - mean) ** 2, axis=0, weights=weight))


def most_informative(
    posterior: Prior | Posterior,
    candidates: np.ndarray,
    n: int,
    order: np.ndarray,
    chosen: np.ndarray | Sequence[int] = (),
) -> np.ndarray:
    """Choose ``n`` candidates one by one, each to lower the variance over all candidates as much as one can.

    posterior: what is believed before anything is measured, or by now. candidates: codes, shape (rows, options). order:
    decides between equals, and which rows stand for all of a large space. chosen: positions that are measured already.
    Returns positions in the order of choice, shape (min(n, rows that are left),).

    The greedy algorithm of A-optimal design (Krause, Singh and Guestrin, "Near-optimal sensor placements in Gaussian
    processes", JMLR 9, 2008, section 3, for the variance in place of the entropy).
    """
    chosen = np.asarray(chosen, dtype=int)
    rest = order[~np.isin(order, chosen)]
    # Measured configurations first: they are conditioned on.
    positions = np.concatenate([chosen, rest[: max(0, _MOST_CANDIDATES - len(chosen))]])
    view = posterior.view(candidates[positions])
    everywhere = posterior.view(candidates[order[:_REFERENCES]])
    noise = posterior.expected_noise
    covariance, across = posterior.expected(view, view) + _LEVEL, posterior.expected(everywhere, view) + _LEVEL
    free = np.arange(len(positions)) >= len(chosen)
    picks: list[int] = []
    for step in range(len(chosen) + min(n, int(free.sum()))):
        variance = np.diag(covariance) + noise
        best = step
        if step >= len(chosen):
            best = int(np.argmax(np.where(free, (across**2).sum(axis=0) / variance, -1)))
            free[best] = False
            picks.append(best)
        share = covariance[best] / variance[best]
        across -= np.outer(across[:, best], share)
        covariance -= np.outer(covariance[:, best], share)
    beyond = rest[max(0, _MOST_CANDIDATES - len(chosen)) :]
    return np.concatenate([positions[picks], beyond[: max(0, n - len(picks))]])
