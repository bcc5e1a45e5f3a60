"""How checks are run: each rule is a function whose docstring states it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")
Rule = Callable[[type[T]], None]


class BrokenRule(Exception):
    """Raised by a rule: what was found instead."""


def require(condition: object, observed: str) -> None:
    """Raise BrokenRule with what was found, unless the condition holds."""
    if not condition:
        raise BrokenRule(observed)


def check(cls: type[T], rules: Sequence[Rule[T]]) -> None:
    """Apply rules in turn.

    Raises
    ------
    AssertionError
        At the first rule that the class breaks. The message names the class, the rule and what was found.
    """
    for rule in rules:
        try:
            rule(cls)
        except BrokenRule as broken:
            raise AssertionError(f"{name_of(cls)}: {statement(rule)} Found: {broken}") from None
        except Exception as error:
            raise AssertionError(f"{name_of(cls)}: {statement(rule)} Raised {type(error).__name__}: {error}") from error


def statement(rule: Callable[..., Any]) -> str:
    """Return a rule in words: the first line of its docstring."""
    return (inspect.getdoc(rule) or rule.__name__).partition("\n")[0].replace("``", "`")


@contextmanager
def global_seed(seed: int) -> Iterator[None]:
    """Seed NumPy's global generator meanwhile: what depends on it is not decided by its arguments."""
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002


def name_of(cls: type) -> str:
    """Return the import path of a class."""
    return f"{cls.__module__}.{cls.__qualname__}"


def require_concrete(cls: type, base: type) -> None:
    """Require a subclass of ``base`` without abstract methods."""
    require(isinstance(cls, type) and issubclass(cls, base), f"{cls!r} is not derived from {name_of(base)}")
    missing = sorted(getattr(cls, "__abstractmethods__", ()))
    require(not missing, f"{', '.join(missing)} not defined")


def require_title(cls: type) -> None:
    """Require a title in words."""
    title = getattr(cls, "title", None)
    require(isinstance(title, str) and title.strip(), f"title = {title!r}")


def require_flags(cls: type, *names: str) -> None:
    """Require class attributes that are True or False."""
    for name in names:
        value = getattr(cls, name, None)
        require(isinstance(value, bool), f"{name} = {value!r}")
