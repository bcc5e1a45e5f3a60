"""What strategies share that pick one source among all and shift its value linearly."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from scipy.stats import spearmanr

from perftransfer.strategies.interface import Source
from perftransfer.strategies.lms import LMS

# With two points every correlation is 1 or -1.
_FEWEST = 3
# Equal rank correlations differ in the last digits if they were summed in another order.
_DIGITS = 9


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


def agreement(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """Rank correlation of two environments' values where both are known, and between equals the linear one.

    Spearman's and Pearson's; -1 where they cannot be told.
    """
    known = ~(np.isnan(a) | np.isnan(b))
    a, b = a[known], b[known]
    if len(a) < _FEWEST or np.ptp(a) == 0 or np.ptp(b) == 0:
        return -1.0, -1.0
    return round(float(spearmanr(a, b).statistic), _DIGITS), float(np.corrcoef(a, b)[0, 1])
