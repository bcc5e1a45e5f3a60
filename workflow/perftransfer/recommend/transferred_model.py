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

from perftransfer import learners, strategies
from perftransfer.dataset.merge import size_of
from perftransfer.dataset.params import EnvironmentDescription
from perftransfer.errors import UserError
from perftransfer.evaluation.params import LearnerParameters
from perftransfer.fitting import conformal
from perftransfer.fitting.fit import Fit, FitSpec, Sample, fit
from perftransfer.fitting.noise import variance_on_scale
from perftransfer.fitting.seeds import seed_for, training_seed
from perftransfer.gaussian_process.mixture import mixed
from perftransfer.rank_agreement import rank_agreement
from perftransfer.recommend.prediction import Prediction
from perftransfer.scales import SCALES, Scale
from perftransfer.space import terms
from perftransfer.space.alignment import Alignment
from perftransfer.space.encoding import codes
from perftransfer.space.option_space import OptionSpace
from perftransfer.space.options import INACTIVE, Level, Option, level_text, to_json
from perftransfer.space.relative import as_compared, compared_by, replaced
from perftransfer.strategies.auto import AUTO
from perftransfer.strategies.interface import Source, Strategy

# Parts in which measurements are left out, and the number of others that a prediction needs.
_MAX_PARTS, _MIN_OTHERS = 20, 2
# Tells how certain a model of any strategy is.
_REFERENCE_STRATEGY = "AUTO"


@dataclass(frozen=True, eq=False)
class Measured(Sample):
    """What was measured in an environment.

    Parameters
    ----------
    terms
        Options and interactions that matter there, the most influential first, as text.
    failed
        Codes of what was tried and has no value.
    is_random_sample
        Whether a design drew all of it at random, but for the default configuration.
    """

    terms: tuple[str, ...] = ()
    failed: np.ndarray | None = None
    is_random_sample: bool = False

    @classmethod
    def from_table(cls, rows: pd.DataFrame, options: Sequence[Option]) -> Measured:
        """Take it from a table with a column per option, and the columns y, cv and n."""
        y, cv, n = (rows[column].to_numpy(dtype=float) for column in ("y", "cv", "n"))
        return cls(codes(rows, options), y, cv, n)

    def variance(self, scale: Scale) -> np.ndarray | None:
        """Variance of each value on a scale of learning; None where no configuration was measured repeatedly."""
        return variance_on_scale(self.y, self.cv, self.n, scale)

    def without(self, rows: np.ndarray) -> Measured:
        """Return it without these rows; what failed stays."""
        kept = np.delete(np.arange(len(self)), rows)
        return replace(self, codes=self.codes[kept], y=self.y[kept], cv=self.cv[kept], n=self.n[kept])


@dataclass(frozen=True)
class Recipe:
    """How the model is fitted.

    Parameters
    ----------
    environment
        The target.
    objective
        What is predicted.
    strategy, learner
        Their names.
    scale
        Scale of learning.
    seed
        Seed of the study.
    folds
        Refits for the intervals of strategies that have none of their own.
    search
        Search method that proposes what to measure; None for the design of the strategy.
    candidate_fraction
        Share of the space that a design plans measurements from.
    parameters
        Parameters of the learner.
    description
        Description of the target.
    limits
        Limits of the goal in words, which the model of one objective does not know.
    """

    environment: str
    objective: str
    strategy: str
    learner: str | None
    scale: str
    seed: int
    folds: int = 5
    search: str | None = None
    candidate_fraction: float = 1.0
    parameters: LearnerParameters = field(default_factory=dict)
    description: EnvironmentDescription = field(default_factory=EnvironmentDescription)
    limits: Sequence[str] = ()


