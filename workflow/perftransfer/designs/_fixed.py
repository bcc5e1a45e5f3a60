"""What designs share that have so many points as the options decide, at two or three levels of each option."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from perftransfer.designs._nearest import nearest
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
    return levels[np.arange(len(options)), signs.astype(int) + 1]


def choose(
    points: Callable[[Sequence[Option], np.random.Generator], np.ndarray],
    candidates: np.ndarray,
    options: Sequence[Option],
    order: np.ndarray,
    n: int,
) -> np.ndarray:
    """Take the nearest unused candidate for each of the design's distinct points, in a random order.

    points: builds the design, codes of shape (points, options).
    """
    rng = np.random.default_rng(order)
    # Of options with two levels, points coincide.
    wishes = rng.permutation(np.unique(points(options, rng), axis=0))
    return nearest(wishes, candidates, options, order, n)
