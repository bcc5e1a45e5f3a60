"""Uniform sampling."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from perftransfer.designs._nearest import nearest
from perftransfer.designs.interface import Design, Evidence
from perftransfer.space.options import Option


class Uniform(Design):
    """Uniform sampling: the level of each option is drawn independently, each as likely as any other.

    Unlike simple random sampling it does not repeat what the pool has most of: where few
    configurations have some level, it is chosen as often as the others. With replacement it is what
    McKay, Beckman and Conover (1979) call random sampling.
    """

    title = "uniform sampling of levels"

    def choose(
        self, candidates: np.ndarray, options: Sequence[Option], order: np.ndarray, n: int, source: Evidence | None
    ) -> np.ndarray:
        """Take the nearest unused candidate for each of ``n`` independent draws."""
        wishes = np.random.default_rng(order).integers(
            0, [len(option.levels) for option in options], size=(min(n, len(order)), len(options))
        )
        return nearest(wishes, candidates, options, order, n)
