"""Multi-stage sampling."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from perftransfer.designs.interface import Design, Evidence
from perftransfer.space.options import Option


class MultiStage(Design):
    """Multi-stage sampling: first some levels of the options are sampled, then configurations that have these levels.

    W. G. Cochran, Sampling Techniques, 3rd ed. 1977, ch. 10 and 11: units that fall into groups are
    sampled by groups of groups. Here the levels of one option are the groups of a stage.
    """

    title = "multi-stage sampling"

    def choose(
        self, candidates: np.ndarray, options: Sequence[Option], order: np.ndarray, n: int, source: Evidence | None
    ) -> np.ndarray:
        """Keep half of the levels, rounded up, of one option after another, and sample what is left at random.

        Options come in a random order; an inactive level counts as a level. The first option of
        which half the levels would leave fewer than ``n`` candidates ends the stages.
        """
        rng = np.random.default_rng(order)
        left = order
        for option in rng.permutation(len(options)):
            present = np.unique(candidates[left, option])
            levels = rng.choice(present, size=(len(present) + 1) // 2, replace=False)
            fewer = left[np.isin(candidates[left, option], levels)]
            if len(fewer) < n:
                break
            left = fewer
        return left[:n]