class TransferredModel:
    """A model of a target that is fitted when it is first asked.

    A file of it (``stored_model``) holds what it is fitted to, so that loading one runs no code of it. Fitting and
    predicting is ``fitting.fit``, as in an evaluation; this class chooses the sources and converts to the
    objective's unit.

    Parameters
    ----------
    recipe
        How it is fitted.
    options
        Schema of all codes: that of the space and the sources together.
    space
        Configurations that it predicts.
    sources
        What was measured in each source.
    target
        What was measured in the target; nothing at first.
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
        self._source_models: dict[str, AlignedModel] = {}
        # With their models, and without.
        self._combined_sources: dict[bool, Source] = {}

    def with_target(self, target: Measured) -> TransferredModel:
        """Return the same with other measurements of the target."""
        return self._with(self.recipe, target)

    def with_strategy(self, strategy: str) -> TransferredModel:
        """Return the same measurements with another strategy."""
        return self._with(replace(self.recipe, strategy=strategy), self.target)

    def _with(self, recipe: Recipe, target: Measured) -> TransferredModel:
        """Return a model from the same sources, which shares what is computed from these alone."""
        out = TransferredModel(recipe, self.options, self.space, self.sources, target)
        out._source_models, out._combined_sources = self._source_models, self._combined_sources
        return out

    def codes_of(self, configurations: pd.DataFrame) -> np.ndarray:
        """Return the codes of a table with a column per option of the space.

        Options that only sources have are inactive. Raises UserError for an unknown level.
        """
        names = set[str]()
        for option in self.space.options:
            name, levels = self.as_compared(option)
            names.add(name)
            if name != option.name:
                column = replaced(configurations[option.name], option, levels)
                configurations = configurations.drop(columns=option.name).assign(**{name: column})
        lacking = {option.name: INACTIVE for option in self.options if option.name not in names}
        return codes(configurations.assign(**lacking), self.options)

    def as_compared(self, option: Option) -> tuple[str, Sequence[Level]]:
        """Return name and levels of an option of the space as the model has them: some are relative to a size."""
        size = compared_by(option.name, [one.name for one in self.options])
        if not size:
            return option.name, option.levels
        value = size_of(self.recipe.description, size, f"{self.recipe.environment}: option {option.name}")
        compared = as_compared(option, size, value)
        return compared.name, compared.levels

    @property
    def combined_source(self) -> Source | None:
        """All sources as one, for designs and for strategies that use all of them; None without sources."""
        return self._combined_source(with_models=False) if self.sources else None

    def _combined_source(self, *, with_models: bool) -> Source:
        # One object for all fits: what Gaussian processes compute from the same source is computed once.
        if with_models not in self._combined_sources:
            sources = [
                self._source(name, self._source_model(name) if with_models else None) for name in sorted(self.sources)
            ]
            self._combined_sources[with_models] = Source.combine(sources)
        return self._combined_sources[with_models]

    @property
    def scale(self) -> Scale:
        """Scale of learning."""
        return SCALES[self.recipe.scale]

    @cached_property
    def reference(self) -> AUTO:
        """AUTO, fitted to the same measurements: its posteriors say how certain a model of any strategy is."""
        fitted = self.with_strategy(_REFERENCE_STRATEGY).fitted
        assert isinstance(fitted, AUTO)
        return fitted

    def known(self) -> tuple[np.ndarray, np.ndarray]:
        """What was measured in the target, without noise as far as it is known: see ``Posterior.known``.

        Returns
        -------
        mean, std : ndarray
            On the scale of learning, shape (measurements,). The deviation is that of a new measurement.
        """
        reference, variance = self.reference, self.target.variance(self.scale)
        mean, uncertain = mixed(reference.weights_, [posterior.known() for posterior in reference.posteriors_])
        return mean, np.sqrt(uncertain + (0.0 if variance is None else variance))

    @property
    def noise(self) -> float | None:
        """Standard deviation that repeated processes show, on the scale of learning; None if unknown."""
        variance = self.target.variance(self.scale)
        return None if variance is None else float(np.sqrt(variance.mean()))

    @cached_property
    def source_used(self) -> str | None:
        """Name of the source of a strategy that uses a single one; None for other strategies."""
        return self._most_similar_source(np.arange(len(self.target)))

    @cached_property
    def fitted(self) -> Strategy:
        """The strategy, fitted to all that was measured in the target."""
        return self._fit.whole.strategy

    @cached_property
    def _fit(self) -> Fit:
        recipe = self.recipe
        spec = FitSpec(
            self._strategy, self.options, recipe.environment, recipe.scale, recipe.seed, recipe.learner,
            recipe.parameters, recipe.folds,
        )  # fmt: skip
        return fit(spec, self.target, self._source_for, self._random_rows())

    @cached_property
    def _strategy(self) -> type[Strategy]:
        return strategies.load(self.recipe.strategy)

    def _random_rows(self) -> np.ndarray:
        """Rows of the target that a design drew at random; none if somebody chose any of them.

        The default configuration was not drawn: it is measured in any case.
        """
        if not (self.target.is_random_sample and self._strategy.design.is_random_sample):
            return np.empty(0, dtype=int)
        levels = {option.name: level_text(self.space.default[option.name]) for option in self.space.options}
        default = self.codes_of(pd.DataFrame([levels]))
        return np.flatnonzero((self.target.codes != default).any(axis=1))

    def _source_for(self, rows: np.ndarray) -> Source | None:
        """Return the source of the strategy, were these rows all that was measured in the target."""
        strategy = self._strategy
        # Without any, AUTO goes by the target alone.
        if not strategy.needs_source or not self.sources:
            return None
        needs_model = strategy.fits_learner_on in ("source", "both")
        if strategy.uses_all_sources:
            return self._combined_source(with_models=needs_model)
        name = str(self._most_similar_source(rows))
        return self._source(name, self._source_model(name) if needs_model else None)

    def _most_similar_source(self, rows: np.ndarray) -> str | None:
        """Return the source that ranks these rows of the target most alike.

        None for a strategy that takes no single source.
        """
        if not self._strategy.needs_source or self._strategy.uses_all_sources:
            return None
        X, y = self.target.codes[rows], self.scale.forward(self.target.y[rows])
        agreement = {}
        for name in sorted(self.sources):
            values = self._source(name, None).measured(X)
            # Few configurations of a large space were measured in both.
            unknown = np.isnan(values)
            if unknown.any():
                values[unknown] = self._source_model(name).predict(X[unknown])
            agreement[name] = rank_agreement(values, y)
        return max(agreement, key=agreement.__getitem__)

    def _source(self, name: str, model: AlignedModel | None) -> Source:
        measured = self.sources[name]
        influential = [terms.parse(text) for text in measured.terms]
        y = self.scale.forward(measured.y)
        return Source(name, measured.codes, y, self.options, model, influential)

    def _source_model(self, name: str) -> AlignedModel:
        if name not in self._source_models:
            recipe, measured = self.recipe, self.sources[name]
            seed = training_seed(recipe.seed, name, recipe.objective, str(recipe.learner))
            learner = learners.make(str(recipe.learner), self.options, seed, recipe.parameters)
            fitted = learner.fit(measured.codes, self.scale.forward(measured.y))
            self._source_models[name] = AlignedModel(fitted, Alignment(measured.codes, self.options))
        return self._source_models[name]

    def predict(self, X: np.ndarray) -> Prediction:
        """Predict configurations, given as codes.

        Raises
        ------
        UserError
            If nothing was measured in the target yet.
        """
        if not len(self.target):
            raise UserError(
                f"{self.recipe.environment}: nothing was measured there yet: `perftransfer plan` says what to measure"
            )
        predicted = self._fit.predict(X)
        value, low, high = self.scale.backward(predicted.mean), None, None
        if predicted.low is not None and predicted.high is not None:
            low, high = self.scale.interval(predicted.low, predicted.high)
            # On a linear scale, an end may lie below what an objective can be.
            low = np.maximum(low, 0)
        return Prediction(value, low, high, predicted.mean, predicted.spread)

    def left_out(self) -> Prediction | None:
        """Predict each configuration that was measured in the target from the others; None if there are too few.

        Up to twenty are left out one by one, more in twenty parts.
        """
        n = len(self.target)
        if n < _MIN_OTHERS + 1:
            return None
        parts = conformal.folds(n, _MAX_PARTS, seed_for(self.recipe.seed, "left out", self.recipe.environment))
        predicted = [self.with_target(self.target.without(part)).predict(self.target.codes[part]) for part in parts]
        return Prediction.concat(predicted).rows(np.argsort(np.concatenate(parts)))

    @property
    def fingerprint(self) -> str:
        """12 hexadecimal digits of all that it is fitted to, and how."""
        how = [asdict(self.recipe), self.space.content, to_json(self.options)]
        digest = hashlib.sha256(json.dumps(how, sort_keys=True).encode())
        for name, measured in [*sorted(self.sources.items()), (self.recipe.environment, self.target)]:
            digest.update(json.dumps([name, measured.codes.tolist(), list(measured.terms)]).encode())
            failed = [] if measured.failed is None else measured.failed.tolist()
            digest.update(json.dumps([failed, measured.is_random_sample]).encode())
            for values in (measured.y, measured.cv, measured.n):
                digest.update(np.ascontiguousarray(values.astype("<f8")).tobytes())
        return digest.hexdigest()[:12]


@dataclass(frozen=True)
class AlignedModel:
    """A source's model, asked for configurations as that source could have measured them."""

    model: Any
    alignment: Alignment

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Predict on the scale of learning, shape (rows,)."""
        return np.asarray(self.model.predict(self.alignment(X)), dtype=float)
