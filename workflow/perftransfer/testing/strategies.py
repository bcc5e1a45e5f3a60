"""Rules of strategies."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any
from unittest import mock

import numpy as np

from perftransfer import learners
from perftransfer.designs.interface import Design
from perftransfer.space.alignment import Alignment
from perftransfer.strategies.interface import Source, Strategy
from perftransfer.testing._data import CODES, OPTIONS, SOURCES, TARGET, TERMS
from perftransfer.testing._rules import check, global_seed, require, require_concrete, require_flags, require_title

_LEARNER = "RT"
_FITS_LEARNER_ON = ("target", "source", "both", "none")
_ROWS = np.random.default_rng(0).permutation(len(CODES))[:12]


def check_strategy(cls: type[Strategy]) -> None:
    """Check what a strategy must fulfil (``strategies/interface.py``).

    Parameters
    ----------
    cls
        Class derived from ``Strategy``.

    Raises
    ------
    AssertionError
        If it breaks a rule; the message states the rule and what was found.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(cls, RULES)


class _SourceModel:
    """A source's model as evaluations have it: it predicts configurations of the target."""

    def __init__(self, y: np.ndarray) -> None:
        self._model = learners.make(_LEARNER, OPTIONS, 0).fit(CODES, y)
        self._align = Alignment(CODES, OPTIONS)

    def predict(self, X: np.ndarray) -> np.ndarray:
        return np.asarray(self._model.predict(self._align(X)), dtype=float)


_SOURCES = {"given": SOURCES, "others": tuple(y[::-1].copy() for y in SOURCES), "single": SOURCES[:1]}


def _source(cls: type[Strategy], which: str = "given") -> Source | None:
    """Return the source that an evaluation gives the strategy: all sources, one of them, or None."""
    return _make_source(which, cls.uses_all_sources, cls.design.needs_terms) if cls.needs_source else None


@cache
def _make_source(which: str, everything: bool, terms: bool) -> Source:
    # Cached: what strategies learn of a source alone, they learn once.
    members = [
        Source(f"source {i}", CODES, y, OPTIONS, _SourceModel(y), TERMS if terms else ())
        for i, y in enumerate(_SOURCES[which])
    ]
    return Source.combine(members) if everything else members[0]


def _unfitted(cls: type[Strategy], seed: int = 0) -> Strategy:
    learner = learners.make(_LEARNER, OPTIONS, seed) if cls.fits_learner_on in ("target", "both") else None
    return cls(learner, OPTIONS, seed)


def _fit(
    cls: type[Strategy], X: np.ndarray, y: np.ndarray, source: Source | None, **noise: np.ndarray | None
) -> Strategy:
    """Fit as an evaluation does: where the learner learns on the source, ``fit`` must do without its model."""
    visible = source.without_model() if source is not None and cls.fits_learner_on == "source" else source
    strategy = _unfitted(cls)
    strategy.fit(X, y, visible, **noise)
    return strategy


_fits: dict[type, tuple[Strategy, Source | None, np.ndarray]] = {}


def _fitted(cls: type[Strategy]) -> tuple[Strategy, Source | None, np.ndarray]:
    """Fit it once for all rules that look at what it predicts; also return predictions of all configurations."""
    if cls not in _fits:
        _fits.clear()
        source = _source(cls)
        strategy = _fit(cls, CODES[_ROWS], TARGET[_ROWS], source)
        _fits[cls] = strategy, source, strategy.predict(CODES, source)
    return _fits[cls]


def _require_predictions(predicted: Any, n: int) -> None:
    require(isinstance(predicted, np.ndarray), f"{type(predicted).__name__}")
    require(predicted.shape == (n,), f"shape {predicted.shape} for {n} rows")
    require(np.issubdtype(predicted.dtype, np.floating), f"predictions of type {predicted.dtype}")
    require(np.isfinite(predicted).all(), f"{int((~np.isfinite(predicted)).sum())} of {n} values are not finite")


def _is_concrete(cls: type[Strategy]) -> None:
    """A strategy is derived from Strategy, and created from learner, options and seed."""
    require_concrete(cls, Strategy)
    missing = [name for name in ("fit", "predict") if getattr(cls, name) is getattr(Strategy, name)]
    require(not missing, f"{' and '.join(missing)} not defined")
    cls(None, OPTIONS, 0)


