"""Guided sampling: vary in the target what mattered in the source (Iqbal, Kotthoff and Jamshidi 2019, sec. 2).

Stepwise linear regression on the source selects options and interactions; for each of them all combinations of the
levels of its options are wished for, every other option at its default.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from operator import itemgetter

import numpy as np

from perftransfer.designs._nearest import assign
from perftransfer.designs.interface import Evidence
from perftransfer.space.encoding import distances
from perftransfer.space.options import Option
from perftransfer.space.terms import Term

TITLE = "guided sampling"
NEEDS_SOURCE = True

# Less than any two distances differ by, unless they are equal.
_TIE = 1e-6


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
    return distances(asked, found, options) + _TIE * missed


def _wishes_in_turn(
    terms: Sequence[Term], options: Sequence[Option], rng: np.random.Generator
) -> Iterator[tuple[Term, np.ndarray]]:
    """Yield each wish once, with its term: terms by influence, within a term at random.

    So a budget cuts the last term at random.
    """
    seen: set[bytes] = set()
    for term in terms:
        for wish in rng.permutation(wishes(term, options)):
            if wish.tobytes() not in seen:
                seen.add(wish.tobytes())
                yield term, wish


def choose(
    candidates: np.ndarray, options: Sequence[Option], order: np.ndarray, n: int, source: Evidence | None
) -> np.ndarray:
    """Take the nearest unused candidate for each wish, then others in the random order."""
    if source is None:
        raise ValueError("guided sampling needs a source")
    # The random order is this repeat's only source of chance; among equally near candidates it decides, too.
    rng = np.random.default_rng(order)
    asked = list(itertools.islice(_wishes_in_turn(source.terms, options, rng), n))

    def gaps(which: np.ndarray, shuffled: np.ndarray) -> np.ndarray:
        by_term = itertools.groupby((asked[i] for i in which), key=itemgetter(0))
        return np.vstack(
            [_gaps(np.array([wish for _, wish in group]), term, shuffled, options) for term, group in by_term]
        )

    return assign(gaps, np.arange(len(asked)), candidates, order, n)
