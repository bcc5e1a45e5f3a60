"""Latin hypercube sampling: each option's range is cut into as many slices as there are points, each used once.

M. D. McKay, R. J. Beckman and W. J. Conover, A comparison of three methods for selecting values of input variables in
the analysis of output from a computer code, Technometrics 21 (1979).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import qmc

from perftransfer.designs._nearest import nearest
from perftransfer.designs.interface import Evidence
from perftransfer.space.options import Option

TITLE = "Latin hypercube sampling"
NEEDS_SOURCE = False


def choose(
    candidates: np.ndarray, options: Sequence[Option], order: np.ndarray, n: int, source: Evidence | None
) -> np.ndarray:
    """Take the nearest unused candidate for each point of a Latin hypercube; levels share the unit interval evenly."""
    cube = qmc.LatinHypercube(len(options), rng=np.random.default_rng(order)).random(min(n, len(order)))
    wishes = np.floor(cube * [len(option.levels) for option in options]).astype(int)
    return nearest(wishes, candidates, options, order, n)
