"""Designs of a fixed size: the options decide how many points there are, at two or three levels of each option."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np

from perftransfer.designs._nearest import nearest
from perftransfer.designs.interface import Design, Evidence
from perftransfer.errors import UserError
from perftransfer.space.options import Option

#: More than anyone measures.
LIMIT = 10_000


def check(title: str, options: Sequence[Option], least: int, points: int) -> None:
    """Raise UserError if there are fewer than ``least`` options, or more ``points`` than anyone measures."""
    if len(options) < least:
        names = ", ".join(option.name for option in options)
        raise UserError(f"{title}: needs {least} options or more; found {len(options)}: {names}")
    if points > LIMIT:
        raise UserError(
            f"{title}: {points:,} configurations for {len(options)} options; at most {LIMIT:,} are possible"
        )


def two_levels(option: Option, rng: np.random.Generator) -> tuple[int, int]:
    """Lowest and highest level, or where there is no order the default and another one at random, as codes."""
    last = len(option.levels) - 1
    if option.ordered or last == 1:
        return 0, last
    default = option.code(option.default)
    return default, int(rng.choice([code for code in range(last + 1) if code != default]))


def three_levels(option: Option, rng: np.random.Generator) -> tuple[int, int, int]:
    """Lowest, middle and highest level, or where there is no order the default between two others at random, as codes.

    Of two middle levels the higher. An option with two levels has its default in the middle.
    """
    last = len(option.levels) - 1
    default = option.code(option.default)
    if last == 1:
        return 0, default, 1
    if option.ordered:
        return 0, len(option.levels) // 2, last
    low, high = rng.choice([code for code in range(last + 1) if code != default], size=2, replace=False)
    return int(low), default, int(high)


def at_three_levels(signs: np.ndarray, options: Sequence[Option], rng: np.random.Generator) -> np.ndarray:
    """Turn -1, 0 and 1 of shape (points, options) into the codes of low, middle and high levels."""
    levels = np.array([three_levels(option, rng) for option in options])
    result: np.ndarray = levels[np.arange(len(options)), signs.astype(int) + 1]
    return result


class FixedDesign(Design):
    """A design of distinct points that depend on the options alone; each takes the nearest candidate."""

    @abstractmethod
    def size(self, options: Sequence[Option]) -> int:
        """Return the number of distinct points for these options."""

    @abstractmethod
    def points(self, options: Sequence[Option], rng: np.random.Generator) -> np.ndarray:
        """Return the codes of the design's points, shape (points, options); some may be equal."""

    def choose(
        self, candidates: np.ndarray, options: Sequence[Option], order: np.ndarray, n: int, source: Evidence | None
    ) -> np.ndarray:
        """Take the nearest unused candidate for each point, in a random order, then others at random.

        Raises UserError as ``size`` does.
        """
        self.size(options)
        rng = np.random.default_rng(order)
        # Of options with two levels, points coincide.
        wishes = rng.permutation(np.unique(self.points(options, rng), axis=0))
        return nearest(wishes, candidates, options, order, n)
