"""Box-Behnken design: all pairs of options at their lowest and highest levels, the others in the middle.

G. E. P. Box and D. W. Behnken, Some new three level designs for the study of quantitative variables, Technometrics 2
(1960). The library pairs options whatever their number; the paper has smaller designs for six and more, of triples.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydoe import bbdesign

from perftransfer.designs import _fixed
from perftransfer.designs.interface import Evidence
from perftransfer.space.options import Option

TITLE = "Box-Behnken design"
NEEDS_SOURCE = False


def size(options: Sequence[Option]) -> int:
    """How many configurations the design takes; of an option with two levels, one is its middle level, too.

    Raises UserError if there are fewer than three options, or too many.
    """
    _fixed.check(TITLE, options, 3, 2 * len(options) * (len(options) - 1) + 1)
    two = sum(len(option.levels) == 2 for option in options)
    more = len(options) - two
    pairs_off_centre = 2 * more * (more - 1) + 2 * more * two + two * (two - 1) // 2
    single_off_centre = 2 * more * (two >= 1) + two * (two >= 2)
    return pairs_off_centre + single_off_centre + 1


def points(options: Sequence[Option], rng: np.random.Generator) -> np.ndarray:
    """Codes of the design's points, shape (points, options); of the centre one."""
    return _fixed.at_three_levels(bbdesign(len(options), center=1), options, rng)


def choose(
    candidates: np.ndarray, options: Sequence[Option], order: np.ndarray, n: int, source: Evidence | None
) -> np.ndarray:
    """Take the nearest unused candidate for each point, in a random order, then others at random.

    Raises UserError as ``size`` does.
    """
    size(options)
    return _fixed.choose(points, candidates, options, order, n)
