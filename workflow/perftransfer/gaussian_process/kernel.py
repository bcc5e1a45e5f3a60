"""Distances of configurations and the covariance that falls with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from perftransfer.space.encoding import level_distances
from perftransfer.space.options import Option


@dataclass(frozen=True, eq=False)
class Scale:
    """How far apart the levels of an option are, by one measure of it.

    option: its position among the columns of codes. table: squared distances between levels, 0 to 1, inactive last.
    """

    option: int
    table: np.ndarray


def scales_of(options: Sequence[Option]) -> list[Scale]:
    """One scale for each option: the distances of its levels (``level_distances``)."""
    return [Scale(i, level_distances(option)) for i, option in enumerate(options)]


def distances_by_scale(a: np.ndarray, b: np.ndarray, scales: Sequence[Scale]) -> np.ndarray:
    """Squared distances of configurations given as codes, shape (scales, len(a), len(b)), 0 to 1."""
    return np.array([scale.table[np.ix_(a[:, scale.option], b[:, scale.option])] for scale in scales])


def squared_distances(a: np.ndarray, b: np.ndarray, scales: Sequence[Scale], relevance: np.ndarray) -> np.ndarray:
    """Sum over scales of relevance times squared distance, shape (len(a), len(b)).

    relevance: shape (scales,): the larger, the more it matters.
    """
    total = np.zeros((len(a), len(b)))
    for scale, weight in zip(scales, relevance, strict=True):
        total += (weight * scale.table)[np.ix_(a[:, scale.option], b[:, scale.option])]
    return total


def matern(squared: np.ndarray) -> np.ndarray:
    """Matérn covariance of smoothness 5/2 by squared distance; 1 at distance 0.

    Rasmussen and Williams, Gaussian Processes for Machine Learning, MIT Press 2006, equation 4.17.
    """
    r = np.sqrt(5 * squared)
    result: np.ndarray = (1 + r + r * r / 3) * np.exp(-r)
    return result


def matern_slope(squared: np.ndarray) -> np.ndarray:
    """Derivative of ``matern`` by the squared distance."""
    r = np.sqrt(5 * squared)
    result: np.ndarray = -5 / 6 * (1 + r) * np.exp(-r)
    return result


def radial(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Gaussian covariance of rows of numbers at a length of 1, their squared distance taken per column."""
    squared = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    result: np.ndarray = np.exp(-0.5 * np.maximum(squared, 0) / a.shape[1])
    return result
