"""A model of a target: what was measured in its sources and a little in itself, and the strategy that joins them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm
from scipy.stats import t as student

from perftransfer import learners, strategies
from perftransfer.dataset.params import EnvironmentDescription
from perftransfer.errors import UserError
from perftransfer.fitting import conformal
from perftransfer.fitting.noise import known_variance
from perftransfer.fitting.seeds import seed_for
from perftransfer.rank_agreement import rank_agreement
from perftransfer.recommend.prediction import Prediction
from perftransfer.scales import SCALES
from perftransfer.space import terms
from perftransfer.space.alignment import Alignment
from perftransfer.space.encoding import codes
from perftransfer.space.option_space import OptionSpace
from perftransfer.space.options import INACTIVE, Option, level_text, to_json
from perftransfer.strategies.interface import Source, Strategy

# Parts in which what was measured is left out, and measurements without which nothing is predicted.
_PARTS, _FEWEST_OTHERS = 20, 2


@dataclass(frozen=True, eq=False)
class Measured:
    """What was measured in an environment: codes, shape (rows, options), values in the objective's unit, shape (rows,).

    cv, n: coefficient of variation over the processes of each and their number, NaN where unknown. terms: options and
    interactions that matter there, the most influential first, as text. failed: codes of what was tried and has no
    value. drawn: whether a design drew all of it at random, but for the default configuration.
    """

    codes: np.ndarray
    y: np.ndarray
    cv: np.ndarray
    n: np.ndarray
    terms: tuple[str, ...] = ()
    failed: np.ndarray | None = None
    drawn: bool = False

    @classmethod
    def of(cls, rows: pd.DataFrame, options: Sequence[Option]) -> Measured:
        """Take it from a table with a column per option, and the columns y, cv and n."""
        y, cv, n = (rows[column].to_numpy(dtype=float) for column in ("y", "cv", "n"))
        return cls(codes(rows, options), y, cv, n)

    def __len__(self) -> int:
        return len(self.y)

    def rows(self, places: np.ndarray) -> Measured:
        """Some of it, but all that failed."""
        return replace(
            self, codes=self.codes[places], y=self.y[places], cv=self.cv[places], n=self.n[places]
        )  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """How the model is fitted.

    environment: the target; described: what is known of it. scale: of learning. seed: of the study. folds: refits for
    intervals of strategies that have none of their own. candidate_fraction: share of the space that is planned from.
    """

    environment: str
    objective: str
    strategy: str
    learner: str | None
    scale: str
    seed: int
    folds: int = 5
    candidate_fraction: float = 1.0
    parameters: Mapping[str, Any] = field(default_factory=dict)
    described: EnvironmentDescription = field(default_factory=EnvironmentDescription)


class TransferredModel:
    """Fitted when it is first asked; a file of it holds what it is fitted to, so that loading one runs no code of it.

    sources: by environment. target: what was measured there, nothing at first. space: configurations that it predicts.
    options: schema of all codes, that of the space and the sources together.
    """

    def __init__(
        self,
        recipe: Recipe,
        options: Sequence[Option],
        space: OptionSpace,
        sources: Mapping[str, Measured],
        target: Measured,
    ) -> None:
        self.recipe = recipe
        self.options = tuple(options)
        self.space = space
        self.sources = dict(sources)
        self.target = target
        self._source_models: dict[str, _AsMeasuredThere] = {}

    def with_target(self, target: Measured) -> TransferredModel:
        """The same with other measurements of the target."""
        out = TransferredModel(self.recipe, self.options, self.space, self.sources, target)
        out._source_models = self._source_models
        return out

    def with_strategy(self, strategy: str) -> TransferredModel:
        """The same measurements with another strategy."""
        recipe = replace(self.recipe, strategy=strategy)
        return TransferredModel(recipe, self.options, self.space, self.sources, self.target)

    def codes_of(self, configurations: pd.DataFrame) -> np.ndarray:
        """Codes of a table with a column per option of the space; options that only sources have are inactive.

        Raises UserError for a level that is none.
        """
        own = {option.name for option in self.space.options}
        lacking = {option.name: INACTIVE for option in self.options if option.name not in own}
        return codes(configurations.assign(**lacking), self.options)

    @cached_property
    def known(self) -> Source | None:
        """All sources as one, for designs and for strategies that use all of them; None without sources."""
        found = [self._source(name, None) for name in sorted(self.sources)]
        return Source.combine(found) if found else None

    def _source(self, name: str, model: Any) -> Source:
        one = self.sources[name]
        own = [terms.parse(text) for text in one.terms]
        return Source(name, one.codes, SCALES[self.recipe.scale][0](one.y), self.options, model, own)

    @cached_property
    def _y(self) -> np.ndarray:
        return np.asarray(SCALES[self.recipe.scale][0](self.target.y))

    @property
    def _noise(self) -> np.ndarray | None:
        relative = known_variance(self.target.cv, self.target.n)
        return relative if relative is None or self.recipe.scale == "log" else relative * self.target.y**2

    @property
    def noise(self) -> float | None:
        """Standard deviation of a value that repeated processes show, on the scale of learning; None if unknown."""
        return None if self._noise is None else float(np.sqrt(self._noise.mean()))

    @cached_property
    def source_used(self) -> str | None:
        """Name of the source of a strategy that uses one alone: the most alike in rank; None for other strategies."""
        return self._most_alike(np.arange(len(self.target)))

    def _most_alike(self, rows: np.ndarray) -> str | None:
        """``source_used``, were these rows all that was measured in the target."""
        cls = strategies.load(self.recipe.strategy)
        if not cls.needs_source or cls.uses_all_sources:
            return None
        X, y = self.target.codes[rows], self._y[rows]
        found = {}
        for name in sorted(self.sources):
            values = self._source(name, None).measured(X)
            # Few of a large space were measured in both.
            unknown = np.isnan(values)
            if unknown.any():
                values[unknown] = self._source_model(name).predict(X[unknown])
            found[name] = rank_agreement(values, y)
        return max(found, key=found.__getitem__)

    def _given(self, rows: np.ndarray) -> Source | None:
        """What the strategy is told of its sources, with their models where it wants some."""
        cls = strategies.load(self.recipe.strategy)
        if not cls.needs_source:
            return None
        names = sorted(self.sources) if cls.uses_all_sources else [str(self._most_alike(rows))]
        wanted = cls.fits_learner_on in ("source", "both")
        found = [self._source(name, self._source_model(name) if wanted else None) for name in names]
        return Source.combine(found) if cls.uses_all_sources else found[0]

    def _source_model(self, name: str) -> _AsMeasuredThere:
        if name not in self._source_models:
            evidence = self._source(name, None).evidence
            seed = seed_for(self.recipe.seed, "train", name, self.recipe.objective, self.recipe.learner)
            fitted = self._learner(seed).fit(evidence.codes, evidence.y)
            self._source_models[name] = _AsMeasuredThere(fitted, Alignment(evidence.codes, self.options))
        return self._source_models[name]

    def _learner(self, seed: int) -> Any:
        return learners.make(str(self.recipe.learner), self.options, seed, self.recipe.parameters)

    @cached_property
    def fitted(self) -> Strategy:
        """The strategy, fitted to all that was measured in the target."""
        return self._fit.strategy

    @cached_property
    def _fit(self) -> _Fit:
        return self._fitted_to(np.arange(len(self.target)))

    @cached_property
    def _refits(self) -> tuple[np.ndarray, list[np.ndarray], list[_Fit]]:
        """Which measurements were drawn, which of them each refit leaves out, and the refits.

        None for a chosen sample (``conformal``), whoever chose it. The default configuration was not drawn: it is
        measured in any case.
        """
        cls, n = strategies.load(self.recipe.strategy), len(self.target)
        default = pd.DataFrame([{o.name: level_text(self.space.default[o.name]) for o in self.space.options}])
        drawn = np.flatnonzero((self.target.codes != self.codes_of(default)).any(axis=1))
        exchangeable = self.target.drawn and cls.design.is_random_sample
        if cls.interval is not Strategy.interval or not exchangeable or len(drawn) < 2 or self.recipe.folds < 2:
            return drawn, [], []
        seed = seed_for(self.recipe.seed, "folds", self.recipe.environment)
        parts = conformal.folds(len(drawn), self.recipe.folds, seed)
        return drawn, parts, [self._fitted_to(np.delete(np.arange(n), drawn[part])) for part in parts]

    def _fitted_to(self, rows: np.ndarray) -> _Fit:
        cls, recipe = strategies.load(self.recipe.strategy), self.recipe
        seed = seed_for(recipe.seed, "fit", recipe.environment, recipe.objective, recipe.strategy, recipe.learner)
        learner = self._learner(seed) if cls.fits_learner_on in ("target", "both") else None
        given = self._given(rows)
        told = given.without_model() if given is not None and cls.fits_learner_on == "source" else given
        noise = self._noise
        more = {"noise": None if noise is None else noise[rows]} if cls.accepts_noise else {}
        strategy = cls(learner, self.options, seed).fit(self.target.codes[rows], self._y[rows], told, **more)
        return _Fit(strategy, given)

    def predict(self, X: np.ndarray) -> Prediction:
        """Predict configurations, given as codes.

        Raises UserError if nothing was measured in the target yet.
        """
        if not len(self.target):
            raise UserError(
                f"{self.recipe.environment}: nothing was measured there yet: `perftransfer plan` says what to measure"
            )
        backward = SCALES[self.recipe.scale][1]
        fit, (drawn, parts, refits) = self._fit, self._refits
        position = fit.predict(X)
        ends: Sequence[np.ndarray] | None = fit.strategy.interval(X, conformal.INTERVAL, fit.given)
        if ends is None and refits:
            # Intervals look up what refits predict for the sample: it stands before what was asked for.
            every = np.vstack([self.target.codes, X])
            again = [refit.predict(every) for refit in refits]
            ends = [
                end[len(self.target) :]
                for end in conformal.interval(self._y[drawn], drawn, parts, again, conformal.INTERVAL)
            ]
        if ends is None:
            return Prediction(backward(position), None, None, position, None)
        low, high = ends
        share = (1 + conformal.INTERVAL) / 2
        # Strategies that know how sure they are make intervals of it by Student's distribution.
        far = norm.ppf(share) if refits else student.ppf(share, max(1, len(self.target) - 1))
        spread = np.maximum((high - low) / (2 * far), 1e-12)
        # On a linear scale, an end may lie below what an objective can be.
        return Prediction(backward(position), np.maximum(backward(low), 0), backward(high), position, spread)

    def left_out(self) -> Prediction | None:
        """Predict each configuration that was measured in the target from the others; None if there are too few.

        Up to twenty are left out one by one, more in twenty parts.
        """
        n = len(self.target)
        if n < _FEWEST_OTHERS + 1:
            return None
        parts = conformal.folds(n, _PARTS, seed_for(self.recipe.seed, "left out", self.recipe.environment))
        rest = (np.delete(np.arange(n), part) for part in parts)
        found = [
            self.with_target(self.target.rows(others)).predict(self.target.codes[part])
            for part, others in zip(parts, rest, strict=True)
        ]
        return Prediction.concat(found).rows(np.argsort(np.concatenate(parts)))

    @property
    def fingerprint(self) -> str:
        """12 hexadecimal digits that stand for all that it is fitted to, and how."""
        how = [asdict(self.recipe), self.space.content, to_json(self.options)]
        digest = hashlib.sha256(json.dumps(how, sort_keys=True).encode())
        for name, one in [*sorted(self.sources.items()), (self.recipe.environment, self.target)]:
            digest.update(json.dumps([name, one.codes.tolist(), list(one.terms)]).encode())
            digest.update(json.dumps([[] if one.failed is None else one.failed.tolist(), one.drawn]).encode())
            for values in (one.y, one.cv, one.n):
                digest.update(np.ascontiguousarray(values.astype("<f8")).tobytes())
        return digest.hexdigest()[:12]


@dataclass(frozen=True, eq=False)
class _Fit:
    """A fitted strategy, and what it is told of its sources."""

    strategy: Strategy
    given: Source | None

    def predict(self, X: np.ndarray) -> np.ndarray:
        return np.asarray(self.strategy.predict(X, self.given), dtype=float)


@dataclass(frozen=True)
class _AsMeasuredThere:
    """A source's model, asked for configurations as that source could have measured them."""

    model: Any
    aligned: Alignment

    def predict(self, X: np.ndarray) -> np.ndarray:
        return np.asarray(self.model.predict(self.aligned(X)), dtype=float)
