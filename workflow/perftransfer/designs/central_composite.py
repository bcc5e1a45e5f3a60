"""Central composite design: all corners, the centre, and the centres of all faces.

G. E. P. Box and K. B. Wilson, On the experimental attainment of optimum conditions, J. Royal Statistical Society B 13
(1951). Face-centred, so that three levels per option are enough.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydoe import ccdesign

from perftransfer.designs import _fixed
from perftransfer.designs.interface import Evidence
from perftransfer.space.options import Option

TITLE = "central composite design"
NEEDS_SOURCE = False


def size(options: Sequence[Option]) -> int:
    """How many configurations the design takes; of an option with two levels, one is its middle level, too.

    Raises UserError if there are fewer than two options, or too many.
    """
    corners = 2 ** len(options)
    _fixed.check(TITLE, options, 2, corners + 2 * len(options) + 1)
    two = sum(len(option.levels) == 2 for option in options)
    more = len(options) - two
    # If no option has a middle level, the centre is a corner; if only one has, the centres of its faces are.
    return corners + (1 + two if more else 0) + (2 * more if more > 1 else 0)


def points(options: Sequence[Option], rng: np.random.Generator) -> np.ndarray:
    """Codes of the design's points, shape (points, options); of the centre one."""
    return _fixed.at_three_levels(ccdesign(len(options), center=(0, 1), face="ccf"), options, rng)


def choose(
    candidates: np.ndarray, options: Sequence[Option], order: np.ndarray, n: int, source: Evidence | None
) -> np.ndarray:
    """Take the nearest unused candidate for each point, in a random order, then others at random.

    Raises UserError as ``size`` does.
    """
    size(options)
    return _fixed.choose(points, candidates, options, order, n)
