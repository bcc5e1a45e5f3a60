"""Random sampling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from perftransfer.designs.interface import Design, Evidence
from perftransfer.space.options import Option

if TYPE_CHECKING:
    import numpy as np


class Random(Design):
    """Random sampling: every configuration is as likely as any other."""

    title = "simple random sampling"
    is_random_sample = True

    def choose(
        self, candidates: np.ndarray, options: Sequence[Option], order: np.ndarray, n: int, source: Evidence | None
    ) -> np.ndarray:
        """Return the front of the random order, so that samples are nested: the first 5 of 10 are the sample of 5."""
        return order[:n]
