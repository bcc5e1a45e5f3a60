"""Designs: how the configurations to measure are chosen. One file each; its name is the design's name in a study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perftransfer.catalogue import Catalogue

if TYPE_CHECKING:
    from perftransfer.designs.interface import Design

CATALOGUE: Catalogue[Design] = Catalogue(__name__, "Design", "design")


def names() -> list[str]:
    """List the names of the built-in designs, without importing them."""
    return CATALOGUE.names()


def module_of(name: str) -> str:
    """Return the import path of the module that holds the design ``name``.

    Raises UserError if there is none.
    """
    return CATALOGUE.module_of(name)


def load(name: str) -> type[Design]:
    """Import the design ``name`` and return its class.

    Raises UserError if there is none.
    """
    return CATALOGUE.load(name)


def name_of(design: type[Design]) -> str:
    """Return the name of a design in a study: that of its file, or the import path of a user's own class."""
    package, _, module = design.__module__.rpartition(".")
    return module if package == __name__ else f"{design.__module__}.{design.__name__}"


def title(name: str) -> str:
    """Return what a design is called in words; its name again if it is not a built-in one."""
    return load(name).title if name in names() else name.replace("_", " ")
