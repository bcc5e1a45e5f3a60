"""What a strategy is and what it is told.

All values are on the scale of learning (logarithms, if the study says so). Configurations are codes: integers of shape
(rows, options), the position of each option's level.
"""

from __future__ import annotations

import copy
import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

from perftransfer.designs.interface import Design, Evidence
from perftransfer.space.alignment import Alignment
from perftransfer.space.encoding import ConfigurationIndex
from perftransfer.space.options import Option
from perftransfer.space.terms import Term


class Source:
    """What is known of a source environment: its measurements, in full, and a model of them.

    codes: configurations measured there, shape (rows, options). y: their objective. model: a fitted learner (anything
    with ``predict``), or None for a strategy that learns on the target. terms: options and interactions that matter
    there, the most influential first; empty for a strategy whose design needs no source.
    """

    def __init__(
        self,
        environment: str,
        codes: np.ndarray,
        y: np.ndarray,
        options: Sequence[Option],
        model: Any,
        terms: Sequence[Term] = (),
    ) -> None:
        self.environment = environment
        self.evidence = Evidence(codes, y, tuple(terms))
        self.options = tuple(options)
        self.model = model
        self._measured = ConfigurationIndex(codes)
        self._aligned = Alignment(codes, self.options)
        self._members: tuple[Source, ...] = ()

    @classmethod
    def combine(cls, sources: Sequence[Source]) -> Source:
        """Several sources as one that knows of all (``members``), for strategies that use all of them."""
        first = sources[0]
        out = copy.copy(first)
        out.environment = ", ".join(source.environment for source in sources)
        out.model = None
        members = [source.evidence for source in sources]
        out.evidence = dataclasses.replace(first.evidence, others=tuple(members[1:]), terms=_by_mean_rank(members))
        out._members = tuple(sources)
        return out

    @property
    def members(self) -> tuple[Source, ...]:
        """All sources that this one stands for: itself alone, unless it was made by ``combine``."""
        return self._members or (self,)

    def without_model(self) -> Source:
        """The same source for a fit that all learners share: it knows measurements, and predicts nothing."""
        out = copy.copy(self)
        out.model = None
        out._members = tuple(source.without_model() for source in self._members)
        return out

    def measured(self, X: np.ndarray) -> np.ndarray:
        """Measured source value of each configuration, shape (rows,); NaN where it was not measured there.

        Options that only one side has are aligned before (``space.alignment``).
        """
        rows = self._measured.find(self._aligned(X))
        values = np.full(len(X), np.nan)
        values[rows >= 0] = self.evidence.y[rows[rows >= 0]]
        return values

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Source model's prediction for each configuration, shape (rows,).

        Raises ValueError where the source has no model: while a strategy whose learner learns on the source is fitted,
        since that fit serves all learners.
        """
        if self.model is None:
            raise ValueError(f"the source {self.environment} has no model to predict with here")
        return np.asarray(self.model.predict(X), dtype=float)


def _by_mean_rank(members: Sequence[Evidence]) -> tuple[Term, ...]:
    """Terms that matter in any source, those first that matter most in all of them; behind all where they do not."""
    ranks = [{term: rank for rank, term in enumerate(evidence.terms)} for evidence in members]
    terms = set[Term]().union(*ranks)
    # Equal sums in alphabetical order: no order of sources may decide.
    return tuple(sorted(terms, key=lambda term: (sum(rank.get(term, len(terms)) for rank in ranks), sorted(term))))


class Strategy(RegressorMixin, BaseEstimator, ABC):  # type: ignore[misc]
    """A regressor on configurations of the target that may use a source.

    A strategy is one file in ``strategies/``, its class has the file's name in capitals, which is its name in a study;
    or it is a user's own class, named by its import path (``my_strategies.Ratio``). Class attributes say what it needs.

    Call sequence: its design chooses a sample of the target, of each budget and in each repeat. For each sample, source
    and learner, an instance is created, ``fit`` is called once with the sample, then ``predict`` with all
    configurations, and ``interval``. With ``fits_learner_on = "source"``, ``fit`` is called once for all learners, and
    with ``ignores_source``, once for all sources that lead to the same sample.
    ``perftransfer.testing.check_strategy`` checks a class.

    Parameters
    ----------
    learner
        An unfitted learner (``learners.make``) if ``fits_learner_on`` is "target" or "both"; None otherwise: the source
        then has the fitted one, or the strategy needs none.
    options
        Schema of the configurations.
    seed
        Seed of everything random in it.
    """

    #: What it is called in words.
    title: ClassVar[str]
    #: How the target configurations to measure are chosen.
    design: ClassVar[type[Design]]
    needs_source: ClassVar[bool]
    #: Whether it uses all environments but the target at once (``Source.combine``), not one after the other.
    uses_all_sources: ClassVar[bool] = False
    #: Whether it measures in the target at all; one that does not is evaluated at budget 0.
    needs_target: ClassVar[bool] = True
    #: Where the learner learns: "target" or "source". On the source, ``fit`` serves all learners at once, from the
    #: source's measurements; each learner's source model comes in with ``predict``. "both": it is given an unfitted
    #: learner, and the same learner's source model with ``fit`` and ``predict``. "none": it takes no learner.
    fits_learner_on: ClassVar[str]
    #: Whether ``fit`` and ``predict`` do not depend on the source: equal samples are then fitted once.
    ignores_source: ClassVar[bool] = False

    #: Whether ``fit`` takes ``noise``: variance of each measurement that is known from several processes, shape
    #: (budget,), or None.
    accepts_noise: ClassVar[bool] = False

    def __init__(self, learner: Any = None, options: Sequence[Option] = (), seed: int = 0) -> None:
        self.learner = learner
        self.options = options
        self.seed = seed

    @abstractmethod
    def fit(self, X: np.ndarray, y: np.ndarray, source: Source | None = None) -> Strategy:
        """Learn from the configurations measured in the target.

        With ``accepts_noise``, there is a fourth parameter ``noise``.

        Parameters
        ----------
        X
            Codes of the configurations, shape (budget, options).
        y
            Their objective on the scale of learning, shape (budget,).
        source
            What is known of the source; None unless ``needs_source``.

        Returns
        -------
        Strategy
            Itself.
        """

    @abstractmethod
    def predict(self, X: np.ndarray, source: Source | None = None) -> np.ndarray:
        """Predict the target's objective.

        Parameters
        ----------
        X
            Codes of configurations, shape (rows, options).
        source
            As in ``fit``, with its model if ``fits_learner_on`` is "source" or "both".

        Returns
        -------
        numpy.ndarray
            Predictions on the scale of learning, shape (rows,).
        """

    def interval(
        self, X: np.ndarray, share: float, source: Source | None = None
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """Return lower and upper ends, shape (rows,), of intervals with a nominal coverage of ``share``.

        None: the strategy has no intervals of its own. If its sample is random, an evaluation computes intervals by
        fitting it again to parts of the sample.
        """
        return None
