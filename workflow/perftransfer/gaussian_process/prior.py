"""What is believed of a function of the configuration before it is measured: with sources, or without.

The function is a mean plus a sum of parts: a straight line and a smooth function of the sources' values, the main
effects of the options in the sources, rescaled by option or, where several offer a choice of the same levels, by level;
what differs among the sources; and two smooth functions of the options, in which those matter that matter in the
sources: one for which levels are alike that do alike in the sources, and one for which they are as far apart as their
values. Each part has an unknown variance, with a prior median and spread, wide enough that the
data decide. These priors do not depend on the data.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Protocol

import numpy as np

from perftransfer.gaussian_process.kernel import Scale, distances_by_scale, matern, radial, scales_of, squared_distances
from perftransfer.gaussian_process.relevance import relevance
from perftransfer.space.alignment import Alignment
from perftransfer.space.encoding import ConfigurationIndex
from perftransfer.space.options import INACTIVE, Option, level_text

# Of a source's rows, to fill gaps from: what it takes to invert a matrix in no time.
_ROWS = 500
# Rows on which the sources are brought to one scale.
_REFERENCES = 1000
_SMALLEST = 1e-9
# Spread of values that are all equal, relative to them.
_EQUAL = 0.3
# Levels of an option that is on or off.
_SWITCH = 2


@dataclass(frozen=True, eq=False)
class View:
    """Configurations as a prior sees them.

    codes: shape (rows, options). features: numbers by part, each of shape (rows, columns). mean: shape (rows,).
    """

    codes: np.ndarray
    features: tuple[np.ndarray, ...]
    mean: np.ndarray


class Prior(ABC):
    """Mean and parts of the covariance, in a unit of its own: ``unit`` times that is the scale of learning.

    scales, relevance: of the last part, a Matérn covariance on the options; relevance_spread: standard deviation of
    what is believed of the relevance's logarithm.
    """

    #: Median and spread (standard deviation of the logarithm) of each part's variance, and of the noise's.
    variances: ClassVar[Sequence[tuple[float, float]]]
    relevance_spread: ClassVar[float]

    def __init__(self, scales: Sequence[Scale], relevance: np.ndarray, unit: float) -> None:
        self.scales = tuple(scales)
        self.relevance = relevance
        self.unit = unit

    @abstractmethod
    def view(self, X: np.ndarray) -> View:
        """Look at configurations given as codes, shape (rows, options)."""

    @abstractmethod
    def fixed(self, a: View, b: View) -> list[np.ndarray]:
        """Covariances by part, but for the last one, each of shape (rows of a, rows of b)."""

    def last(self, a: View, b: View, relevance: np.ndarray | None = None) -> np.ndarray:
        """Covariance of the last part, shape (rows of a, rows of b)."""
        weights = self.relevance if relevance is None else relevance
        return matern(squared_distances(a.codes, b.codes, self.scales, weights))

    def covariances(self, a: View, b: View, relevance: np.ndarray | None = None) -> np.ndarray:
        """Covariances by part, shape (parts, rows of a, rows of b)."""
        return np.array([*self.fixed(a, b), self.last(a, b, relevance)])

    @abstractmethod
    def diagonals(self, a: View) -> np.ndarray:
        """Variances by part, shape (parts, rows)."""

    @property
    def expected_noise(self) -> float:
        """Median of the noise's variance."""
        return self.variances[-1][0]

    def expected(self, a: View, b: View) -> np.ndarray:
        """Covariance at the medians of the variances, shape (rows of a, rows of b), and the noise apart."""
        medians = np.array([median for median, _ in self.variances[:-1]])
        total = medians[-1] * self.last(a, b)
        for median, part in zip(medians, self.fixed(a, b), strict=False):
            total += median * part
        result: np.ndarray = total
        return result


class WithoutSource(Prior):
    """Options add up, or act together smoothly; none is known to matter more than others."""

    variances = ((0.5, 1.5), (0.3, 1.5), (1e-2, 2.5))
    relevance_spread = 1.5

    def __init__(self, options: Sequence[Option], y: np.ndarray, typical: float | None = None) -> None:
        """Take the unit from what was measured, and from a ``typical`` spread as if that were one more measurement."""
        squares, n = float(((y - y.mean()) ** 2).sum()), len(y)
        unit = np.sqrt(squares / n if typical is None else (squares + typical**2) / n)
        # Equal values, or a single one, do not show how far apart others are: assume too far rather than too near.
        unit = unit if unit > _SMALLEST else max(_EQUAL * float(np.abs(y).max()), _EQUAL)
        super().__init__(scales_of(options), np.full(len(options), 2 / len(options)), float(unit))

    def view(self, X: np.ndarray) -> View:
        """Nothing but the codes."""
        return View(X, (), np.zeros(len(X)))

    def fixed(self, a: View, b: View) -> list[np.ndarray]:
        """The mean over options of a smooth function of each."""
        return [matern(2 * distances_by_scale(a.codes, b.codes, self.scales)).mean(axis=0)]

    def diagonals(self, a: View) -> np.ndarray:
        """One each."""
        return np.ones((2, len(a.codes)))


