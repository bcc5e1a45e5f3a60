"""Fit a strategy to what was measured in a target, and predict with intervals.

This is the only place where strategies are fitted: evaluation (``evaluation.cells``) and recommendation
(``recommend.transferred_model``) both call ``fit``, so what is said of a strategy in an evaluation is said of
the code that recommends with it. The steps are:

1. The seed follows from the study's seed and what the fit is for (``fit_seed``).
2. The learner is made, where the strategy fits one in the target.
3. The strategy is fitted to the sample, with the noise of the measurements where it accepts that.
4. If the strategy has no intervals of its own and the sample is random, it is fitted again for each fold, to
   all but that part of the sample (``conformal``).
5. ``Fit.predict`` returns values and intervals: the strategy's own, or those that follow from the refits.

Values are on the scale of learning (``scales``) from step 3 on.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

from perftransfer import learners
from perftransfer.fitting import conformal
from perftransfer.fitting.noise import variance_on_scale
from perftransfer.fitting.seeds import seed_for
from perftransfer.scales import SCALES
from perftransfer.space.options import Option
from perftransfer.strategies.interface import Source, Strategy

#: Nominal coverage of prediction intervals.
INTERVAL = conformal.INTERVAL
# A spread of 0 would make every comparison of two predictions certain.
_MIN_SPREAD = 1e-12


@dataclass(frozen=True, eq=False)
class Sample:
    """Configurations measured in a target: all that a strategy sees of it.

    Parameters
    ----------
    codes
        Configurations, shape (rows, options).
    y
        Their objective in its own unit, shape (rows,).
    cv, n
        Coefficient of variation over the processes of each configuration, and the number of processes, shape
        (rows,); NaN where unknown.
    """

    codes: np.ndarray
    y: np.ndarray
    cv: np.ndarray
    n: np.ndarray

    def __len__(self) -> int:
        return len(self.y)

    def subset(self, rows: np.ndarray) -> Sample:
        """Return the sample with these rows only."""
        return Sample(self.codes[rows], self.y[rows], self.cv[rows], self.n[rows])


@dataclass(frozen=True, eq=False)
class FitSpec:
    """What to fit, and how.

    Parameters
    ----------
    strategy
        Class of the strategy.
    options
        Schema of all codes.
    target
        Environment in which the sample was measured.
    scale
        Scale of learning, a key of ``scales.SCALES``.
    seed
        Seed of the study.
    learner, parameters
        Name of the learner and its parameters; None for a strategy that takes none.
    interval_folds
        Number of refits for the intervals of strategies that have none of their own; 0 for no intervals.
    repeat
        Number of the repeat in an evaluation; a recommendation is the first.
    """

    strategy: type[Strategy]
    options: Sequence[Option]
    target: str
    scale: str
    seed: int
    learner: str | None = None
    parameters: Mapping[str, object] = field(default_factory=dict)
    interval_folds: int = 0
    repeat: int = 0


@dataclass(frozen=True, eq=False)
class ScaledPrediction:
    """Predicted values on the scale of learning, shape (rows,) each.

    Parameters
    ----------
    mean
        The predicted values.
    low, high
        Ends of the intervals; None where there are none.
    quantile
        Half the width of an interval in standard deviations.
    """

    mean: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    quantile: float = float("nan")

    @property
    def spread(self) -> np.ndarray | None:
        """Standard deviation of each prediction; None without intervals."""
        if self.low is None or self.high is None:
            return None
        result: np.ndarray | None = np.maximum((self.high - self.low) / (2 * self.quantile), _MIN_SPREAD)
        return result


@dataclass(frozen=True, eq=False)
class FittedStrategy:
    """A fitted strategy and the source that it predicts with."""

    strategy: Strategy
    source: Source | None

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Predict on the scale of learning, shape (rows,)."""
        return np.asarray(self.strategy.predict(X, self.source), dtype=float)


