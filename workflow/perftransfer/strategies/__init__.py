"""Strategies: design + how the source is used. One file each; its name in capitals is its name in a study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perftransfer import catalogue
from perftransfer.errors import BadInput, unknown

if TYPE_CHECKING:
    from perftransfer.strategies.interface import Strategy


def names() -> list[str]:
    """Names of the strategies that a study may use, without importing them."""
    return [name.upper() for name in catalogue.modules(__name__)]


def module_of(name: str) -> str:
    """Import path of the module that holds the strategy ``name``.

    Raises BadInput if there is none.
    """
    if name not in names():
        raise BadInput(unknown("strategy", "strategy", name, names()))
    return f"{__name__}.{name.lower()}"


def load(name: str) -> type[Strategy]:
    """Import the class of the strategy ``name``."""
    cls: type[Strategy] = getattr(catalogue.module(__name__, module_of(name).rpartition(".")[2]), name)
    return cls