class Measured(Protocol):
    """What was measured in a source: codes of shape (rows, options), values of shape (rows,)."""

    @property
    def codes(self) -> np.ndarray: ...  # noqa: D102
    @property
    def y(self) -> np.ndarray: ...  # noqa: D102


class _Source:
    """Values of a source at any configuration: measured where it was, else by a Gaussian process of its own."""

    def __init__(self, codes: np.ndarray, y: np.ndarray, options: Sequence[Option], seed: int) -> None:
        self.codes, self.y, self._scales, self._seed = codes, y, scales_of(options), seed
        self._measured, self._aligned = ConfigurationIndex(codes), Alignment(codes, options)
        self._filled: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None

    def values(self, X: np.ndarray) -> np.ndarray:
        X = self._aligned(X)
        rows = self._measured.find(X)
        out = np.where(rows >= 0, self.y[rows], np.nan)
        gaps = np.isnan(out)
        if gaps.any():
            out[gaps] = self._predict(X[gaps])
        return out

    def _predict(self, X: np.ndarray) -> np.ndarray:
        mean, spread = float(np.mean(self.y)), max(float(np.std(self.y)), _SMALLEST)
        if self._filled is None:
            rows = np.random.default_rng(self._seed).permutation(len(self.y))[:_ROWS]
            references, values = self.codes[rows], (self.y[rows] - mean) / spread
            weights = relevance(self.codes, (self.y - mean) / spread, self._scales, self._seed)
            kernel = matern(squared_distances(references, references, self._scales, weights))
            self._filled = references, weights, np.linalg.solve(kernel + 1e-2 * np.eye(len(references)), values)
        references, weights, coefficients = self._filled
        return mean + spread * matern(squared_distances(X, references, self._scales, weights)) @ coefficients


class FromSources(Prior):
    """The function is like those of the sources, given as pairs of codes (rows, options) and values (rows,).

    With one source, an affine map of its value and a smooth rest; with several, their mean takes its place, and what
    distinguishes them spans what else is likely: the kernel of the target is the covariance among the sources.
    """

    variances = ((1.0, 1.5), (0.1, 2.0), (0.03, 2.0), (0.05, 2.0), (0.03, 2.0), (0.03, 2.0), (5e-3, 2.3))
    relevance_spread = 1.0

    def __init__(
        self, sources: Sequence[tuple[np.ndarray, np.ndarray]], options: Sequence[Option], seed: int = 0
    ) -> None:
        # An environment with constant values does not show which options matter.
        varying = [(codes, y) for codes, y in sources if np.std(y) > _SMALLEST * max(1.0, float(np.abs(y).max()))]
        self._sources = [_Source(codes, y, options, seed) for codes, y in varying or sources]
        references = np.unique(np.concatenate([source.codes for source in self._sources]), axis=0)
        references = np.random.default_rng(seed).permutation(references)[:_REFERENCES]
        values = np.column_stack([source.values(references) for source in self._sources])
        self._centres = values.mean(axis=0)
        spreads = np.maximum(values.std(axis=0), _SMALLEST)
        self._spreads = spreads
        scaled = (values - self._centres) / spreads
        mean = scaled.mean(axis=1)
        self._mean_spread = max(float(mean.std()), _SMALLEST)
        mean /= self._mean_spread
        self._slopes = scaled.T @ mean / len(mean)
        rest = scaled - np.outer(mean, self._slopes)
        self._rest_spread = max(float(np.sqrt((rest**2).sum(axis=1).mean())), _SMALLEST)
        effects = _main_effects(references, mean, options)
        self._rescaled = _rescaled_together(effects, options)
        unit = float(np.exp(np.log(spreads).mean()) * self._mean_spread) if varying else 1.0
        self._alike = _by_effect(effects)
        self._alike_relevance = relevance(references, mean, self._alike, seed)
        scales = scales_of(options)
        super().__init__(scales, relevance(references, mean, scales, seed), unit)

    @classmethod
    def of(cls, sources: Sequence[Measured], options: Sequence[Option]) -> FromSources:
        """Make the prior, or take it if it was made for the same sources before: designs and strategies share it."""
        return _made(tuple(sources), tuple(options))

    def view(self, X: np.ndarray) -> View:
        """Values of the sources, brought to one scale; their mean and what is left; main effects of the options."""
        values = np.column_stack([source.values(X) for source in self._sources])
        scaled = (values - self._centres) / self._spreads
        mean = scaled.mean(axis=1) / self._mean_spread
        rest = (scaled - np.outer(mean, self._slopes)) / self._rest_spread
        if len(self._sources) == 1:
            rest = np.zeros((len(X), 1))
        effects = np.column_stack([sum(table[X[:, i]] for i, table in column) for column in self._rescaled])
        return View(X, (mean[:, None], rest, scaled, effects), mean)

    def fixed(self, a: View, b: View) -> list[np.ndarray]:
        """Line in the mean of the sources, their differences, smooth in all, rescaled effects, smooth by effects."""
        line, rest, smooth, effects = zip(a.features, b.features, strict=True)
        alike = matern(squared_distances(a.codes, b.codes, self._alike, self._alike_relevance))
        return [line[0] @ line[1].T, rest[0] @ rest[1].T, radial(*smooth), effects[0] @ effects[1].T, alike]

    def diagonals(self, a: View) -> np.ndarray:
        """Squares of the features, and ones."""
        line, rest, _, effects = ((part**2).sum(axis=1) for part in a.features)
        ones = np.ones(len(a.codes))
        return np.array([line, rest, ones, effects, ones, ones])


