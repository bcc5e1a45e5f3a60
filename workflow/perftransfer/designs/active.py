"""Active design."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from perftransfer.designs.greedy import Greedy
from perftransfer.designs.interface import ActiveDesign, Evidence
from perftransfer.space.options import Option

if TYPE_CHECKING:
    import numpy as np


class Active(ActiveDesign):
    """Active design: the next measurements lower the uncertainty left most, judged by those made so far.

    The greedy design decides everything before anything is measured in the target; this one looks
    after each batch at what was found: which parts of the sources' prior hold, and which options
    matter in the target (``gaussian_process.posterior``). See Settles, "Active learning literature
    survey", University of Wisconsin-Madison, 2009, section 3.5, on reducing variance.
    """

    title = "active by the uncertainty left"
    needs_source = True

    def next_batch(
        self,
        candidates: np.ndarray,
        options: Sequence[Option],
        order: np.ndarray,
        n: int,
        source: Evidence | None,
        chosen: np.ndarray,
        y: np.ndarray,
    ) -> np.ndarray:
        """Choose the first batch as the greedy design does, the others by the posterior of what was measured."""
        from perftransfer.gaussian_process.posterior import Posterior, most_informative
        from perftransfer.gaussian_process.prior import FromSources

        if source is None or not len(chosen):
            return Greedy().choose(candidates, options, order, n, source)
        posterior = Posterior(FromSources.of(source.members, options), candidates[chosen], y)
        return most_informative(posterior, candidates, n, order, chosen)
