"""Rules of learners."""

from __future__ import annotations

import dataclasses
import inspect
import typing
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from perftransfer.learners.interface import Encoding, Learner
from perftransfer.space import encoding
from perftransfer.space.options import to_json
from perftransfer.testing._data import CODES, OPTIONS, TARGET
from perftransfer.testing._rules import check, global_seed, require, require_concrete, require_title

_TYPES = (int, float, bool, str)


def check_learner(cls: type[Learner]) -> None:
    """Check what a learner must fulfil (``learners/interface.py``).

    Parameters
    ----------
    cls
        Class derived from ``Learner``.

    Raises
    ------
    AssertionError
        If it breaks a rule; the message states the rule and what was found.
    """
    with warnings.catch_warnings():
        # Convergence on 20 rows is not required.
        warnings.simplefilter("ignore")
        check(cls, RULES)


def _pipeline(cls: type[Learner], seed: int = 0) -> Any:
    from sklearn.pipeline import make_pipeline

    learner = cls()
    return make_pipeline(encoding.Encoder(to_json(OPTIONS), learner.encoding), learner.estimator(seed))


def _is_concrete(cls: type[Learner]) -> None:
    """A learner is derived from Learner and created without arguments."""
    require_concrete(cls, Learner)
    cls()


def _has_title(cls: type[Learner]) -> None:
    """A learner has a title in words."""
    require_title(cls)


def _has_encoding(cls: type[Learner]) -> None:
    """``encoding`` is "ranks" or "scaled"."""
    value = getattr(cls, "encoding", None)
    require(value in typing.get_args(Encoding), f"encoding = {value!r}")


def _declares_parameters(cls: type[Learner]) -> None:
    """Parameters are fields of a frozen dataclass, with a type that a study can check and a default."""
    fields = {field.name: field for field in dataclasses.fields(cls)}
    for name, text in inspect.get_annotations(cls).items():
        require(
            name in fields or "ClassVar" in str(text),
            f"{name} is annotated, but no field: decorate the class with @dataclass(frozen=True)",
        )
    for name, (annotation, default) in cls.parameters().items():
        literal = typing.get_origin(annotation) is typing.Literal
        require(literal or annotation in _TYPES, f"{name}: {annotation}; allowed: int, float, bool, str, Literal")
        require(default is not dataclasses.MISSING, f"{name} has no default")
        kinds = (int, float) if annotation is float else annotation
        fits = default in typing.get_args(annotation) if literal else isinstance(default, kinds)
        require(fits, f"{name}: {annotation} = {default!r}")


def _makes_an_estimator(cls: type[Learner]) -> None:
    """``estimator`` returns an unfitted scikit-learn regressor, a new one each time."""
    from sklearn.base import clone

    first, second = cls().estimator(0), cls().estimator(0)
    for method in ("fit", "predict", "get_params"):
        require(hasattr(first, method), f"{type(first).__name__} without {method}")
    require(first is not second, "the same object twice")
    learnt = [name for name in vars(first) if name.endswith("_") and not name.startswith("_")]
    require(not learnt, f"a fitted {type(first).__name__}: {', '.join(learnt)}")
    clone(first)


def _predicts(cls: type[Learner]) -> None:
    """``predict`` returns a finite number for each row."""
    predicted = np.asarray(_pipeline(cls).fit(CODES[::4], TARGET[::4]).predict(CODES))
    require(predicted.shape == (len(CODES),), f"shape {predicted.shape} for {len(CODES)} rows")
    require(np.isfinite(predicted).all(), f"{int((~np.isfinite(predicted)).sum())} values that are not finite")


def _is_decided_by_the_seed(cls: type[Learner]) -> None:
    """The same seed gives the same predictions."""
    predicted = []
    for seed in (1, 2):
        with global_seed(seed):
            predicted.append(np.asarray(_pipeline(cls, 3).fit(CODES[::4], TARGET[::4]).predict(CODES)))
    differences = int((predicted[0] != predicted[1]).sum())
    require(not differences, f"{differences} of {len(CODES)} predictions differ")


def _leaves_arguments(cls: type[Learner]) -> None:
    """``fit`` leaves X and y as they are."""
    X, y = CODES[::4].copy(), TARGET[::4].copy()
    _pipeline(cls).fit(X, y)
    require((CODES[::4] == X).all() and (y == TARGET[::4]).all(), "changed arguments")


def _manages_small_samples(cls: type[Learner]) -> None:
    """Two rows are enough, also with equal values."""
    for y in (TARGET[:2], np.array([3.0, 3.0])):
        predicted = np.asarray(_pipeline(cls).fit(CODES[:2], y).predict(CODES))
        require(np.isfinite(predicted).all(), f"predictions that are not finite from y = {y.tolist()}")


def _learns(cls: type[Learner]) -> None:
    """It predicts what it was fitted to better than the mean does."""
    rows = np.random.default_rng(0).permutation(len(CODES))[:60]
    predicted = np.asarray(_pipeline(cls).fit(CODES[rows], TARGET[rows]).predict(CODES[rows]))
    error = float(np.mean((predicted - TARGET[rows]) ** 2) / TARGET[rows].var())
    require(error < 0.5, f"{100 * error:.0f} % of the variance left")


RULES: tuple[Callable[[type[Learner]], None], ...] = (
    _is_concrete,
    _has_title,
    _has_encoding,
    _declares_parameters,
    _makes_an_estimator,
    _predicts,
    _is_decided_by_the_seed,
    _leaves_arguments,
    _manages_small_samples,
    _learns,
)
