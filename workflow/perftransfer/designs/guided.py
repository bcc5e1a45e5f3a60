"""Guided sampling: vary in the target what mattered in the source (Iqbal, Kotthoff and Jamshidi 2019, sec. 2).

Stepwise linear regression on the source selects options and interactions; for each of them all combinations of the
levels of its options are wished for, every other option at its default.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

from perftransfer import influence
from perftransfer.designs.interface import Evidence
from perftransfer.space.encoding import distances
from perftransfer.space.options import Option

NEEDS_SOURCE = True

# Less than any two distances differ by, unless they are equal.
_TIE = 1e-6


def wishes(term: influence.Term, options: Sequence[Option]) -> np.ndarray:
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


def _gaps(wish: np.ndarray, term: influence.Term, candidates: np.ndarray, options: Sequence[Option]) -> np.ndarray:
    """Distance of each candidate from a wish, shape (candidates,).

    An option that plays no part counts as left at its default, unless the term wants it varied. Else a candidate would
    be as near where another option was changed only to fulfil the condition. Among equally near candidates, those are
    nearer that have what the term varies.
    """
    varied = np.array([option.name in term for option in options])
    default = np.array([option.code(option.default) for option in options])
    inactive = candidates == np.array([len(option.levels) for option in options])
    found = np.where(inactive & ~varied, default, candidates)
    missed = (found[:, varied] != wish[varied]).sum(axis=1)
    return distances(wish[None, :], found, options)[0] + _TIE * missed


def _wishes_in_turn(
    terms: Sequence[influence.Term], options: Sequence[Option], rng: np.random.Generator
) -> Iterator[tuple[influence.Term, np.ndarray]]:
    """Yield each wish once, with its term: terms by influence, within a term at random.

    So a budget cuts the last term at random.
    """
    seen: set[bytes] = set()
    for term in terms:
        for wish in rng.permutation(wishes(term, options)):
            if wish.tobytes() not in seen:
                seen.add(wish.tobytes())
                yield term, wish


@lru_cache(maxsize=256)
def _influential(source: Evidence, options: tuple[Option, ...]) -> list[influence.Term]:
    # All targets and repeats ask for the same sources.
    return [item.term for item in influence.analyse(source.codes, options, source.y) if item.selected]


def choose(candidates: np.ndarray, options: Sequence[Option], order: np.ndarray, source: Evidence | None) -> np.ndarray:
    """Take the nearest unused candidate for each wish, then the others in the random order."""
    if source is None:
        raise ValueError("guided sampling needs a source")
    terms = _influential(source, tuple(options))
    # The random order is this repeat's only source of chance; among equally near candidates it decides, too.
    rng = np.random.default_rng(order)
    shuffled = candidates[order]
    free = np.ones(len(order), dtype=bool)
    chosen: list[int] = []
    for term, wish in _wishes_in_turn(terms, options, rng):
        if not free.any():
            break
        gap = np.where(free, _gaps(wish, term, shuffled, options), np.inf)
        nearest = int(gap.argmin())
        free[nearest] = False
        chosen.append(nearest)
    return order[np.concatenate([np.array(chosen, dtype=int), np.flatnonzero(free)])]
