"""RANDOM: what every other search must beat."""

from __future__ import annotations

import numpy as np

from perftransfer.search.interface import History, SearchMethod


class RANDOM(SearchMethod):
    """Proposes candidates in a random order, fixed by the seed.

    Bergstra and Bengio, "Random search for hyper-parameter optimization", JMLR 13, 2012.
    """

    title = "random search"
    is_random = True
    needs_source = False

    def _choose(self, history: History, is_free: np.ndarray, n: int) -> np.ndarray:
        order = np.random.default_rng(self.seed).permutation(len(self.candidates))
        return np.asarray(order[is_free[order]][:n])