def _has_title(cls: type[Strategy]) -> None:
    """A strategy has a title in words."""
    require_title(cls)


def _has_flags(cls: type[Strategy]) -> None:
    """needs_source, uses_all_sources, needs_target, ignores_source and accepts_noise are True or False."""
    require_flags(cls, "needs_source", "uses_all_sources", "needs_target", "ignores_source", "accepts_noise")


def _says_where_its_learner_learns(cls: type[Strategy]) -> None:
    """``fits_learner_on`` is "target", "source", "both" or "none"."""
    value = getattr(cls, "fits_learner_on", None)
    require(value in _FITS_LEARNER_ON, f"fits_learner_on = {value!r}")
    require(cls.needs_source or value in ("target", "none"), f"{value!r}, but needs_source = False")


def _has_a_design(cls: type[Strategy]) -> None:
    """``design`` is a class derived from Design; one that uses a source belongs to a strategy that needs one."""
    design = getattr(cls, "design", None)
    require(isinstance(design, type) and issubclass(design, Design), f"design = {design!r}")
    require(cls.needs_source or not cls.design.needs_source, f"{cls.design.__name__} needs a source")


def _follows_scikit_learn(cls: type[Strategy]) -> None:
    """Constructor parameters are stored as given, and a clone has learnt nothing."""
    from sklearn.base import clone

    strategy, _, _ = _fitted(cls)
    parameters = strategy.get_params(deep=False)
    require(set(parameters) == {"learner", "options", "seed"}, f"parameters {', '.join(sorted(parameters))}")
    require(parameters["options"] is OPTIONS and parameters["seed"] == 0, "fit changed parameters")
    twin = clone(strategy)
    learnt = [name for name in vars(twin) if name not in parameters]
    require(not learnt, f"attributes of a clone: {', '.join(learnt)}")


def _fit_returns_self(cls: type[Strategy]) -> None:
    """``fit`` returns self."""
    source, strategy = _source(cls), _unfitted(cls)
    returned = strategy.fit(CODES[_ROWS], TARGET[_ROWS], source)
    require(returned is strategy, f"{type(returned).__name__}")


def _fits_without_the_model(cls: type[Strategy]) -> None:
    """With fits_learner_on = "source", ``fit`` does without the source's model: it serves all learners."""
    if cls.fits_learner_on == "source":
        _fit(cls, CODES[_ROWS], TARGET[_ROWS], _source(cls))


def _predicts(cls: type[Strategy]) -> None:
    """``predict`` returns a finite number for each row, shape (rows,)."""
    strategy, source, _ = _fitted(cls)
    for rows in (CODES, CODES[:1]):
        _require_predictions(strategy.predict(rows, source), len(rows))


def _predicts_rows_one_by_one(cls: type[Strategy]) -> None:
    """The prediction of a row does not depend on the other rows."""
    strategy, source, everything = _fitted(cls)
    some = strategy.predict(CODES[5:15], source)
    difference = float(np.abs(everything[5:15] - some).max())
    require(difference < 1e-6, f"a difference of {difference:.3g}")


def _is_decided_by_the_seed(cls: type[Strategy]) -> None:
    """The same seed gives the same predictions."""
    predicted = []
    for seed in (1, 2):
        with global_seed(seed):
            source = _source(cls)
            predicted.append(_fit(cls, CODES[_ROWS], TARGET[_ROWS], source).predict(CODES, source))
    differences = int((predicted[0] != predicted[1]).sum())
    require(not differences, f"{differences} of {len(CODES)} predictions differ")


def _leaves_arguments(cls: type[Strategy]) -> None:
    """``fit`` and predict leave X, y and the source as they are."""
    X, y, source = CODES[_ROWS].copy(), TARGET[_ROWS].copy(), _source(cls)
    _fit(cls, X, y, source).predict(X, source)
    require((CODES[_ROWS] == X).all(), "changed X")
    require((y == TARGET[_ROWS]).all(), "changed y")
    if source is not None:
        for evidence, values in zip(source.evidence.members, SOURCES, strict=False):
            changed = (evidence.codes != CODES).any() or (evidence.y != values).any()
            require(not changed, "changed the source")


