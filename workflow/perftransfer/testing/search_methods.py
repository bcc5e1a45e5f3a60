"""Rules of search methods."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from perftransfer.designs.interface import Evidence
from perftransfer.search.interface import History, SearchMethod
from perftransfer.testing._data import CODES, OPTIONS, SOURCES, TARGET
from perftransfer.testing._rules import check, global_seed, require, require_concrete, require_flags, require_title

_N = len(CODES)
# The same objects in each search: what methods learn of sources alone, they learn once.
_EVIDENCE = [Evidence(CODES, y) for y in SOURCES]
_MEASURED = np.random.default_rng(1).permutation(_N)[:8]
_VALUES = {
    "all": TARGET[_MEASURED],
    "some": np.where(np.arange(8) % 3 == 0, np.nan, TARGET[_MEASURED]),
    "none": np.full(8, np.nan),
}


def check_search_method(cls: type[SearchMethod]) -> None:
    """Check what a search method must fulfil (``search/interface.py``).

    Parameters
    ----------
    cls
        Class derived from ``SearchMethod``.

    Raises
    ------
    AssertionError
        If it breaks a rule; the message states the rule and what was found.
    """
    check(cls, RULES)


def _make(cls: type[SearchMethod], n_candidates: int = _N, seed: int = 0, sources: int = 2) -> SearchMethod:
    return cls(CODES[:n_candidates].copy(), OPTIONS, _EVIDENCE[:sources], seed)


def _history(n: int = len(_MEASURED), which: str = "all") -> History:
    return History(_MEASURED[:n].copy(), _VALUES[which][:n].copy())


def _is_concrete(cls: type[SearchMethod]) -> None:
    """A search method is a class derived from SearchMethod that leaves no method abstract."""
    require_concrete(cls, SearchMethod)


def _has_title(cls: type[SearchMethod]) -> None:
    """``title`` says what the method is called."""
    require_title(cls)


def _has_flags(cls: type[SearchMethod]) -> None:
    """``needs_source`` and ``is_random`` are True or False."""
    require_flags(cls, "needs_source", "is_random")


def _refuses_to_search_without_a_needed_source(cls: type[SearchMethod]) -> None:
    """A method with needs_source raises ValueError without sources; others search without."""
    try:
        proposed = _make(cls, sources=0).propose(History.empty())
    except ValueError as error:
        require(cls.needs_source, f"ValueError: {error}")
    else:
        require(not cls.needs_source, f"{proposed} without sources")


def _proposes_free_candidates(cls: type[SearchMethod]) -> None:
    """``propose`` returns n distinct positions that were not measured, whether measurements failed or not."""
    for n_measured in (0, 1, 2, 8):
        for which in _VALUES:
            for n in (1, 3):
                proposed = _make(cls).propose(_history(n_measured, which), n)
                what = f"{proposed} for n={n} after {n_measured} measurements, of which {which} have a value"
                require(len(proposed) == len(set(proposed)) == n, what)
                require(all(isinstance(row, int) and 0 <= row < _N for row in proposed), what)
                require(not set(proposed) & set(_MEASURED[:n_measured].tolist()), what)


def _ends_with_the_candidates(cls: type[SearchMethod]) -> None:
    """``propose`` returns each remaining candidate once, and nothing after the last one."""
    few = 6
    method, history = _make(cls, few), History(np.arange(3), TARGET[:3])
    proposed = method.propose(history, 10)
    require(sorted(proposed) == [3, 4, 5], f"{proposed} with 3 of 6 candidates measured")
    done = method.propose(History(np.arange(few), TARGET[:few]), 2)
    require(done == [], f"{done} when everything was measured")


def _depends_on_its_arguments_alone(cls: type[SearchMethod]) -> None:
    """``propose`` depends on its arguments and the seed alone, not on earlier calls or global randomness."""
    proposals = []
    for seed in (1, 2):
        with global_seed(seed):
            proposals.append(_make(cls, seed=3).propose(_history(), 2))
    require(proposals[0] == proposals[1], f"{proposals[0]}, and then {proposals[1]}, for the same seed")
    method = _make(cls, seed=3)
    for n_measured in (0, 3, 8):
        method.propose(_history(n_measured))
    again = method.propose(_history(), 2)
    require(again == proposals[0], f"{proposals[0]} at first, {again} after other calls")


def _says_whether_it_is_random(cls: type[SearchMethod]) -> None:
    """A method without is_random proposes the same for every seed, at the start and later."""
    if not cls.is_random:
        for n_measured in (0, 2, 8):
            proposals = {tuple(_make(cls, seed=seed).propose(_history(n_measured), 3)) for seed in range(3)}
            require(len(proposals) == 1, f"{sorted(proposals)} for three seeds")


def _leaves_arguments(cls: type[SearchMethod]) -> None:
    """``propose`` leaves the history and the candidates as they are."""
    method, history = _make(cls), _history(which="some")
    method.propose(history, 2)
    require((method.candidates == CODES).all(), "changed candidates")
    require(history.rows.tolist() == _MEASURED.tolist(), "changed rows")
    require(np.array_equal(history.y, _VALUES["some"], equal_nan=True), "changed values")


def _takes_noise(cls: type[SearchMethod]) -> None:
    """``propose`` accepts the known variance of measurements."""
    history = History(_MEASURED, TARGET[_MEASURED], np.full(len(_MEASURED), 1e-3))
    require(len(_make(cls).propose(history, 2)) == 2, "fewer than 2 proposals")


RULES: tuple[Callable[[type[SearchMethod]], None], ...] = (
    _is_concrete,
    _has_title,
    _has_flags,
    _refuses_to_search_without_a_needed_source,
    _proposes_free_candidates,
    _ends_with_the_candidates,
    _depends_on_its_arguments_alone,
    _says_whether_it_is_random,
    _leaves_arguments,
    _takes_noise,
)
