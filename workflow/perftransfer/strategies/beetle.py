"""BEETLE, bellwether transfer: the one source that predicts all others best."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from perftransfer.designs.interface import Evidence
from perftransfer.rank_agreement import rank_agreement
from perftransfer.space.options import Option
from perftransfer.strategies._selected_source import SelectedSource
from perftransfer.strategies.interface import Source

# Configurations on which sources are compared; enough for ranks.
_ROWS = 500


class BEETLE(SelectedSource):
    """A linear shift from the bellwether, the source whose ranking of configurations the other sources share most.

    Krishna, Nair, Jamshidi and Menzies, "Whence to learn? Transferring knowledge in configurable systems using
    BEETLE", IEEE Transactions on Software Engineering 47 (2021), section 4: the bellwether is found among the sources
    alone, by how well each ranks the configurations of the others. They race the sources, to measure little there, and
    recommend by the bellwether's model as it is; here all sources were measured already, and the target's sample
    shifts the model, since errors are compared, not ranks. Two sources share each other's ranking equally: between
    equals the target's sample decides.
    """

    title = "bellwether transfer"

    def select(self, X: np.ndarray, y: np.ndarray, sources: tuple[Source, ...]) -> int:
        """Return the source of the highest median agreement with the others."""
        heights = _heights(tuple(source.evidence for source in sources), tuple(self.options))
        ranked = [
            (height, rank_agreement(member.measured(X), y)) for height, member in zip(heights, sources, strict=True)
        ]
        return ranked.index(max(ranked))


# Once for all repeats, budgets and learners: a piece of evidence is equal to itself alone.
@lru_cache(maxsize=16)
def _heights(members: tuple[Evidence, ...], options: Sequence[Option]) -> list[float]:
    """Median rank correlation of each source with the others, over configurations of theirs; 0 for a single one."""
    sources = [Source("", evidence.codes, evidence.y, options, None) for evidence in members]
    agreement = np.full((len(sources), len(sources)), np.nan)
    for j, other in enumerate(members):
        codes, y = other.codes[:_ROWS], other.y[:_ROWS]
        for i, source in enumerate(sources):
            if i != j:
                agreement[i, j] = rank_agreement(source.measured(codes), y)[0]
    return [round(float(np.nanmedian(row)), 9) if len(row) > 1 else 0.0 for row in agreement]
