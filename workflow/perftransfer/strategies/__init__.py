"""Strategies: design + how the source is used. One file each; its name in capitals is its name in a study."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from perftransfer import catalogue

if TYPE_CHECKING:
    from perftransfer.strategies.interface import Strategy


def names() -> list[str]:
    """Names of the strategies that a study may use, without importing them."""
    return list(catalogue.in_capitals(__name__))


def module_of(name: str) -> str:
    """Import path of the module that holds the strategy ``name``.

    Raises BadInput if there is none.
    """
    return catalogue.path_of(__name__, "strategy", name)


def load(name: str) -> type[Strategy]:
    """Import the class of the strategy ``name``."""
    cls: type[Strategy] = getattr(importlib.import_module(module_of(name)), name)
    return cls
