"""Designs: which configurations to measure. One file each; its name is the design's name in a study."""

from __future__ import annotations

from perftransfer import catalogue
from perftransfer.designs.interface import Design


def name(design: Design) -> str:
    """Name of a design in a study: that of its file."""
    return str(getattr(design, "__name__", design)).rpartition(".")[2]


def names() -> list[str]:
    """Names of the designs, without importing them."""
    return list(catalogue.modules(__name__))
