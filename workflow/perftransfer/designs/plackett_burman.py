"""Plackett-Burman design."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from perftransfer.designs import _fixed
from perftransfer.space.options import Option

# The library builds designs from those of so many runs by doubling; it has none of 28, for example.
_BASES = (4, 12, 20)


def _n_runs(n_options: int) -> int:
    return min(base << (n_options // base).bit_length() for base in _BASES)


class PlackettBurman(_fixed.FixedDesign):
    """Plackett-Burman design: two levels per option, each pair of levels of two options equally often.

    R. L. Plackett and J. P. Burman, The design of optimum multifactorial experiments, Biometrika 33
    (1946). For numeric options of software: N. Siegmund, A. Grebhahn, S. Apel and C. Kästner,
    Performance-influence models for highly configurable systems, ESEC/FSE 2015, with designs of
    more than two levels.
    """

    title = "Plackett-Burman design"

    def size(self, options: Sequence[Option]) -> int:
        """Return the number of distinct points: the next multiple of four that the library builds."""
        result: int = min(_n_runs(len(options)), 2 ** len(options))
        return result

    def points(self, options: Sequence[Option], rng: np.random.Generator) -> np.ndarray:
        """Return the codes of the design's points, shape (runs, options)."""
        from pydoe import pbdesign

        n_runs = _n_runs(len(options))
        # Which interactions are mistaken for which options depends on the columns: not always on the first options.
        columns = rng.permutation(n_runs - 1)[: len(options)]
        levels = np.array([_fixed.two_levels(option, rng) for option in options])
        result: np.ndarray = levels[np.arange(len(options)), (pbdesign(n_runs - 1)[:, columns] > 0).astype(int)]
        return result
