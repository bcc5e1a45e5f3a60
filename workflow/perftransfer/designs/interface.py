"""Base classes of designs, and what a design gets to know of a source.

Configurations are codes: integers of shape (rows, options), the position of each option's level
among its levels.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from perftransfer.space.options import Option
from perftransfer.space.terms import Term

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, eq=False)
class Evidence:
    """What was measured in a source.

    Parameters
    ----------
    codes
        Configurations, shape (rows, options).
    y
        Their objective on the scale of learning, shape (rows,).
    terms
        Options and interactions that matter there, the most influential first (``influence``).
    others
        What was measured in further sources, for designs and strategies that use several.
    """

    codes: np.ndarray
    y: np.ndarray
    terms: tuple[Term, ...] = ()
    others: tuple[Evidence, ...] = ()

    @property
    def members(self) -> tuple[Evidence, ...]:
        """All of them, this one first."""
        return (self, *self.others)


class Design(ABC):
    """How the configurations to measure in a target are chosen.

    A design is one file in ``designs/`` with one public subclass; the file's name is the design's
    name in a study. Modules of designs are imported when a study that uses them is read: import
    heavy libraries inside methods.

    A design is created without arguments and holds no state. In each repeat of an evaluation,
    ``choose`` is called once per budget, with the same candidates and the same ``order``. When a
    recommendation is planned, it is called once, with all configurations that may be measured.
    ``perftransfer.testing.check_design`` checks a class.

    Designs that can take into account what is measured anyway derive from ``ExtendingDesign``,
    those that look at measured values between batches from ``ActiveDesign``.
    """

    #: What it is called in words.
    title: ClassVar[str]
    #: Whether it uses a source: without one, ``choose`` gets ``source=None``.
    needs_source: ClassVar[bool] = False
    #: Whether it uses ``source.terms``: which options and interactions matter in the source.
    needs_terms: ClassVar[bool] = False
    #: Whether each sample is a simple random one, exchangeable with the configurations that it leaves out. Prediction
    #: intervals by cross-validation are valid for these only.
    is_random_sample: ClassVar[bool] = False

    @abstractmethod
    def choose(
        self, candidates: np.ndarray, options: Sequence[Option], order: np.ndarray, n: int, source: Evidence | None
    ) -> np.ndarray:
        """Choose ``n`` candidates, or all if there are fewer.

        Parameters
        ----------
        candidates
            Codes of the configurations to choose from, shape (candidates, options).
        options
            Schema of the codes' columns.
        order
            A random permutation of the candidates' positions, shape (candidates,). All designs of a repeat get the
            same one, so that they differ by what they decide and not by luck. It is the only source of randomness.
        n
            Number of configurations to choose; for a design of a fixed size, ``size(options)`` in an evaluation, and
            any number when a recommendation is planned.
        source
            What was measured in the source; None unless ``needs_source``.

        Returns
        -------
        numpy.ndarray
            Distinct positions of candidates, shape (min(n, candidates),), in the order in which to measure them.
        """

    def size(self, options: Sequence[Option]) -> int | None:
        """Return how many configurations a design of a fixed size takes for these options; None for any number.

        Raises
        ------
        UserError
            If there is no such design for these options.
        """
        return None


class ExtendingDesign(Design):
    """A design that extends a given sample: it takes into account which configurations are measured anyway."""

    def choose(
        self, candidates: np.ndarray, options: Sequence[Option], order: np.ndarray, n: int, source: Evidence | None
    ) -> np.ndarray:
        """Extend an empty sample; so samples are nested, if ``extend`` chooses one after the other."""
        import numpy as np

        return self.extend(candidates, options, order, n, source, np.empty(0, dtype=int))

    @abstractmethod
    def extend(
        self,
        candidates: np.ndarray,
        options: Sequence[Option],
        order: np.ndarray,
        n: int,
        source: Evidence | None,
        chosen: np.ndarray,
    ) -> np.ndarray:
        """Choose ``n`` more configurations.

        Parameters
        ----------
        candidates, options, order, n, source
            As in ``choose``.
        chosen
            Positions that are measured in any case, shape (measured,).

        Returns
        -------
        numpy.ndarray
            Distinct positions that are not in ``chosen``, shape (min(n, candidates left),).
        """


class ActiveDesign(Design):
    """A design that looks at what was measured so far.

    In an evaluation ``next_batch`` is called in turns, for ``evaluation.batch`` configurations
    each, until the largest budget is reached. When a target is measured, each batch is measured
    before the next one is chosen.
    """

    def choose(
        self, candidates: np.ndarray, options: Sequence[Option], order: np.ndarray, n: int, source: Evidence | None
    ) -> np.ndarray:
        """Choose as if there was nothing to look at yet."""
        import numpy as np

        return self.next_batch(candidates, options, order, n, source, np.empty(0, dtype=int), np.empty(0))

    @abstractmethod
    def next_batch(
        self,
        candidates: np.ndarray,
        options: Sequence[Option],
        order: np.ndarray,
        n: int,
        source: Evidence | None,
        chosen: np.ndarray,
        y: np.ndarray,
    ) -> np.ndarray:
        """Choose the next ``n`` configurations.

        Parameters
        ----------
        candidates, options, order, n, source
            As in ``choose``.
        chosen
            Positions measured so far, shape (measured,); empty at first.
        y
            Their objective on the scale of learning, shape (measured,).

        Returns
        -------
        numpy.ndarray
            Distinct positions that are not in ``chosen``, shape (min(n, candidates left),).
        """
