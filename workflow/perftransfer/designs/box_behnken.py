"""Box-Behnken design."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from perftransfer.designs import _fixed
from perftransfer.space.options import Option


class BoxBehnken(_fixed.FixedDesign):
    """Box-Behnken design: all pairs of options at their lowest and highest levels, the others in the middle.

    G. E. P. Box and D. W. Behnken, Some new three level designs for the study of quantitative
    variables, Technometrics 2 (1960). The library always pairs options; the paper has smaller
    designs for six and more, of triples.
    """

    title = "Box-Behnken design"

    def size(self, options: Sequence[Option]) -> int:
        """Return the number of distinct points; of an option with two levels, one is its middle level, too.

        Raises UserError if there are fewer than three options, or too many.
        """
        _fixed.check(self.title, options, 3, 2 * len(options) * (len(options) - 1) + 1)
        two = sum(len(option.levels) == 2 for option in options)
        three = len(options) - two
        pairs_off_centre = 2 * three * (three - 1) + 2 * three * two + two * (two - 1) // 2
        single_off_centre = 2 * three * (two >= 1) + two * (two >= 2)
        return pairs_off_centre + single_off_centre + 1

    def points(self, options: Sequence[Option], rng: np.random.Generator) -> np.ndarray:
        """Return the codes of the design's points, shape (points, options); of the centre one."""
        from pydoe import bbdesign

        return _fixed.at_three_levels(bbdesign(len(options), center=1), options, rng)
