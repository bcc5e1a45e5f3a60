"""Guided sampling."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from perftransfer.designs.interface import Design, Evidence
from perftransfer.space.options import Option
from perftransfer.space.terms import Term

# Less than any two distances differ by, unless they are equal.
_TIE = 1e-6

# Equal distances differ in the last digits if they were summed from other options.
_DIGITS = 9

# Wishes whose distances are held at a time: in a pool of tens of thousands, a hundred megabytes.
_ROWS = 100


def wishes(term: Term, options: Sequence[Option]) -> np.ndarray:
    """Codes of all level combinations of the options in ``term``, the rest at default, shape (combinations, options).

    Conditional options are at an active level, whether or not the others fulfil the condition: the
    nearest candidate is taken anyway.
    """
    default = np.array([option.code(option.default) for option in options])
    positions = [i for i, option in enumerate(options) if option.name in term]
    combinations = list(itertools.product(*(range(len(options[i].levels)) for i in positions)))
    out = np.tile(default, (len(combinations), 1))
    out[:, positions] = combinations
    return out


def _gaps(wished: np.ndarray, term: Term, candidates: np.ndarray, options: Sequence[Option]) -> np.ndarray:
    """Distances of candidates from wishes of a term, shape (wishes, candidates).

    An option that plays no part counts as left at its default, unless the term wants it varied.
    Else a candidate would be as near where another option was changed only to fulfil the condition.
    Among equally near candidates, those are nearer that have what the term varies.
    """
    # It takes a second to import.
    from perftransfer.space.encoding import distances

    varied = np.array([option.name in term for option in options])
    default = np.array([option.code(option.default) for option in options])
    inactive = candidates == np.array([len(option.levels) for option in options])
    effective = np.where(inactive & ~varied, default, candidates)
    missed = (effective[None, :, varied] != wished[:, None, varied]).sum(axis=2)
    result: np.ndarray = (distances(wished, effective, options) + _TIE * missed).round(_DIGITS)
    return result


def _wishes(term: Term, options: Sequence[Option], candidates: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Wishes of a term in random order, so that a budget cuts the last term at random.

    Those whose combination of the term's levels no candidate has are left out: what would be taken
    for them varies other options, at the cost of the terms that follow.
    """
    varied = [i for i, option in enumerate(options) if option.name in term]
    there = set(map(tuple, np.unique(candidates[:, varied], axis=0).tolist()))
    wished = rng.permutation(wishes(term, options))
    return wished[[tuple(wish) in there for wish in wished[:, varied].tolist()]]


class Guided(Design):
    """Guided sampling: vary in the target what mattered in the source (Iqbal, Kotthoff and Jamshidi 2019, sec. 2).

    Stepwise linear regression on the source selects options and interactions; for each of them all
    combinations of the levels of its options are wished for, every other option at its default.
    """

    title = "guided sampling"
    needs_source = True
    needs_terms = True

    def choose(
        self, candidates: np.ndarray, options: Sequence[Option], order: np.ndarray, n: int, source: Evidence | None
    ) -> np.ndarray:
        """Take the nearest unused candidate for each wish, then others in the random order.

        A wish that is measured already asks for nothing new: a conditional option at its default is
        the same wish whether a term varies it or another one only switches it on.
        """
        if source is None:
            raise ValueError("guided sampling needs a source")
        n = min(n, len(order))
        # The random order is this repeat's only source of chance; among equally near candidates it decides, too.
        rng = np.random.default_rng(order)
        shuffled = candidates[order]
        free = np.ones(len(order), dtype=bool)
        chosen: list[int] = []
        seen: set[tuple[bytes, ...]] = set()
        for term in source.terms:
            wished = _wishes(term, options, candidates, rng)
            # The default of a conditional option stands for "plays no part", unless the term varies it.
            apart = ":".join(option.name for option in options if option.conditional and option.name in term).encode()
            wished = wished[[(wish.tobytes(), apart) not in seen for wish in wished]]
            seen |= {(wish.tobytes(), apart) for wish in wished}
            for start in range(0, len(wished), _ROWS):
                for gaps in _gaps(wished[start : start + _ROWS], term, shuffled, options):
                    if len(chosen) == n or (~free & (gaps == 0)).any():
                        continue
                    nearest = int(np.where(free, gaps, np.inf).argmin())
                    free[nearest] = False
                    chosen.append(nearest)
            if len(chosen) == n:
                break
        result: np.ndarray = order[np.concatenate([np.array(chosen, dtype=int), np.flatnonzero(free)])[:n]]
        return result
