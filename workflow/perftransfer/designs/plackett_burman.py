"""Plackett-Burman design: two levels per option, each pair of levels of two options equally often.

R. L. Plackett and J. P. Burman, The design of optimum multifactorial experiments, Biometrika 33 (1946). For numeric
options of software: N. Siegmund, A. Grebhahn, S. Apel and C. Kästner, Performance-influence models for highly
configurable systems, ESEC/FSE 2015, with designs of more than two levels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydoe import pbdesign

from perftransfer.designs import _fixed
from perftransfer.designs.interface import Evidence
from perftransfer.space.options import Option

TITLE = "Plackett-Burman design"
NEEDS_SOURCE = False

# The library builds designs from those of so many runs by doubling; it has none of 28, for example.
_BASES = (4, 12, 20)


def _runs(options: int) -> int:
    return min(base << (options // base).bit_length() for base in _BASES)


def size(options: Sequence[Option]) -> int:
    """How many configurations the design takes: the next multiple of four that the library builds."""
    return min(_runs(len(options)), 2 ** len(options))


def points(options: Sequence[Option], rng: np.random.Generator) -> np.ndarray:
    """Codes of the design's points, shape (runs, options)."""
    runs = _runs(len(options))
    # Which interactions are mistaken for which options depends on the columns: not always on the first options.
    columns = rng.permutation(runs - 1)[: len(options)]
    levels = np.array([_fixed.two_levels(option, rng) for option in options])
    return levels[np.arange(len(options)), (pbdesign(runs - 1)[:, columns] > 0).astype(int)]


def choose(
    candidates: np.ndarray, options: Sequence[Option], order: np.ndarray, n: int, source: Evidence | None
) -> np.ndarray:
    """Take the nearest unused candidate for each point, in a random order, then others at random."""
    return _fixed.choose(points, candidates, options, order, n)
