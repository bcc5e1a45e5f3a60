"""Latin hypercube sampling."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from perftransfer.designs._nearest import nearest
from perftransfer.designs.interface import Design, Evidence
from perftransfer.space.options import Option


class LatinHypercube(Design):
    """Latin hypercube sampling: each option's range is cut into as many slices as there are points, each used once.

    M. D. McKay, R. J. Beckman and W. J. Conover, A comparison of three methods for selecting values
    of input variables in the analysis of output from a computer code, Technometrics 21 (1979).
    """

    title = "Latin hypercube sampling"

    def choose(
        self, candidates: np.ndarray, options: Sequence[Option], order: np.ndarray, n: int, source: Evidence | None
    ) -> np.ndarray:
        """Take the nearest unused candidate for each point; levels share the unit interval evenly."""
        from scipy.stats import qmc

        cube = qmc.LatinHypercube(len(options), rng=np.random.default_rng(order)).random(min(n, len(order)))
        wishes = np.floor(cube * [len(option.levels) for option in options]).astype(int)
        return nearest(wishes, candidates, options, order, n)
