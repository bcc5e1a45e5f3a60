"""Base class of searches by a model of the target."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property

import numpy as np

from perftransfer.gaussian_process.mixture import Mixture
from perftransfer.gaussian_process.prior import FromSources, Prior, View
from perftransfer.search._acquisition import log_feasibility
from perftransfer.search.interface import History, SearchMethod


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
    def _score(self, mixture: Mixture, history: History, feasibility: np.ndarray) -> np.ndarray:
        """Score each candidate by the model, shape (rows,); higher is better.

        ``history`` holds what has a value, at least ``n_start`` measurements. ``feasibility``, shape (rows,): logarithm
        of the probability that a candidate has a value.
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
        while len(chosen) < n:
            mixture = self._fit(history) if len(history) >= self.n_start else None
            score = self._start() + feasibility if mixture is None else self._score(mixture, history, feasibility)
            row = int(np.argmax(np.where(is_free, score, -np.inf)))
            chosen.append(row)
            is_free[row] = False
            if mixture is not None and len(chosen) < n:
                means = np.array([mean[row] for mean, _ in self.latent(mixture)])
                history = history.extended(row, float(mixture.weights @ means))
        return chosen

    def _fit(self, history: History) -> Mixture:
        return Mixture(self.options, self.prior, self.candidates[history.rows], history.y, history.noise)
