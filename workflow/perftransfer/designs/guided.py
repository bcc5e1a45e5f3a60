"""Guided sampling: vary in the target what mattered in the source (Iqbal, Kotthoff and Jamshidi 2019, sec. 2).

Stepwise linear regression on the source selects options and interactions; for each of them all combinations of the
levels of its options are wished for, every other option at its default.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from perftransfer.designs.interface import Evidence
from perftransfer.space.encoding import distances
from perftransfer.space.options import Option
from perftransfer.space.terms import Term

TITLE = "guided sampling"
NEEDS_SOURCE = True

# Less than any two distances differ by, unless they are equal.
_TIE = 1e-6

# Equal distances differ in the last digits if they were summed from other options.
_DIGITS = 9

# Wishes whose distances are held at a time.
_ROWS = 1000


def wishes(term: Term, options: Sequence[Option]) -> np.ndarray:
    """Codes of all level combinations of the options in ``term``, the rest at default, shape (combinations, options).

    Conditional options are at an active level, whether or not the others fulfil the condition: the nearest
    configuration that there is is taken anyway.
    """
    default = np.array([option.code(option.default) for option in options])
    positions = [i for i, option in enumerate(options) if option.name in term]
    combinations = list(itertools.product(*(range(len(options[i].levels)) for i in positions)))
    out = np.tile(default, (len(combinations), 1))
    out[:, positions] = combinations
    return out


def _gaps(asked: np.ndarray, term: Term, candidates: np.ndarray, options: Sequence[Option]) -> np.ndarray:
    """Distances of candidates from wishes of a term, shape (wishes, candidates).

    An option that plays no part counts as left at its default, unless the term wants it varied. Else a candidate would
    be as near where another option was changed only to fulfil the condition. Among equally near candidates, those are
    nearer that have what the term varies.
    """
    varied = np.array([option.name in term for option in options])
    default = np.array([option.code(option.default) for option in options])
    inactive = candidates == np.array([len(option.levels) for option in options])
    found = np.where(inactive & ~varied, default, candidates)
    missed = (found[None, :, varied] != asked[:, None, varied]).sum(axis=2)
    return (distances(asked, found, options) + _TIE * missed).round(_DIGITS)


def choose(
    candidates: np.ndarray, options: Sequence[Option], order: np.ndarray, n: int, source: Evidence | None
) -> np.ndarray:
    """Take the nearest candidate of each wish, terms by influence, within a term at random; then others at random.

    A wish whose nearest candidate is taken already asks for nothing new and is passed over: levels that the target does
    not have, and what was held out, must not crowd out what other terms ask for.
    """
    if source is None:
        raise ValueError("guided sampling needs a source")
    n = min(n, len(order))
    # The random order is this repeat's only source of chance; among equally near candidates it decides, too.
    rng = np.random.default_rng(order)
    shuffled = candidates[order]
    chosen: dict[int, None] = {}
    for term in source.terms:
        asked = rng.permutation(wishes(term, options))
        # A term of many levels has more wishes than anyone measures.
        for start in range(0, len(asked), _ROWS):
            if len(chosen) < n:
                chosen |= dict.fromkeys(_gaps(asked[start : start + _ROWS], term, shuffled, options).argmin(axis=1))
    rest = np.setdiff1d(np.arange(len(order)), list(chosen))
    return order[np.concatenate([np.array(list(chosen), dtype=int), rest])[:n]]
