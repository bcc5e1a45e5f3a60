"""What a design gets and gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from perftransfer.space.options import Option
from perftransfer.space.terms import Term


@dataclass(frozen=True, eq=False)
class Evidence:
    """What was measured in a source.

    codes: configurations, shape (rows, options). y: their objective on the scale of learning. terms: options and
    interactions that matter there, the most influential first (``influence``). others: what was measured in further
    sources, for whoever asks several.
    """

    codes: np.ndarray
    y: np.ndarray
    terms: tuple[Term, ...] = ()
    others: tuple[Evidence, ...] = ()

    @property
    def members(self) -> tuple[Evidence, ...]:
        """All of them, this one first."""
        return (self, *self.others)


class Design(Protocol):
    """A design is a module with these names.

    One of a fixed size also has ``size(options) -> int``: how many configurations it takes for these options. One that
    asks which terms matter in the source has ``NEEDS_TERMS = True``. One whose sample is drawn at random, so that what
    it leaves is no different, has ``EXCHANGEABLE = True``.

    One that can take into account what is measured anyway has ``go_on(candidates, options, order, n, source, chosen)``:
    it chooses ``n`` more than the positions ``chosen``.

    An active one, which looks at what was measured so far, has ``ACTIVE = True`` and ``more(candidates, options, order,
    n, source, chosen, y)``: it chooses the next ``n`` after the positions ``chosen``, whose objective on the scale of
    learning is ``y``, both of shape (measured,); ``chosen`` is empty at first.
    """

    TITLE: str
    NEEDS_SOURCE: bool

    def choose(
        self, candidates: np.ndarray, options: Sequence[Option], order: np.ndarray, n: int, source: Evidence | None
    ) -> np.ndarray:
        """Choose ``n`` candidates, or all if there are fewer, in the order in which to measure them.

        candidates: codes of the configurations to choose from, shape (candidates, options). order: a random
        permutation of their positions, shared by all designs of a repeat, so that they differ by what they decide and
        not by luck. Returns distinct positions, shape (min(n, candidates),).
        """
