"""BEETLE, bellwether transfer: the one source that predicts all others best."""

from __future__ import annotations

import numpy as np

from perftransfer.strategies._selected_source import SelectedSource, agreement
from perftransfer.strategies.interface import Source

# Configurations on which sources are compared; enough to tell ranks.
_ROWS = 500


class BEETLE(SelectedSource):
    """A linear shift from the bellwether, the source whose ranking of configurations the other sources share most.

    Krishna, Nair, Jamshidi and Menzies, "Whence to learn? Transferring knowledge in configurable systems using
    BEETLE", IEEE Transactions on Software Engineering 47 (2021), section 4: the bellwether is found among the sources
    alone, by how well each ranks the configurations of the others. They race the sources, to measure little there, and
    recommend by the bellwether's model as it is; here all sources were measured already, and the target's sample
    shifts the model, since errors are compared, not ranks.
    """

    title = "bellwether transfer (BEETLE)"

    def select(self, X: np.ndarray, y: np.ndarray, sources: tuple[Source, ...]) -> int:
        """Return the source of the highest median agreement with the others."""
        if len(sources) == 1:
            return 0
        own = [source.evidence.codes[:_ROWS] for source in sources]
        heights = [
            np.median([agreement(a.measured(own[i]), b.measured(own[i])) for j, b in enumerate(sources) if j != i])
            for i, a in enumerate(sources)
        ]
        return int(np.argmax(heights))
