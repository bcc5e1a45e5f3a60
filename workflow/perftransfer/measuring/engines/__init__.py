"""Inference engines: one file each, behind the small interface of ``interface.py``."""

from __future__ import annotations

import importlib

from perftransfer import catalogue
from perftransfer.errors import UserError, unknown
from perftransfer.measuring.engines.interface import Engine


def names() -> list[str]:
    """Names of the engines that a study may use."""
    return list(catalogue.modules(__name__))


def load(name: str) -> Engine:
    """Import the engine ``name`` and return it.

    Raises UserError if there is no such engine, or if the library it needs is not installed.
    """
    if name not in names():
        raise UserError(unknown("engine", "engine", name, names()))
    try:
        return importlib.import_module(f"{__name__}.{name}").ENGINE
    except ModuleNotFoundError as error:
        raise UserError(f"engine {name}: the Python package {error.name!r} is not installed") from error
