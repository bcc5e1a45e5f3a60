"""A small table as the page shows it: text, nothing to be computed any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """``text``, a ``detail`` in small type below it, and whether it is the best of its kind (bold).

    emulated, simulated: whether it names an environment that must be marked so.
    """

    text: str
    detail: str = ""
    strong: bool = False
    emulated: bool = False
    simulated: bool = False


@dataclass(frozen=True)
class PageTable:
    """Rows of cells below a head, if it has one; the first cell of each row is its head.

    wordy: columns (by position) that hold words, not numbers, and stand at the left.
    """

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    wordy: frozenset[int] = frozenset()
