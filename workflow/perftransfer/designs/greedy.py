"""Greedy design."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from perftransfer.designs.interface import Evidence, ExtendingDesign
from perftransfer.space.options import Option

if TYPE_CHECKING:
    import numpy as np


class Greedy(ExtendingDesign):
    """Greedy design: each measurement lowers the uncertainty left in the target most, judged by the sources.

    What is uncertain before anything is measured in the target follows from the prior that the
    sources give (``gaussian_process.prior``): whether it is their affine map, how far the options'
    effects are rescaled, what distinguishes the sources from each other. See
    ``gaussian_process.posterior.most_informative``.
    """

    title = "greedy by the uncertainty left"
    needs_source = True

    def extend(
        self,
        candidates: np.ndarray,
        options: Sequence[Option],
        order: np.ndarray,
        n: int,
        source: Evidence | None,
        chosen: np.ndarray,
    ) -> np.ndarray:
        """Choose the next ``n`` after ``chosen``; the information of these is taken into account.

        All budgets are the front of one order: samples are nested.
        """
        from perftransfer.gaussian_process.posterior import most_informative
        from perftransfer.gaussian_process.prior import FromSources

        if source is None:
            raise ValueError("the greedy design needs a source")
        return most_informative(FromSources.of(source.members, options), candidates, n, order, chosen)
