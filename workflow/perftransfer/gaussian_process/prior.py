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
from functools import cached_property, lru_cache
from typing import ClassVar, Protocol

import numpy as np

from perftransfer.gaussian_process.kernel import Scale, distances_by_scale, matern, radial, scales_of, squared_distances
from perftransfer.gaussian_process.relevance import relevance
from perftransfer.space.alignment import Alignment
from perftransfer.space.encoding import ConfigurationIndex
from perftransfer.space.options import INACTIVE, Option, level_text

# Of the sources' rows, to fill gaps from: what it takes to invert a matrix in no time.
_ROWS = 600
# Grid of the correlation between sources.
_CORRELATIONS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99)
# Relative to the variance of a source. Not on the grid: where options of the sources differ, a larger one is preferred,
# which draws levels that a source lacks to its mean.
_NOISE = 1e-2
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


class SourceValues:
    """Values of sources at any configuration: measured where they were, else by a Gaussian process over all sources.

    The sources, each standardised, share a part of their function and differ by another (the intrinsic model of
    coregionalisation; Bonilla, Chai and Williams, "Multi-task Gaussian process prediction", NIPS 2007, equation 1,
    with one correlation for all pairs). So what one source lacks, another one that was measured there tells. The
    correlation is that of the highest marginal likelihood on a grid.
    """

    def __init__(
        self, measured: Sequence[tuple[np.ndarray, np.ndarray]], options: Sequence[Option], seed: int = 0
    ) -> None:
        self.measured, self._scales, self._seed = list(measured), scales_of(options), seed
        self._indices = [ConfigurationIndex(codes) for codes, _ in measured]
        self._aligned = [Alignment(codes, options) for codes, _ in measured]
        self._centres = np.array([np.mean(y) for _, y in measured])
        self._spreads = np.array([max(float(np.std(y)), _SMALLEST) for _, y in measured])

    def __len__(self) -> int:
        return len(self.measured)

    def predict(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values and their standard deviations (0 where measured), both of shape (rows, sources)."""
        values, spreads = np.empty((len(X), len(self))), np.zeros((len(X), len(self)))
        for source, (_, y) in enumerate(self.measured):
            aligned = self._aligned[source](X)
            rows = self._indices[source].find(aligned)
            values[:, source] = y[rows]
            gaps = rows < 0
            if gaps.any():
                values[gaps, source], spreads[gaps, source] = self._fill(source, aligned[gaps])
        return values, spreads

    @cached_property
    def _fit(self) -> _JointFit:
        rng = np.random.default_rng(self._seed)
        size = max(1, _ROWS // len(self))
        codes, values, sources = [], [], []
        for source, (measured, y) in enumerate(self.measured):
            rows = rng.permutation(len(y))[:size]
            codes.append(measured[rows])
            values.append((y[rows] - self._centres[source]) / self._spreads[source])
            sources.append(np.full(len(rows), source))
        X, z, of = np.concatenate(codes), np.concatenate(values), np.concatenate(sources)
        weights = relevance(X, z, self._scales, self._seed)
        kernel = matern(squared_distances(X, X, self._scales, weights))
        same = of[:, None] == of
        best: tuple[float, float, np.ndarray] | None = None
        for correlation in _CORRELATIONS if len(self) > 1 else (0.0,):
            covariance = np.where(same, kernel, correlation * kernel) + _NOISE * np.eye(len(X))
            factor = np.linalg.cholesky(covariance)
            half = np.linalg.solve(factor, z)
            likelihood = float(-0.5 * half @ half - np.log(np.diag(factor)).sum())
            if best is None or likelihood > best[0]:
                best = likelihood, correlation, factor
        assert best is not None
        inverse = np.linalg.inv(best[2])
        precision = inverse.T @ inverse
        return _JointFit(X, of, weights, best[1], precision, precision @ z)

    def _fill(self, source: int, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        fit = self._fit
        across = matern(squared_distances(X, fit.codes, self._scales, fit.relevance))
        across *= np.where(fit.source == source, 1.0, fit.correlation)
        variance = 1 - np.einsum("ij,ij->i", across @ fit.precision, across)
        mean = self._centres[source] + self._spreads[source] * (across @ fit.alpha)
        return mean, self._spreads[source] * np.sqrt(np.maximum(variance, 0))


@dataclass(frozen=True, eq=False)
class _JointFit:
    """A Gaussian process over all sources.

    codes: what it is fitted to, shape (rows, options). source: position of each row's source. correlation: between
    sources. precision, alpha: inverse covariance, and that times the values.
    """

    codes: np.ndarray
    source: np.ndarray
    relevance: np.ndarray
    correlation: float
    precision: np.ndarray
    alpha: np.ndarray


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
        self._sources = SourceValues(varying or sources, options, seed)
        references = np.unique(np.concatenate([codes for codes, _ in self._sources.measured]), axis=0)
        references = np.random.default_rng(seed).permutation(references)[:_REFERENCES]
        values, _ = self._sources.predict(references)
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
        values, _ = self._sources.predict(X)
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