@dataclass(frozen=True, eq=False)
class Fit:
    """A strategy fitted to a sample, and to parts of it where its intervals need that.

    Parameters
    ----------
    whole
        The strategy, fitted to the whole sample.
    sample
        What it was fitted to.
    y
        The sample's values on the scale of learning.
    folds
        Rows of the sample that each refit leaves out; empty if there are no refits.
    refits
        The strategy, fitted to all but each fold.
    seconds
        Time that the fit to the whole sample took.
    """

    whole: FittedStrategy
    sample: Sample
    y: np.ndarray
    folds: Sequence[np.ndarray]
    refits: Sequence[FittedStrategy]
    seconds: float

    def with_source(self, source: Source | None) -> Fit:
        """Return the same fit that predicts with another source model, as long as fitting needed none.

        Strategies whose learner is fitted on the source (``fits_learner_on = "source"``) are fitted once for
        all learners.
        """
        return replace(
            self,
            whole=replace(self.whole, source=source),
            refits=[replace(refit, source=source) for refit in self.refits],
        )

    def predict(self, X: np.ndarray, sample_rows: np.ndarray | None = None) -> ScaledPrediction:
        """Predict configurations, with intervals where there are some.

        Parameters
        ----------
        X
            Codes, shape (rows, options).
        sample_rows
            Rows of ``X`` that hold the sample, in its order, if it does hold the sample. This saves predicting
            the sample again.
        """
        mean = self.whole.predict(X)
        if self.refits:
            low, high = self._conformal_interval(X, sample_rows)
            return ScaledPrediction(mean, low, high, float(norm.ppf((1 + INTERVAL) / 2)))
        interval = self.whole.strategy.interval(X, INTERVAL, self.whole.source)
        if interval is None:
            return ScaledPrediction(mean)
        # Strategies with intervals of their own take them from Student's distribution.
        quantile = student.ppf((1 + INTERVAL) / 2, max(1, len(self.sample) - 1))
        return ScaledPrediction(mean, *interval, float(quantile))

    def _conformal_interval(self, X: np.ndarray, sample_rows: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        n_before = 0
        if sample_rows is None:
            n_before = len(self.sample)
            X, sample_rows = np.vstack([self.sample.codes, X]), np.arange(n_before)
        predicted = [refit.predict(X) for refit in self.refits]
        low, high = conformal.interval(self.y, sample_rows, self.folds, predicted, INTERVAL)
        return low[n_before:], high[n_before:]


def fit(
    spec: FitSpec,
    sample: Sample,
    source_for: Callable[[np.ndarray], Source | None],
    random_rows: np.ndarray | None = None,
) -> Fit:
    """Fit a strategy to a sample, and again for each fold where its intervals need that.

    Parameters
    ----------
    spec
        What to fit, and how.
    sample
        Measurements of the target.
    source_for
        Returns the source, given the rows of the sample that may be looked at to choose it; None for a strategy
        without one.
    random_rows
        Rows of the sample that were drawn at random: intervals by refits hold for those alone. By default all
        if the strategy's design draws at random, else none.
    """
    rows = np.arange(len(sample))
    if random_rows is None:
        random_rows = rows if spec.strategy.design.is_random_sample else rows[:0]
    source = source_for(rows)
    seed = fit_seed(spec, len(sample), source)
    started = time.perf_counter()
    whole = _fit_once(spec, sample, source, seed)
    seconds = time.perf_counter() - started
    folds = _folds(spec, random_rows)
    complements = [np.delete(rows, fold) for fold in folds]
    refits = [_fit_once(spec, sample.subset(rest), source_for(rest), seed) for rest in complements]
    return Fit(whole, sample, SCALES[spec.scale].forward(sample.y), folds, refits, seconds)


def fit_seed(spec: FitSpec, n_measured: int, source: Source | None) -> int:
    """Derive the seed of a fit from what the fit depends on, and nothing else.

    What does not depend on the learner or the source has the same seed for all of them, so that equal samples
    give equal models.
    """
    parts: list[object] = [spec.target, spec.repeat, n_measured]
    if spec.strategy.fits_learner_on != "source" and spec.learner:
        parts.append(spec.learner)
    if not spec.strategy.ignores_source:
        single = source is not None and not spec.strategy.uses_all_sources
        parts += [spec.strategy.__name__, source.environment if source is not None and single else None]
    return seed_for(spec.seed, "fit", *parts)


def _folds(spec: FitSpec, random_rows: np.ndarray) -> list[np.ndarray]:
    """Rows of the sample that each refit leaves out; none where no refit is needed or would be valid."""
    has_intervals = spec.strategy.interval is not Strategy.interval
    n = len(random_rows)
    if has_intervals or n < 2 or spec.interval_folds < 2:
        return []
    seed = seed_for(spec.seed, "folds", spec.target, spec.repeat, n)
    return [random_rows[fold] for fold in conformal.folds(n, spec.interval_folds, seed)]


def _fit_once(spec: FitSpec, sample: Sample, source: Source | None, seed: int) -> FittedStrategy:
    learner = None
    if spec.learner and spec.strategy.fits_learner_on in ("target", "both"):
        learner = learners.make(spec.learner, spec.options, seed, spec.parameters)
    # Without a model: this fit serves all learners.
    shared = source is not None and spec.strategy.fits_learner_on == "source"
    fit_source = source.without_model() if source is not None and shared else source
    strategy = spec.strategy(learner, spec.options, seed)
    # Any, as the base class does not declare the parameter: see ``Strategy.accepts_noise``.
    noise: dict[str, Any] = {}
    if strategy.accepts_noise:
        noise["noise"] = variance_on_scale(sample.y, sample.cv, sample.n, SCALES[spec.scale])
    with warnings.catch_warnings():
        # Learners warn of samples as small as the study asks for.
        warnings.simplefilter("ignore")
        strategy = strategy.fit(sample.codes, SCALES[spec.scale].forward(sample.y), fit_source, **noise)
    return FittedStrategy(strategy, source)
