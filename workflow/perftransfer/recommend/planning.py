"""Which configurations to measure next in a target."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from perftransfer import search, strategies
from perftransfer.designs.interface import ActiveDesign, Evidence, ExtendingDesign
from perftransfer.fitting.seeds import seed_for
from perftransfer.gaussian_process.prior import FromSources
from perftransfer.goal import Goal, Limit
from perftransfer.recommend.transferred_model import TransferredModel
from perftransfer.search.interface import History, Limited, SearchMethod
from perftransfer.space.encoding import ConfigurationIndex

# Weight of the sum, which is added to the largest term (Knowles 2006, equation 2).
_AUGMENTATION = 0.05
_SMALLEST_RANGE = 1e-9


@dataclass(frozen=True)
class Seen:
    """What was measured in a target so far, by position of the candidate.

    Parameters
    ----------
    values
        Of each objective, in its unit.
    noise
        Variance of the values of each objective on its scale of learning; none of those for which it is unknown.
    failed
        Positions of those that have no value. They are not chosen again; a search avoids what is like them.
    """

    values: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    noise: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    failed: Collection[int] = ()


#: What is known before anything was measured.
NOTHING = Seen()


class Planner:
    """Chooses what to measure next in a target, by the model's search method or the design of its strategy.

    What does not change while a target is measured is computed once, so keep the instance over rounds.

    Parameters
    ----------
    models
        Models of the target by objective, those of the goal; of its measurements there, only those passed to
        ``choose_next`` count.
    goal
        What is wanted.
    candidates
        Codes, shape (rows, options).
    """

    def __init__(self, models: Mapping[str, TransferredModel], goal: Goal, candidates: np.ndarray) -> None:
        self._models = models
        self._goal = goal
        # That of the objective which decides, the first one of several.
        self._model = models[goal.searched[0]]
        self._candidates = candidates

    def choose_next(self, n: int, chosen: Sequence[int], seen: Seen) -> list[int]:
        """Choose the next configurations to measure.

        Parameters
        ----------
        n
            How many to choose; fewer are returned only if there are no more.
        chosen
            Positions of candidates that are measured in any case, in that order.
        seen
            What of it was measured already.

        Returns
        -------
        list of int
            Positions, in the order in which to measure them.
        """
        if min(n, len(self._candidates) - len(set(chosen))) <= 0:
            return []
        if self._model.recipe.search is not None:
            return self._proposed(n, chosen, seen)
        return self._designed(n, chosen, seen.values.get(self._goal.searched[0], {}), seen.failed)

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
        """The search for one objective: one instance, whose arguments do not depend on what was measured."""
        return self._searching(self._members(self._goal.searched[0]), "search")

    def _searching(self, sources: Sequence[Evidence], *purpose: object) -> SearchMethod:
        model, limits = self._model, []
        for limit in self._goal.limits:
            scale, sign = self._models[limit.objective].scale, self._sign(limit)
            members = [Evidence(one.codes, sign * one.y) for one in self._members(limit.objective)]
            limits.append(Limited(sign * float(scale.forward(np.array([limit.value]))[0]), members))
        seed = seed_for(model.recipe.seed, *purpose, model.recipe.environment)
        method = search.CATALOGUE.load(str(model.recipe.search))
        return method(self._candidates, model.options, sources, seed, limits)

    def _sign(self, limit: Limit) -> float:
        """What turns values on the scale of learning into those that may not be above the limit."""
        return 1.0 if limit.at_most != self._models[limit.objective].scale.maximize else -1.0

    def _members(self, objective: str) -> Sequence[Evidence]:
        source = self._models[objective].combined_source
        return () if source is None else source.evidence.members

    def _proposed(self, n: int, chosen: Sequence[int], seen: Seen) -> list[int]:
        """Choose by the search method of the model."""
        first = self._goal.searched[0]
        measured = [row for row in chosen if row in seen.values.get(first, {}) or row in seen.failed]
        rows = np.array(measured, dtype=int)
        columns = [self._sign(one) * self._scaled(one.objective, measured, seen) for one in self._goal.limits]
        limited = np.column_stack(columns) if columns else None
        if len(self._goal.searched) > 1:
            method, history = self._scalarised(rows, seen, limited)
        else:
            noise = None
            if first in seen.noise:
                noise = np.array([seen.noise[first].get(row, np.nan) for row in measured])
            method, history = self._search, History(rows, self._scaled(first, measured, seen), noise, limited)
        # What is going to be measured in any case is neither proposed nor does it say anything yet.
        pending = set(chosen) - set(measured)
        proposed = method.propose(history, n + len(pending))
        return [row for row in proposed if row not in pending][:n]

    def _scaled(self, objective: str, rows: Sequence[int] | np.ndarray, seen: Seen) -> np.ndarray:
        """Values on the scale of learning, shape (rows,); NaN where there is none."""
        values = seen.values.get(objective, {})
        y = np.array([values.get(int(row), np.nan) for row in rows], dtype=float)
        has_value = np.isfinite(y)
        y[has_value] = self._models[objective].scale.forward(y[has_value])
        return y

    def _scalarised(self, rows: np.ndarray, seen: Seen, limited: np.ndarray | None) -> tuple[SearchMethod, History]:
        """Return a search for one point of the Pareto front, another one after each measurement.

        Objectives are weighed, in the target and in the sources alike; each by itself comes first in turn (ParEGO:
        Knowles, IEEE Transactions on Evolutionary Computation 10, 2006, section III). The noise of a weighed value is
        not known.
        """
        names, n = self._goal.searched, len(rows)
        rng = np.random.default_rng(seed_for(self._model.recipe.seed, "weights", self._model.recipe.environment, n))
        turn = n % (2 * len(names))
        weights = np.eye(len(names))[turn] if turn < len(names) else rng.dirichlet(np.ones(len(names)))
        members = []
        for parts in zip(*map(self._members, names), strict=True):
            # Not every configuration of a source has a value of each objective.
            found = [ConfigurationIndex(part.codes).find(parts[0].codes) for part in parts]
            common = np.all([positions >= 0 for positions in found], axis=0)
            values = [part.y[positions[common]] for part, positions in zip(parts, found, strict=True)]
            members.append(Evidence(parts[0].codes[common], _weighed(np.column_stack(values), weights)))
        y = np.column_stack([self._scaled(name, rows, seen) for name in names])
        return self._searching(members, "search", n), History(rows, _weighed(y, weights), None, limited)

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


def _weighed(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Augmented Tchebycheff distance from the best of each objective, shape (rows,); NaN where a value is missing.

    values: shape (rows, objectives). Each objective is divided by its range.
    """
    if not len(values) or np.isnan(values).all(axis=0).any():
        return np.full(len(values), np.nan)
    low, high = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
    scaled = weights * (values - low) / np.maximum(high - low, _SMALLEST_RANGE)
    return np.asarray(scaled.max(axis=1) + _AUGMENTATION * scaled.sum(axis=1))
