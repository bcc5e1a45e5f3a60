"""Systematic sampling."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from perftransfer.designs.interface import Design, Evidence
from perftransfer.space.options import Option


class Systematic(Design):
    """Systematic sampling: every k-th configuration of a list, from a random start.

    W. G. Cochran, Sampling Techniques, 3rd ed. 1977, ch. 8. The interval is a fraction where the
    list is not a multiple of the sample, so that every configuration is as likely as any other.
    """

    title = "systematic sampling"

    def choose(
        self, candidates: np.ndarray, options: Sequence[Option], order: np.ndarray, n: int, source: Evidence | None
    ) -> np.ndarray:
        """Take candidates at even distances from the list sorted by the first option, then by the second, and so on."""
        n = min(n, len(order))
        if n == 0:
            return order[:0]
        listed = np.lexsort(candidates.T[::-1])
        # Whole numbers, in n-ths of a position: no rounding takes a position twice.
        start = np.random.default_rng(order).integers(len(order))
        result: np.ndarray = listed[(start + np.arange(n) * len(order)) // n]
        return result
