"""Stratified sampling."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from perftransfer.designs.interface import Design, Evidence
from perftransfer.space.options import Option


def strata(candidates: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Number of the stratum of each candidate, shape (candidates,).

    Strata are the level combinations of some options: those with the fewest levels among the
    candidates first (ties at random), as long as there are no more strata than ``n``.
    """
    columns = [np.unique(column, return_inverse=True) for column in candidates.T]
    columns = [columns[i] for i in rng.permutation(len(columns))]
    out = np.zeros(len(candidates), dtype=int)
    for levels, codes in sorted(columns, key=lambda column: len(column[0])):
        _, crossed = np.unique(out * len(levels) + codes, return_inverse=True)
        if crossed.max(initial=0) >= n:
            break
        out = crossed
    return out


def shares(sizes: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Split ``n`` in proportion to ``sizes``, by the largest remainders, ties at random."""
    total = int(sizes.sum())
    out, remainders = np.divmod(n * sizes, total)
    shuffled = rng.permutation(len(sizes))
    out[shuffled[np.argsort(-remainders[shuffled], kind="stable")[: n - out.sum()]]] += 1
    return out


class Stratified(Design):
    """Stratified sampling: each part of the space gets its share of the sample.

    W. G. Cochran, Sampling Techniques, 3rd ed. 1977, ch. 5: proportional allocation, simple random
    sampling within strata.
    """

    title = "stratified sampling"

    def choose(
        self, candidates: np.ndarray, options: Sequence[Option], order: np.ndarray, n: int, source: Evidence | None
    ) -> np.ndarray:
        """Take each stratum's share of ``n``, those first in the random order."""
        n = min(n, len(order))
        if n == 0:
            return order[:0]
        rng = np.random.default_rng(order)
        stratum = strata(candidates[order], n, rng)
        sizes = np.bincount(stratum)
        by_stratum = np.argsort(stratum, kind="stable")
        turn = np.empty(len(order), dtype=int)
        turn[by_stratum] = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        result: np.ndarray = order[turn < shares(sizes, n, rng)[stratum]]
        return result
