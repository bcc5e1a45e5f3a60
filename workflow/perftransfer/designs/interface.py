"""What a design gets and gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from perftransfer.space.options import Option


@dataclass(frozen=True, eq=False)
class Evidence:
    """What was measured in a source: configurations as codes (rows, options), and y on the scale of learning."""

    codes: np.ndarray
    y: np.ndarray


class Design(Protocol):
    """A design is a module with these two names."""

    NEEDS_SOURCE: bool

    def choose(
        self, candidates: np.ndarray, options: Sequence[Option], order: np.ndarray, source: Evidence | None
    ) -> np.ndarray:
        """Put the candidates in the order in which to measure them; a budget takes so many from the front.

        candidates: codes of the configurations to choose from, shape (candidates, options). order: a random
        permutation of their positions, shared by all designs of a repeat, so that they differ by what they decide and
        not by luck. Returns a permutation of the positions.
        """
