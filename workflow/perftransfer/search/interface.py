"""What a search method is and what it is given.

All values are on the scale of learning, and lower is better. Configurations are codes: integers of shape (rows,
options), the position of each option's level.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from perftransfer.designs.interface import Evidence
from perftransfer.space.options import Option


@dataclass(frozen=True, eq=False)
class History:
    """What was measured in the target so far, in the order of measuring.

    Parameters
    ----------
    rows
        Positions among the candidates, shape (n,).
    y
        Their values, shape (n,); NaN where the configuration failed.
    noise
        Variance of each value that is known from several processes, shape (n,); None if nothing is known.
    limited
        Values of what is limited (``Limited``), shape (n, limits); NaN where there is none. None without limits.
    """

    rows: np.ndarray
    y: np.ndarray
    noise: np.ndarray | None = None
    limited: np.ndarray | None = None

    @classmethod
    def empty(cls) -> History:
        """Return the history of a search that has not begun."""
        return cls(np.empty(0, dtype=int), np.empty(0))

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def is_valid(self) -> np.ndarray:
        """Whether each configuration has a value, shape (n,)."""
        return np.asarray(np.isfinite(self.y))

    def valid(self) -> History:
        """Return it without configurations that failed."""
        has_value = self.is_valid
        noise, limited = (None if array is None else array[has_value] for array in (self.noise, self.limited))
        return History(self.rows[has_value], self.y[has_value], noise, limited)

    def extended(self, row: int, value: float) -> History:
        """Return it with one more measurement, whose noise is that of the others; nothing else is known of it."""
        noise = None if self.noise is None else np.append(self.noise, self.noise.mean())
        limited = self.limited
        if limited is not None:
            limited = np.vstack([limited, np.full(limited.shape[1], np.nan)])
        return History(np.append(self.rows, row), np.append(self.y, value), noise, limited)


@dataclass(frozen=True, eq=False)
class Limited:
    """Something that may not be above a limit; of what may not be below one, the negative.

    Parameters
    ----------
    limit
        The largest value that is allowed, on the scale of learning.
    sources
        What was measured of it in each source; empty if there are none.
    """

    limit: float
    sources: Sequence[Evidence] = ()


class SearchMethod(ABC):
    """Proposes configurations to measure in a target, to find the best one in few measurements.

    A search method is one file in ``search/``, and its class has the file's name in capitals, which is its name in a
    study; or it is a user's own class, named by its import path (``my_search.Mine``).

    Call sequence: one instance is created per search; ``propose`` is called before each measurement (or batch of
    measurements) with everything measured so far. Instances may keep what does not change during a search.
    ``perftransfer.testing.check_search_method`` checks a class.

    Parameters
    ----------
    candidates
        Configurations that may be measured, shape (rows, options).
    options
        Schema of the codes.
    sources
        What was measured in each source environment; empty if there are none.
    seed
        Decides whatever is random in the method.
    limits
        What may not be above a limit. A method that takes no notice of them may propose what breaks them.

    Raises
    ------
    ValueError
        If the method needs a source and there is none.
    """

    #: What it is called in words.
    title: ClassVar[str]
    #: Whether it works only with measurements of sources.
    needs_source: ClassVar[bool]
    #: Whether another seed may lead to another search; others are evaluated once.
    is_random: ClassVar[bool]

    def __init__(
        self,
        candidates: np.ndarray,
        options: Sequence[Option],
        sources: Sequence[Evidence] = (),
        seed: int = 0,
        limits: Sequence[Limited] = (),
    ) -> None:
        if self.needs_source and not sources:
            raise ValueError(f"{type(self).__name__} needs a source")
        self.candidates = candidates
        self.options = tuple(options)
        self.sources = tuple(sources)
        self.seed = seed
        self.limits = tuple(limits)

    def propose(self, history: History, n: int = 1) -> list[int]:
        """Return the next configurations to measure.

        Parameters
        ----------
        history
            What was measured so far. Nothing in it is proposed again, failed or not.
        n
            How many to propose; fewer are returned only if there are no more.

        Returns
        -------
        list of int
            Positions among the candidates, the most promising one first.
        """
        is_free = np.ones(len(self.candidates), dtype=bool)
        is_free[history.rows] = False
        n = min(n, int(is_free.sum()))
        return [int(row) for row in self._choose(history, is_free, n)] if n > 0 else []

    @abstractmethod
    def _choose(self, history: History, is_free: np.ndarray, n: int) -> Sequence[int] | np.ndarray:
        """Choose ``n`` free candidates; ``is_free``, shape (rows,), holds at least that many."""
