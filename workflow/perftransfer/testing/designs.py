"""Rules of designs."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from perftransfer.designs.interface import ActiveDesign, Design, Evidence, ExtendingDesign
from perftransfer.testing._data import CODES, OPTIONS, SOURCES, TARGET, TERMS
from perftransfer.testing._rules import check, global_seed, require, require_concrete, require_flags, require_title

_N = len(CODES)
_FEW = len(CODES[::4])
_SIZES = (1, 2, 7, 20, _N, _N + 5)


def check_design(cls: type[Design]) -> None:
    """Check what a design must fulfil (``designs/interface.py``).

    Parameters
    ----------
    cls
        Class derived from ``Design``.

    Raises
    ------
    AssertionError
        If it breaks a rule; the message states the rule and what was found.
    """
    check(cls, RULES)


def _order(seed: int, n: int = _N) -> np.ndarray:
    return np.random.default_rng(seed).permutation(n)


@cache
def _evidence(terms: bool = True) -> Evidence:
    rows = _order(99)[:40]
    first, second = (Evidence(CODES[rows], y[rows], TERMS if terms else ()) for y in SOURCES)
    return Evidence(first.codes, first.y, first.terms, (second,))


def _source(cls: type[Design]) -> Evidence | None:
    return _evidence() if cls.needs_source else None


def _choose(cls: type[Design], n: int, seed: int = 0, source: Evidence | None = None) -> np.ndarray:
    return np.asarray(cls().choose(CODES.copy(), OPTIONS, _order(seed), n, source or _source(cls)))


def _require_positions(chosen: object, n: int, n_candidates: int = _N, taken: np.ndarray | None = None) -> None:
    positions = np.asarray(chosen)
    require(positions.ndim == 1, f"shape {positions.shape}")
    require(len(positions) == n, f"{len(positions)} positions for n={n} and {n_candidates} candidates")
    require(not n or np.issubdtype(positions.dtype, np.integer), f"positions of type {positions.dtype}")
    require(len(set(positions.tolist())) == len(positions), f"a position chosen twice: {positions.tolist()}")
    inside = set(positions.tolist()) <= set(range(n_candidates))
    require(inside, f"positions outside 0 to {n_candidates - 1}: {positions.tolist()}")
    if taken is not None:
        again = sorted(set(positions.tolist()) & set(taken.tolist()))
        require(not again, f"positions that are measured anyway: {again}")


def _is_concrete(cls: type[Design]) -> None:
    """A design is derived from Design and created without arguments."""
    require_concrete(cls, Design)
    cls()


def _has_title(cls: type[Design]) -> None:
    """A design has a title in words."""
    require_title(cls)


def _has_flags(cls: type[Design]) -> None:
    """needs_source, needs_terms and is_random_sample are True or False."""
    require_flags(cls, "needs_source", "needs_terms", "is_random_sample")


def _terms_come_from_a_source(cls: type[Design]) -> None:
    """A design with needs_terms has needs_source."""
    require(cls.needs_source or not cls.needs_terms, "needs_terms = True, needs_source = False")


def _chooses_distinct_positions(cls: type[Design]) -> None:
    """``choose`` returns n distinct positions of candidates, all of them if there are fewer."""
    for n in _SIZES:
        _require_positions(_choose(cls, n), min(n, _N))


def _chooses_nothing_from_nothing(cls: type[Design]) -> None:
    """``choose`` returns no position where there are no candidates."""
    _require_positions(cls().choose(CODES[:0], OPTIONS, _order(0, 0), 3, _source(cls)), 0, 0)


def _is_decided_by_the_order(cls: type[Design]) -> None:
    """``choose`` depends on its arguments alone: order is the only source of randomness."""
    samples = []
    for seed in (1, 2):
        with global_seed(seed):
            samples.append([_choose(cls, n).tolist() for n in (3, 20)])
    require(samples[0] == samples[1], f"{samples[0][0]} and then {samples[1][0]} for the same order")


def _leaves_arguments(cls: type[Design]) -> None:
    """``choose`` leaves candidates and order as they are."""
    candidates, order = CODES.copy(), _order(0)
    cls().choose(candidates, OPTIONS, order, 7, _source(cls))
    require((candidates == CODES).all(), "changed candidates")
    require((order == _order(0)).all(), "changed order")


def _uses_no_source_unless_needed(cls: type[Design]) -> None:
    """A design without needs_source chooses the same whether there is a source or not."""
    if not cls.needs_source:
        with_source, without = _choose(cls, 12, source=_evidence()).tolist(), _choose(cls, 12).tolist()
        require(with_source == without, f"{with_source} with a source, {without} without")


def _uses_no_terms_unless_needed(cls: type[Design]) -> None:
    """A design without needs_terms chooses the same whether the source has terms or not."""
    if cls.needs_source and not cls.needs_terms:
        with_terms, without = (_choose(cls, 12, source=_evidence(terms)).tolist() for terms in (True, False))
        require(with_terms == without, f"{with_terms} with terms, {without} without")


def _keeps_its_size(cls: type[Design]) -> None:
    """``size`` returns None, or a number of configurations from 1."""
    size = cls().size(OPTIONS)
    require(size is None or (isinstance(size, int) and size >= 1), f"{size!r}")
    require(size == cls().size(OPTIONS), "another number for the same options")
    if size is not None:
        _require_positions(_choose(cls, size), min(size, _N))


def _is_random(cls: type[Design]) -> None:
    """A design with is_random_sample chooses each candidate equally often, and its samples are nested."""
    if not cls.is_random_sample:
        return
    for seed in range(5):
        small, large = _choose(cls, 5, seed), _choose(cls, 10, seed)
        require(set(small) <= set(large), f"{small.tolist()} for n=5, {large.tolist()} for n=10")
    n, repeats = 24, 200
    counts = np.bincount(np.concatenate([_choose(cls, n, seed) for seed in range(repeats)]), minlength=_N)
    expected = repeats * n / _N
    # Five standard deviations of a binomial count, for the least and the most frequent of 96.
    furthest = 5 * np.sqrt(expected * (1 - n / _N))
    least, most = int(counts.min()), int(counts.max())
    observed = f"one candidate {least} times, another {most} times in {repeats} samples of {n}; expected {expected:.0f}"
    require(abs(counts - expected).max() <= furthest, observed)


def _extends_a_sample(cls: type[Design]) -> None:
    """``extend`` returns n distinct positions that are not in the given sample."""
    if issubclass(cls, ExtendingDesign):
        for n_chosen in (0, 1, 10, _FEW - 2, _FEW):
            chosen = _order(5, _FEW)[:n_chosen]
            added = cls().extend(CODES[::4], OPTIONS, _order(0, _FEW), 4, _source(cls), chosen.copy())
            _require_positions(added, min(4, _FEW - n_chosen), _FEW, chosen)


def _chooses_batches(cls: type[Design]) -> None:
    """``next_batch`` returns n distinct positions that are not measured yet, the same for the same arguments."""
    if issubclass(cls, ActiveDesign):
        candidates, order, values = CODES[::4], _order(0, _FEW), TARGET[::4]
        for n_chosen in (0, 1, 10, _FEW - 2, _FEW):
            chosen = _order(5, _FEW)[:n_chosen]
            batch, again = (
                np.asarray(cls().next_batch(candidates, OPTIONS, order, 4, _source(cls), chosen.copy(), values[chosen]))
                for _ in range(2)
            )
            _require_positions(batch, min(4, _FEW - n_chosen), _FEW, chosen)
            require(batch.tolist() == again.tolist(), f"{batch.tolist()}, and then {again.tolist()}")


RULES: tuple[Callable[[type[Design]], None], ...] = (
    _is_concrete,
    _has_title,
    _has_flags,
    _terms_come_from_a_source,
    _chooses_distinct_positions,
    _chooses_nothing_from_nothing,
    _is_decided_by_the_order,
    _leaves_arguments,
    _uses_no_source_unless_needed,
    _uses_no_terms_unless_needed,
    _keeps_its_size,
    _is_random,
    _extends_a_sample,
    _chooses_batches,
)
