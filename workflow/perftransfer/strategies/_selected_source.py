"""What strategies share that pick one source among all and shift its value linearly."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from perftransfer.strategies.interface import Source
from perftransfer.strategies.lms import LMS


class SelectedSource(LMS):
    """A linear model shift (Valov et al., ICPE 2017) from the source that subclasses pick."""

    uses_all_sources = True

    @abstractmethod
    def select(self, X: np.ndarray, y: np.ndarray, sources: tuple[Source, ...]) -> int:
        """Return the position of the source to use, given what was measured in the target."""

    def used(self, source: Source) -> tuple[Source, ...]:
        """Return the one that was picked."""
        return (source.members[self.selected_],)

    def fit(self, X: np.ndarray, y: np.ndarray, source: Source | None = None) -> SelectedSource:
        """Pick a source and fit the shift from it."""
        assert source is not None
        self.selected_ = self.select(X, y, source.members)
        super().fit(X, y, source)
        return self
