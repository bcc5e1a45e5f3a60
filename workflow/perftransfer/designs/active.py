"""Active design: the next measurements lower the uncertainty left most, judged by those made so far.

The greedy design decides everything before anything is measured in the target; this one looks after each batch at what
was found: which parts of the sources' prior hold, and which options matter in the target
(``gaussian_process.posterior``). See Settles, "Active learning literature survey", University of Wisconsin-Madison,
2009, section 3.5, on reducing variance.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from perftransfer.designs.interface import Evidence
from perftransfer.gaussian_process.posterior import Posterior, most_informative
from perftransfer.gaussian_process.prior import FromSources
from perftransfer.space.options import Option

TITLE = "active by the uncertainty left"
NEEDS_SOURCE = True
ACTIVE = True


def choose(
    candidates: np.ndarray, options: Sequence[Option], order: np.ndarray, n: int, source: Evidence | None
) -> np.ndarray:
    """Choose before anything is measured, as the greedy design does."""
    nothing = np.empty(0)
    return more(candidates, options, order, n, source, nothing.astype(int), nothing)


def more(
    candidates: np.ndarray,
    options: Sequence[Option],
    order: np.ndarray,
    n: int,
    source: Evidence | None,
    chosen: np.ndarray,
    y: np.ndarray,
) -> np.ndarray:
    """Choose the next ``n`` after ``chosen``, whose objective is ``y``."""
    if source is None:
        raise ValueError("the active design needs a source")
    prior = FromSources.of(source.every, options)
    belief = Posterior(prior, candidates[chosen], y) if len(chosen) else prior
    return most_informative(belief, candidates, n, order, chosen)
