"""MSS, most similar source: the one source that ranks the target's measurements best."""

from __future__ import annotations

import numpy as np

from perftransfer.rank_agreement import rank_agreement
from perftransfer.strategies._selected_source import SelectedSource
from perftransfer.strategies.interface import Source


class MSS(SelectedSource):
    """A linear shift from the source that agrees most with what was measured in the target.

    Jamshidi et al., "Transfer learning for performance modeling of configurable systems: an exploratory analysis", ASE
    2017, find that rank correlation indicates where a linear shift (Valov et al., ICPE 2017) is enough.
    """

    title = "shift from the most similar source"

    def select(self, X: np.ndarray, y: np.ndarray, sources: tuple[Source, ...]) -> int:
        """Return the source of the highest correlation; the first by name if there are too few measurements."""
        heights = [rank_agreement(source.measured(X), y) for source in sources]
        return heights.index(max(heights))
