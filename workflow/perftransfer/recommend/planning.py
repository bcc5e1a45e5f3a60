"""Which configurations to measure next in a target."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property

import numpy as np

from perftransfer import search, strategies
from perftransfer.designs.interface import ActiveDesign, ExtendingDesign
from perftransfer.fitting.seeds import seed_for
from perftransfer.gaussian_process.prior import FromSources
from perftransfer.recommend.transferred_model import TransferredModel
from perftransfer.search.interface import History, SearchMethod


class Planner:
    """Chooses what to measure next in a target, by the model's search method or the design of its strategy.

    What does not change while a target is measured is computed once, so keep the instance over rounds.

    Parameters
    ----------
    model
        Model of the target; of its measurements there, only those passed to ``choose_next`` count.
    candidates
        Codes, shape (rows, options).
    """

    def __init__(self, model: TransferredModel, candidates: np.ndarray) -> None:
        self._model = model
        self._candidates = candidates

    def choose_next(
        self,
        n: int,
        chosen: Sequence[int],
        values: Mapping[int, float],
        failed: Collection[int] = (),
        noise: Mapping[int, float] | None = None,
    ) -> list[int]:
        """Choose the next configurations to measure.

        Parameters
        ----------
        n
            How many to choose; fewer are returned only if there are no more.
        chosen
            Positions of candidates that are measured in any case, in that order.
        values
            Values of those that were measured already, by position, in the objective's unit.
        failed
            Positions of those that have no value. They are not chosen again; a search avoids what is like them.
        noise
            Variance of the values on the scale of learning, by position; None if unknown. Searches use it.

        Returns
        -------
        list of int
            Positions, in the order in which to measure them.
        """
        if min(n, len(self._candidates) - len(set(chosen))) <= 0:
            return []
        if self._model.recipe.search is not None:
            return self._proposed(n, chosen, values, failed, noise)
        return self._designed(n, chosen, values, failed)

    def _designed(
        self, n: int, chosen: Sequence[int], values: Mapping[int, float], failed: Collection[int]
    ) -> list[int]:
        """Choose by the design of the model's strategy."""
        model, candidates = self._model, self._candidates
        design = strategies.load(model.recipe.strategy).design()
        evidence = model.combined_source.evidence if model.combined_source is not None else None
        rng = np.random.default_rng(seed_for(model.recipe.seed, "plan", model.recipe.environment))
        order = rng.permutation(len(candidates))
        if not isinstance(design, ActiveDesign | ExtendingDesign):
            preferred = design.choose(candidates, model.options, order, len(chosen) + n, evidence)
            return _unchosen(preferred, chosen, order)[:n]
        # An active design looks at values; an extending one takes for known what will be measured.
        is_active = isinstance(design, ActiveDesign)
        informative = [row for row in chosen if row not in failed and (not is_active or row in values)]
        uninformative = [row for row in chosen if row not in informative]
        eligible = np.union1d(self._best_candidates(n + len(chosen)), np.array(informative, dtype=int))
        eligible = np.setdiff1d(eligible, uninformative)
        eligible_order = np.searchsorted(eligible, order[np.isin(order, eligible)])
        known = np.searchsorted(eligible, np.array(informative, dtype=int))
        arguments = (candidates[eligible], model.options, eligible_order, n, evidence, known)
        if isinstance(design, ActiveDesign):
            y = model.scale.forward(np.array([values[row] for row in informative]))
            positions = design.next_batch(*arguments, y)
        else:
            positions = design.extend(*arguments)
        return [int(row) for row in eligible[positions]][:n]

    @cached_property
    def _search(self) -> SearchMethod:
        """The search: one instance, as its constructor's arguments do not depend on what was measured."""
        model = self._model
        sources = () if model.combined_source is None else model.combined_source.evidence.members
        seed = seed_for(model.recipe.seed, "search", model.recipe.environment)
        return search.CATALOGUE.load(str(model.recipe.search))(self._candidates, model.options, sources, seed)

    def _proposed(
        self,
        n: int,
        chosen: Sequence[int],
        values: Mapping[int, float],
        failed: Collection[int],
        noise: Mapping[int, float] | None,
    ) -> list[int]:
        """Choose by the search method of the model."""
        measured = [row for row in chosen if row in values or row in failed]
        y = np.full(len(measured), np.nan)
        has_value = np.array([row in values for row in measured], dtype=bool)
        y[has_value] = self._model.scale.forward(np.array([values[row] for row in measured if row in values]))
        variances = None if noise is None else np.array([noise.get(row, np.nan) for row in measured])
        # What is going to be measured in any case is neither proposed nor does it say anything yet.
        pending = set(chosen) - set(measured)
        proposed = self._search.propose(History(np.array(measured, dtype=int), y, variances), n + len(pending))
        return [row for row in proposed if row not in pending][:n]

    def _best_candidates(self, min_rows: int) -> np.ndarray:
        """Positions of the share of the candidates, ``min_rows`` or more, that the sources predict to be lowest.

        To find the best, the good ones have to be told apart; of the others it is enough to know that they are not.
        """
        n = max(min_rows, math.ceil(self._model.recipe.candidate_fraction * len(self._candidates)))
        if n >= len(self._candidates) or self._model.combined_source is None:
            return np.arange(len(self._candidates))
        return self._by_sources[:n]

    @cached_property
    def _by_sources(self) -> np.ndarray:
        """Positions of the candidates, those first that the sources predict to be lowest."""
        assert self._model.combined_source is not None
        prior = FromSources.of(self._model.combined_source.evidence.members, self._model.options)
        return np.argsort(prior.view(self._candidates).mean, kind="stable")


def _unchosen(preferred: np.ndarray, chosen: Sequence[int], order: np.ndarray) -> list[int]:
    """List what a design prefers and is not chosen yet, then random others.

    A design of a fixed size may be spent, or prefer what is chosen.
    """
    return [row for row in dict.fromkeys(map(int, [*preferred, *order])) if row not in set(chosen)]
