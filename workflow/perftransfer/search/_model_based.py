"""Base class of searches by a model of the target."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property

import numpy as np
from scipy.special import ndtr

from perftransfer.gaussian_process.mixture import Mixture
from perftransfer.gaussian_process.prior import FromSources, Prior, View
from perftransfer.search._acquisition import log_feasibility
from perftransfer.search.interface import History, SearchMethod

# Chances below are lost in rounding.
_SMALLEST = 1e-300


class ModelBased(SearchMethod):
    """Proposes the candidate of the highest score, by what was measured.

    In a batch, each proposal is taken as measured with its predicted value before the next one is made (the "kriging
    believer" of Ginsbourger, Le Riche and Carraro, "Kriging is well-suited to parallelize optimization", Springer
    2010, section 4). Of equal scores, the candidate that stands first is taken.
    """

    @abstractmethod
    def _start(self) -> np.ndarray:
        """Score each candidate before there are enough measurements for a model, shape (rows,); higher is better.

        In a unit in which 1 is a typical difference between candidates.
        """

    #: Number of measurements from which on the model decides.
    n_start = 1

    @abstractmethod
    def _score(self, mixture: Mixture, best: float, is_free: np.ndarray, feasibility: np.ndarray) -> np.ndarray:
        """Score each candidate by the model, shape (rows,); higher is better.

        Parameters
        ----------
        mixture
            Fitted to what has a value, at least ``n_start`` measurements.
        best
            The best value measured within all limits, without noise.
        is_free
            Which candidates may be proposed, shape (rows,).
        feasibility
            Logarithm of the probability that a candidate has a value, and keeps all limits; shape (rows,).
        """

    @cached_property
    def prior(self) -> FromSources | None:
        """What the sources tell of the target; None if there are none."""
        return FromSources.of(self.sources, self.options) if self.sources else None

    def latent(self, mixture: Mixture) -> list[tuple[np.ndarray, np.ndarray]]:
        """Mean and standard deviation of each candidate, without noise, by each posterior of a mixture."""
        moments = []
        for posterior in mixture.posteriors:
            # The prior without sources sees only the codes; what the other one sees takes a while.
            view, diagonals = self.prior_view if posterior.prior is self.prior else self._view_of(posterior.prior)
            moments.append(posterior.latent(view, diagonals))
        return moments

    @cached_property
    def prior_view(self) -> tuple[View, np.ndarray]:
        assert self.prior is not None
        return self._view_of(self.prior)

    def _view_of(self, prior: Prior) -> tuple[View, np.ndarray]:
        view = prior.view(self.candidates)
        return view, prior.diagonals(view)

    def _choose(self, history: History, is_free: np.ndarray, n: int) -> list[int]:
        feasibility = log_feasibility(self.candidates, self.options, history)
        history, is_free, chosen = history.valid(), is_free.copy(), list[int]()
        feasibility = feasibility + self._log_probability_of_keeping(history)
        while len(chosen) < n:
            mixture = self._fit(history) if len(history) >= self.n_start else None
            score = (
                self._start() + feasibility if mixture is None else self._scored(mixture, history, is_free, feasibility)
            )
            row = int(np.argmax(np.where(is_free, score, -np.inf)))
            chosen.append(row)
            is_free[row] = False
            if mixture is not None and len(chosen) < n:
                means = np.array([mean[row] for mean, _ in self.latent(mixture)])
                history = history.extended(row, float(mixture.weights @ means))
        return chosen

    def _scored(self, mixture: Mixture, history: History, is_free: np.ndarray, feasibility: np.ndarray) -> np.ndarray:
        keeps: np.ndarray = np.ones(len(history), dtype=bool)
        if history.limited is not None:
            # Of what was taken as measured in a batch, this is not known.
            keeps = ~np.any(history.limited > [limited.limit for limited in self.limits], axis=1)
        if not keeps.any():
            # First of all, something that keeps the limits.
            return feasibility
        return self._score(mixture, float(mixture.known()[0][keeps].min()), is_free, feasibility)

    def _log_probability_of_keeping(self, history: History) -> np.ndarray:
        """Logarithm of the probability that each candidate keeps all limits, by what was measured; shape (rows,).

        Limits are modelled as the objective is, independently of it and of each other (Gardner et al., "Bayesian
        optimization with inequality constraints", ICML 2014, section 3).
        """
        total = np.zeros(len(self.candidates))
        for i, limited in enumerate(self.limits):
            values = np.empty(0) if history.limited is None else history.limited[:, i]
            is_known = np.isfinite(values)
            if not is_known.any():
                continue
            prior = FromSources.of(limited.sources, self.options) if limited.sources and self.needs_source else None
            mixture = Mixture(self.options, prior, self.candidates[history.rows[is_known]], values[is_known])
            chances = []
            for weight, posterior in zip(mixture.weights, mixture.posteriors, strict=True):
                mean, std = posterior.predict(self.candidates)
                chances.append(weight * ndtr((limited.limit - mean) / std))
            total += np.log(np.maximum(np.sum(chances, axis=0), _SMALLEST))
        return total

    def _fit(self, history: History) -> Mixture:
        return Mixture(self.options, self.prior, self.candidates[history.rows], history.y, history.noise)
