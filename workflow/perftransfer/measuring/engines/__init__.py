"""Inference engines: one file each, behind the small interface of ``interface.py``."""

from __future__ import annotations

from perftransfer.catalogue import Catalogue
from perftransfer.errors import UserError
from perftransfer.measuring.engines.interface import Engine

CATALOGUE: Catalogue[Engine] = Catalogue(__name__, "Engine", "engine")


def names() -> list[str]:
    """List the names of the built-in engines."""
    return CATALOGUE.names()


def module_of(name: str) -> str:
    """Return the import path of the module that holds the engine ``name``.

    Raises UserError if there is none.
    """
    return CATALOGUE.module_of(name)


def load(name: str) -> Engine:
    """Import and create the engine ``name``: a built-in one, or the import path of a user's own class.

    Raises UserError if there is no such engine, or if the library it needs is not installed.
    """
    try:
        engine = CATALOGUE.load(name)()
    except ModuleNotFoundError as error:
        raise UserError(f"engine {name}: the Python package {error.name!r} is not installed") from error
    engine.name = name
    return engine
