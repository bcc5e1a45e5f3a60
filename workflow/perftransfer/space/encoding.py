"""From option values to numbers: two encodings, for learners that split and for learners that measure distances."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from perftransfer.errors import UserError, unknown
from perftransfer.space.options import Level, Option, from_json, level_text

KINDS = ("ranks", "scaled")


def codes(frame: pd.DataFrame, options: Sequence[Option]) -> np.ndarray:
    """Position of each option's level among its levels, integers of shape (rows, options).

    Raises UserError if a column is missing or holds a level that the option does not have.
    """
    out = np.empty((len(frame), len(options)), dtype=np.int64)
    for i, option in enumerate(options):
        if option.name not in frame:
            columns = ", ".join(map(str, frame.columns))
            raise UserError(f"configurations: no column for the option {option.name!r}; columns found: {columns}")
        code_by_text = {text: code for code, text in enumerate(option.texts)}
        # Thousands of rows have few levels. Where types may differ, True would stand for 1 as well.
        column = frame[option.name]
        levels = column.tolist() if column.dtype != object else [level_text(level) for level in column]
        code_by_level = {}
        for level in dict.fromkeys(levels):
            text = level_text(level)
            if text not in code_by_text:
                row = levels.index(level) + 1
                raise UserError(unknown(f"configurations, row {row}: {option.name}", "level", text, code_by_text))
            code_by_level[level] = code_by_text[text]
        out[:, i] = [code_by_level[level] for level in levels]
    return out


@lru_cache(maxsize=64)
def _schema(text: str) -> tuple[Option, ...]:
    # One schema serves thousands of fits.
    return from_json(text)


@lru_cache(maxsize=4096)
def _positions(option: Option) -> np.ndarray:
    """Where the levels of an ordered option lie between 0 and 1, by the logarithm of their values if they have one."""
    levels: list[Level] = list(option.levels)
    numbers = [float(x) for x in levels if isinstance(x, int | float) and not isinstance(x, bool)]
    if len(numbers) == len(levels) and all(x > 0 for x in numbers):
        values = np.array([math.log(x) for x in numbers])
    elif len(numbers) == len(levels):
        values = np.array(numbers)
    else:
        values = np.arange(len(levels), dtype=float)
    result: np.ndarray = (values - values.min()) / max(float(np.ptp(values)), 1e-12)
    return result


@lru_cache(maxsize=4096)
def _columns(option: Option, kind: str) -> np.ndarray:
    """One row of numbers per level of the option (INACTIVE last where there is one)."""
    n = len(option.levels)
    if option.ordered or n == 2:
        values = _positions(option) if option.ordered and kind == "scaled" else np.arange(n, dtype=float)
        table = values[:, None]
        if option.conditional:
            # Trees can split an inactive level off below the others; distances need a column of its own.
            table = (
                np.vstack([table, [[-1.0]]])
                if kind == "ranks"
                else np.block([[table, np.zeros((n, 1))], [np.array([[float(table.mean()), 1.0]])]])
            )
        return table
    return np.eye(n + option.conditional)


def matrix(codes: np.ndarray, options: Sequence[Option], kind: str) -> np.ndarray:
    """Turn codes of shape (rows, options) into numbers of shape (rows, columns).

    kind: "ranks" for trees (ordered options as ranks, others one column a level), "scaled" for kernels and networks
    (ordered options between 0 and 1, numeric ones on a logarithmic scale: never raw hertz).
    """
    if kind not in KINDS:
        raise ValueError(unknown("kind", "encoding", kind, KINDS))
    parts = [_columns(option, kind)[codes[:, i]] for i, option in enumerate(options)]
    return np.hstack(parts) if parts else np.empty((len(codes), 0))


@lru_cache(maxsize=4096)
def level_distances(option: Option) -> np.ndarray:
    """Squared distances between the levels of an option (INACTIVE last), shape (levels + 1, levels + 1).

    1 between the ends of an ordered option, in between by the encoding "scaled"; 1 between any two of another one. The
    inactive level of an ordered option is next to the middle, 1 away from both ends: distances are those of points in
    space, as covariances need it.
    """
    n = len(option.levels)
    out = 1 - np.eye(n + 1)
    if option.ordered:
        values = _positions(option)
        out[:n, :n] = (values[:, None] - values) ** 2
        out[n, :n] = out[:n, n] = (values - 0.5) ** 2 + 0.75
    return out


def distances(a: np.ndarray, b: np.ndarray, options: Sequence[Option]) -> np.ndarray:
    """Gower's distances between configurations given as codes: mean over options, shape (len(a), len(b)).

    Per option: the difference in rank over the largest one (ordered), else 0 or 1. An inactive level is 1 away.
    J. C. Gower, A general coefficient of similarity and some of its properties, Biometrics 27 (1971).
    """
    total = np.zeros((len(a), len(b)))
    for i, option in enumerate(options):
        left, right = a[:, i][:, None], b[:, i][None, :]
        differs = (left != right).astype(float)
        if option.ordered:
            inactive = len(option.levels)
            graded = np.abs(left - right) / (len(option.levels) - 1)
            differs = np.where((left == inactive) | (right == inactive), differs, graded)
        total += differs
    return total / max(len(options), 1)


class ConfigurationIndex:
    """Finds configurations (rows of codes) among others, also among millions.

    Each row is reduced to 64 bits by a fixed random projection in modular arithmetic; what is found is compared in
    full, so that a collision could hide a row but never mistake one for another.
    """

    def __init__(self, codes: np.ndarray) -> None:
        self._codes = codes
        self._weights = np.random.default_rng(0).integers(1, 2**63, size=codes.shape[1], dtype=np.uint64) | np.uint64(1)
        self._index = pd.Index(self._keys(codes))
        self._last: tuple[np.ndarray | None, np.ndarray] = None, np.empty(0, dtype=int)

    def _keys(self, codes: np.ndarray) -> np.ndarray:
        result: np.ndarray = (codes.astype(np.uint64) * self._weights).sum(axis=1, dtype=np.uint64)
        return result

    def find(self, codes: np.ndarray) -> np.ndarray:
        """Position of each row among the indexed ones, shape (rows,); -1 where it is not among them."""
        if not len(self._codes):
            return np.full(len(codes), -1)
        # An evaluation asks for the same pool again and again: thousands of models predict it.
        if codes is not self._last[0]:
            rows = self._index.get_indexer(pd.Index(self._keys(codes)))
            same = (self._codes[rows] == codes).all(axis=1)
            self._last = codes, np.where(same, rows, -1)
        return self._last[1]


class Encoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """The encoding as the first step of a model: codes, or a table of configurations, in; numbers out.

    options: the option schema as ``options.to_json`` writes it, so that a model file carries it. kind: see ``matrix``.
    """

    def __init__(self, options: str = "[]", kind: str = "ranks") -> None:
        self.options = options
        self.kind = kind

    def fit(self, X: np.ndarray | pd.DataFrame, y: object = None) -> Encoder:
        """Learn nothing: the schema says it all."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def transform(self, X: np.ndarray | pd.DataFrame) -> np.ndarray:
        """Encode configurations; raises UserError where a table does not fit the schema."""
        options = _schema(self.options)
        return matrix(codes(X, options) if isinstance(X, pd.DataFrame) else X, options, self.kind)
