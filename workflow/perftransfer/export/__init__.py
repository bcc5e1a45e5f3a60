"""Formats of a recommended configuration for use elsewhere: each file of this folder is one.

A format is called by the name of its file, with hyphens: ``onnxruntime-python``. Formats take what they write from the
tables that the engines set options by (``measuring.engines._onnxruntime_options`` and so on).
"""

from __future__ import annotations

from perftransfer.catalogue import Catalogue
from perftransfer.errors import UserError, unknown
from perftransfer.export.interface import Format

CATALOGUE: Catalogue[Format] = Catalogue(__name__, "Format", "format")


def names() -> list[str]:
    """Return the names of all formats, sorted."""
    return [name.replace("_", "-") for name in CATALOGUE.names()]


def load(name: str) -> Format:
    """Create the format of that name.

    Raises UserError if there is none.
    """
    if name not in names():
        raise UserError(unknown("--format", "format", name, names()))
    return CATALOGUE.load(name.replace("-", "_"))()


def native(engine: str) -> Format:
    """Return the format in which an engine's users write its settings; the table for an engine that has none."""
    formats = (load(name) for name in names())
    return next((format_ for format_ in formats if format_.engine == engine and format_.is_native), load("table"))
