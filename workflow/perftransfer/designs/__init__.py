"""Designs: which configurations to measure. One file each; its name is the design's name in a study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perftransfer import catalogue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perftransfer.designs.interface import Design
    from perftransfer.space.options import Option


def name(design: Design) -> str:
    """Name of a design in a study: that of its file."""
    return str(getattr(design, "__name__", design)).rpartition(".")[2]


def size(design: Design, options: Sequence[Option]) -> int | None:
    """How many configurations a design of a fixed size takes for these options; None for one of any size."""
    own = getattr(design, "size", None)
    return None if own is None else int(own(options))


def names() -> list[str]:
    """Names of the designs, without importing them."""
    return list(catalogue.modules(__name__))


def module_of(name: str) -> str:
    """Import path of the module that holds the design ``name``.

    Raises UserError if there is none.
    """
    return catalogue.path_of(catalogue.modules(__name__), "design", name)


def needs_source(name: str) -> bool:
    """Whether a design asks a source what to measure; found out without importing it."""
    return bool(catalogue.constant(__name__, name, "NEEDS_SOURCE"))


def needs_terms(name: str) -> bool:
    """Whether a design asks a source which options and interactions matter there; found out without importing it."""
    return bool(catalogue.constant(__name__, name, "NEEDS_TERMS", default=False))


def is_active(name: str) -> bool:
    """Whether a design looks at what was measured so far; found out without importing it."""
    return bool(catalogue.constant(__name__, name, "ACTIVE", default=False))


def title(name: str) -> str:
    """Return what a design is called in words; its name again where nothing is known of it."""
    return str(catalogue.constant(__name__, name, "TITLE")) if name in names() else name.replace("_", " ")
