"""Greedy design: each measurement lowers the uncertainty left in the target as much as one can, judged by the sources.

What is uncertain before anything is measured in the target follows from the prior that the sources give
(``gaussian_process.prior``): whether it is their affine map, how far the options' effects are rescaled, what
distinguishes the sources from each other. See ``gaussian_process.posterior.most_informative``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from perftransfer.designs.interface import Evidence
from perftransfer.gaussian_process.posterior import most_informative
from perftransfer.gaussian_process.prior import FromSources
from perftransfer.space.options import Option

TITLE = "greedy by the uncertainty left"
NEEDS_SOURCE = True


def choose(
    candidates: np.ndarray, options: Sequence[Option], order: np.ndarray, n: int, source: Evidence | None
) -> np.ndarray:
    """Return the front of one order for all budgets: samples are nested, like those of the random design."""
    return go_on(candidates, options, order, n, source, ())


def go_on(
    candidates: np.ndarray,
    options: Sequence[Option],
    order: np.ndarray,
    n: int,
    source: Evidence | None,
    chosen: Sequence[int],
) -> np.ndarray:
    """Choose the next ``n`` after ``chosen``, whoever chose them: what they will tell need not be told again."""
    if source is None:
        raise ValueError("the greedy design needs a source")
    return most_informative(FromSources.of(source.members, options), candidates, n, order, chosen)