# What was measured is equal to itself alone, and stays as long as it is in here.
@lru_cache(maxsize=64)
def _made(sources: tuple[Measured, ...], options: tuple[Option, ...]) -> FromSources:
    return FromSources([(source.codes, source.y) for source in sources], options)


def _by_effect(effects: Sequence[np.ndarray]) -> list[Scale]:
    """Scales on which levels are as far apart as their main effects are: levels that do alike are alike."""
    out = []
    for i, values in enumerate(effects):
        apart = (values[:, None] - values) ** 2
        out.append(Scale(i, apart / max(float(apart.max()), _SMALLEST)))
    return out


def _rescaled_together(effects: Sequence[np.ndarray], options: Sequence[Option]) -> list[list[tuple[int, np.ndarray]]]:
    """Main effects that one unknown factor rescales: pairs of an option's position and its effects by code.

    Usually all effects of an option. Where several options choose among the same things (the operations of a network's
    layers, say), another environment is faster or slower at one of these, wherever it is chosen: then all effects of a
    level. Not so with numbers, of which equal ones mean nothing alike in different options, nor with two levels: a
    factor for each would say no more than one for both, which the straight line has.
    """
    groups: dict[object, list[int]] = {}
    for i, option in enumerate(options):
        shared = not option.ordered and len(option.levels) > _SWITCH
        groups.setdefault(frozenset(map(level_text, option.levels)) if shared else i, []).append(i)
    out = []
    for group in groups.values():
        if len(group) == 1:
            out += [[(i, effects[i])] for i in group]
            continue
        # Levels may come in another order in each option, and an inactive one last in all.
        texts = {i: np.array([*map(level_text, options[i].levels), INACTIVE]) for i in group}
        out += [[(i, np.where(texts[i] == level, effects[i], 0)) for i in group] for level in texts[group[0]]]
    return out


def _main_effects(codes: np.ndarray, y: np.ndarray, options: Sequence[Option]) -> list[np.ndarray]:
    """Effect of each level of each option, by regression with shrinkage as of one measurement per level.

    Levels that were not measured have none. An inactive level comes last.
    """
    sizes = [len(option.levels) + 1 for option in options]
    starts = np.cumsum([0, *sizes])
    columns = np.zeros((len(codes), starts[-1]))
    for i, start in enumerate(starts[:-1]):
        columns[np.arange(len(codes)), start + codes[:, i]] = 1
    columns -= columns.mean(axis=0)
    coefficients = np.linalg.solve(columns.T @ columns + np.eye(columns.shape[1]), columns.T @ (y - y.mean()))
    out = []
    for i, (start, size) in enumerate(zip(starts, sizes, strict=False)):
        effects = coefficients[start : start + size]
        share = np.bincount(codes[:, i], minlength=size) / len(codes)
        out.append(effects - share @ effects)
    return out