def _sees_its_sample_only(cls: type[Strategy]) -> None:
    """It does not look at rows of the target that it was not given."""
    n, source = len(_ROWS), _source(cls)
    # The sample is the front of a longer array, whose other rows are held out.
    X, y = np.vstack([CODES[_ROWS], CODES]), np.concatenate([TARGET[_ROWS], TARGET[::-1]])
    predicted = _fit(cls, X[:n], y[:n], source).predict(CODES, source)
    require((predicted == _fitted(cls)[2]).all(), "predictions that depend on other rows of the array")


def _works_without_a_source(cls: type[Strategy]) -> None:
    """A strategy without needs_source is fitted and predicts with source=None."""
    if not cls.needs_source:
        strategy = _unfitted(cls)
        strategy.fit(CODES[_ROWS], TARGET[_ROWS])
        _require_predictions(strategy.predict(CODES), len(CODES))


def _ignores_the_source(cls: type[Strategy]) -> None:
    """With ignores_source, predictions do not depend on the source."""
    if cls.ignores_source and cls.needs_source:
        other = _source(cls, "others")
        predicted = _fit(cls, CODES[_ROWS], TARGET[_ROWS], other).predict(CODES, other)
        require((predicted == _fitted(cls)[2]).all(), "other predictions from another source")


def _manages_small_samples(cls: type[Strategy]) -> None:
    """One measurement is enough, and so are equal ones; none, if needs_target is False."""
    samples = [(CODES[:1], TARGET[:1]), (CODES[:2], TARGET[:2]), (CODES[:3], np.full(3, 3.0))]
    if not cls.needs_target:
        samples.append((CODES[:0], TARGET[:0]))
    for X, y in samples:
        source = _source(cls)
        predicted = _fit(cls, X, y, source).predict(CODES, source)
        require(np.isfinite(predicted).all(), f"predictions that are not finite from y = {y.round(2).tolist()}")


def _manages_one_of_all_sources(cls: type[Strategy]) -> None:
    """With uses_all_sources, a single source is enough."""
    if cls.needs_source and cls.uses_all_sources:
        source = _source(cls, "single")
        _require_predictions(_fit(cls, CODES[_ROWS], TARGET[_ROWS], source).predict(CODES, source), len(CODES))


def _gives_intervals(cls: type[Strategy]) -> None:
    """``interval`` returns None, or lower and upper ends of shape (rows,), wider for a larger share."""
    strategy, source, _ = _fitted(cls)
    narrow, wide = (strategy.interval(CODES, share, source) for share in (0.5, 0.95))
    if narrow is None or wide is None:
        require(narrow is None and wide is None, "None for one share and ends for another")
        return
    for end in (*narrow, *wide):
        _require_predictions(end, len(CODES))
    (low, high), (lower, higher) = narrow, wide
    require((low <= high).all(), "lower ends above upper ends")
    require(((lower <= low) & (high <= higher)).all(), "95 % intervals that do not hold the 50 % intervals")


def _takes_noise(cls: type[Strategy]) -> None:
    """With accepts_noise, fit takes noise: variances of shape (budget,), or None."""
    if cls.accepts_noise:
        for noise in (None, np.full(len(_ROWS), 0.01)):
            source = _source(cls)
            strategy = _fit(cls, CODES[_ROWS], TARGET[_ROWS], source, noise=noise)
            _require_predictions(strategy.predict(CODES, source), len(CODES))


def _pickles_nothing(cls: type[Strategy]) -> None:
    """``fit`` and predict pickle nothing: data is never code."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("pickle was called")

    with (
        mock.patch.object(pickle, "dumps", refuse),
        mock.patch.object(pickle, "loads", refuse),
        mock.patch.object(pickle, "dump", refuse),
        mock.patch.object(pickle, "load", refuse),
    ):
        source = _source(cls)
        _fit(cls, CODES[_ROWS], TARGET[_ROWS], source).predict(CODES, source)


RULES: tuple[Callable[[type[Strategy]], None], ...] = (
    _is_concrete,
    _has_title,
    _has_flags,
    _says_where_its_learner_learns,
    _has_a_design,
    _fit_returns_self,
    _fits_without_the_model,
    _follows_scikit_learn,
    _predicts,
    _predicts_rows_one_by_one,
    _is_decided_by_the_seed,
    _leaves_arguments,
    _sees_its_sample_only,
    _works_without_a_source,
    _ignores_the_source,
    _manages_small_samples,
    _manages_one_of_all_sources,
    _gives_intervals,
    _takes_noise,
    _pickles_nothing,
)
