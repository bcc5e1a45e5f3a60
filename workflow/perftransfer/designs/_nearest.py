"""Assign wished configurations to candidates: each wish takes the nearest candidate that is not taken yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from perftransfer.space.options import Option

# Distances held at a time, which limits memory to about a hundred megabytes.
_CELLS = 2_000_000

# Equal distances differ in the last digits if they were summed from other options.
_DIGITS = 9

Gaps = Callable[[np.ndarray, np.ndarray], np.ndarray]


def gaps(wishes: np.ndarray, candidates: np.ndarray, options: Sequence[Option]) -> np.ndarray:
    """Distances of candidates from wishes, both as codes, shape (wishes, candidates).

    Gower's, but that what a wish says about an option that plays no part in a candidate counts as
    fulfilled. Else half of a space would never be the nearest only because other options are
    inactive there; and Gower's own mean over the options that can be compared would leave that half
    as soon as what it has in common with a wish is used up.
    """
    # It takes a second to import.
    from perftransfer.space.encoding import distances

    inactive = candidates == np.array([len(option.levels) for option in options])
    result: np.ndarray = distances(wishes, candidates, options) - inactive.mean(axis=1)
    return result


def assign(gaps: Gaps, wishes: np.ndarray, candidates: np.ndarray, order: np.ndarray, n: int) -> np.ndarray:
    """Give each wish in turn the nearest candidate that is left; fill up in the random order.

    gaps: gives the distances of candidates from wishes, shape (wishes, candidates). Among equally
    near candidates the random order decides. Returns distinct positions of candidates, shape
    (min(n, candidates),).
    """
    n = min(n, len(order))
    shuffled = candidates[order]
    free = np.ones(len(order), dtype=bool)
    chosen: list[int] = []
    rows = max(1, _CELLS // max(1, len(order)))
    for start in range(0, min(n, len(wishes)), rows):
        for row in gaps(wishes[start : min(n, start + rows)], shuffled).round(_DIGITS):
            row[~free] = np.inf
            nearest = int(row.argmin())
            free[nearest] = False
            chosen.append(nearest)
    result: np.ndarray = order[np.concatenate([np.array(chosen, dtype=int), np.flatnonzero(free)])[:n]]
    return result


def nearest(
    wishes: np.ndarray, candidates: np.ndarray, options: Sequence[Option], order: np.ndarray, n: int
) -> np.ndarray:
    """``assign`` for wishes given as codes."""
    return assign(partial(gaps, options=options), wishes, candidates, order, n)
