"""Central composite design."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from perftransfer.designs import _fixed
from perftransfer.space.options import Option


class CentralComposite(_fixed.FixedDesign):
    """Central composite design: all corners, the centre, and the centres of all faces.

    G. E. P. Box and K. B. Wilson, On the experimental attainment of optimum conditions, J. Royal
    Statistical Society B 13 (1951). Face-centred, so that three levels per option are enough.
    """

    title = "central composite design"

    def size(self, options: Sequence[Option]) -> int:
        """Return the number of distinct points; of an option with two levels, one is its middle level, too.

        Raises UserError if there are fewer than two options, or too many.
        """
        corners = 2 ** len(options)
        _fixed.check(self.title, options, 2, corners + 2 * len(options) + 1)
        two = sum(len(option.levels) == 2 for option in options)
        three = len(options) - two
        # If no option has a middle level, the centre is a corner; if only one has, the centres of its faces are.
        result: int = corners + (1 + two if three else 0) + (2 * three if three > 1 else 0)
        return result

    def points(self, options: Sequence[Option], rng: np.random.Generator) -> np.ndarray:
        """Return the codes of the design's points, shape (points, options); of the centre one."""
        from pydoe import ccdesign

        return _fixed.at_three_levels(ccdesign(len(options), center=(0, 1), face="ccf"), options, rng)
