"""Distances of configurations and the covariance that falls with them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from perftransfer.space.encoding import level_distances
from perftransfer.space.options import Option


def option_distances(a: np.ndarray, b: np.ndarray, options: Sequence[Option]) -> np.ndarray:
    """Squared distances by option of configurations given as codes, shape (options, len(a), len(b)), 0 to 1."""
    tables = (level_distances(option) for option in options)
    return np.array([table[np.ix_(a[:, i], b[:, i])] for i, table in enumerate(tables)])


def squared_distances(a: np.ndarray, b: np.ndarray, options: Sequence[Option], relevance: np.ndarray) -> np.ndarray:
    """Sum over options of relevance times squared distance, shape (len(a), len(b)).

    relevance: shape (options,): the larger, the more an option changes.
    """
    total = np.zeros((len(a), len(b)))
    for i, option in enumerate(options):
        total += (relevance[i] * level_distances(option))[np.ix_(a[:, i], b[:, i])]
    return total


def matern(squared: np.ndarray) -> np.ndarray:
    """Matérn covariance of smoothness 5/2 by squared distance; 1 at distance 0.

    Rasmussen and Williams, Gaussian Processes for Machine Learning, MIT Press 2006, equation 4.17.
    """
    r = np.sqrt(5 * squared)
    return (1 + r + r * r / 3) * np.exp(-r)


def matern_slope(squared: np.ndarray) -> np.ndarray:
    """Derivative of ``matern`` by the squared distance."""
    r = np.sqrt(5 * squared)
    return -5 / 6 * (1 + r) * np.exp(-r)


def radial(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Gaussian covariance of rows of numbers at a length of 1, their squared distance taken per column."""
    squared = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    return np.exp(-0.5 * np.maximum(squared, 0) / a.shape[1])
