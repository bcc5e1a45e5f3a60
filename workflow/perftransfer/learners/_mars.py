"""Multivariate adaptive regression splines as an estimator of scikit-learn; ``mars.py`` offers it as a learner.

J. H. Friedman, Multivariate adaptive regression splines, Annals of Statistics 19 (1991); sections and equations below
are its own. Where the paper leaves a choice, names and defaults are those of R's package earth.
"""

from __future__ import annotations

import math

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

#: A column of which less than this share of its squared norm lies outside the span of others is collinear with them.
_COLLINEAR = 1e-8
#: Choices are equally good if their sums of squares differ by less than this share.
_TIE = 1e-9
#: Share of the target's variance below which a residual is rounding.
_EXACT = 1e-20
#: Columns with at most so many distinct values are taken as levels, each of which may be a knot.
_LEVELS = 20
#: About how many knots a column without levels offers at most: more of them cost time and memory and gain nothing.
_KNOTS = 128


class MARS(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Regression by a sum of products of hinge functions, grown forward and pruned backward (algorithms 2 and 3).

    The forward pass multiplies an earlier term by a pair of mirrored hinges of a column that is not in it, or by a
    line in that column: by what generalised cross-validation (eq. 30) finds best, as a line is the cheaper of the two.
    Knots are the values of a column. In a column of more than 20 distinct values they keep the distance in rows from
    each other that eq. 43 asks for, and among the rows where the parent term is not 0 the distance from the ends of
    eq. 45, both with alpha 0.05.

    degree: how many columns may interact in a term; 1 makes an additive model.
    max_terms: how many terms the forward pass may reach, the intercept among them; None: twice the columns, but at
    least 20 and at most 200, and one more. Nor does it reach as many effective parameters as there are rows.
    penalty: price of a knot in effective parameters (d in eq. 32), of which a model has
    terms + penalty * (terms - 1) / 2; None: 3, or 2 if degree is 1.
    threshold: the forward pass ends when the best choice would raise R2 by less.

    Learnt, with one row per term, the intercept first, and one column per factor: ``columns_``, ``knots_`` and
    ``signs_``, shape (terms, degree). A factor is max(0, sign * (x[column] - knot)), or the line x[column] - knot where
    the sign is 0; column -1 is no factor. ``coef_``, shape (terms,), in the target's unit. ``gcv_``: the model's
    generalised cross-validation error, in the target's unit squared; infinite for a single row.
    """

    def __init__(
        self, degree: int = 2, max_terms: int | None = None, penalty: float | None = None, threshold: float = 0.001
    ) -> None:
        self.degree = degree
        self.max_terms = max_terms
        self.penalty = penalty
        self.threshold = threshold

    def fit(self, X: np.ndarray, y: np.ndarray) -> MARS:
        """Learn from rows X of shape (rows, columns) and targets y of shape (rows,).

        Raises ValueError for a parameter out of its range, and for missing or infinite values.
        """
        self._check_parameters()
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        # Sums differ by rounding with the order of the rows, and among choices that are nearly as good so would models.
        order = np.lexsort((y, *X.T))
        X, y = X[order], y[order].astype(np.float64)
        # The mean of equal values may differ from them by rounding: a constant target shall leave no residual.
        mean = min(max(float(y.mean()), float(y.min())), float(y.max()))
        y -= mean

        most = min(200, max(20, 2 * X.shape[1])) + 1 if self.max_terms is None else self.max_terms
        penalty = (2.0 if self.degree == 1 else 3.0) if self.penalty is None else float(self.penalty)
        forward = _Forward(X, y, self.degree, most, penalty)
        while forward.extend(self.threshold):
            pass
        best_terms, self.gcv_ = _prune(forward, y, penalty)
        self.columns_, self.knots_, self.signs_ = (
            forward.columns[best_terms],
            forward.knots[best_terms],
            forward.signs[best_terms],
        )
        basis = forward.basis[best_terms]
        norms = np.sqrt((basis * basis).sum(axis=1))
        self.coef_ = np.linalg.lstsq((basis / norms[:, None]).T, y, rcond=None)[0] / norms
        self.coef_[0] += mean
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Predict targets, shape (rows,), of rows X of shape (rows, columns); beyond the rows learnt, along lines."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        basis = np.ones((len(X), len(self.coef_)))
        for columns, knots, signs in zip(self.columns_.T, self.knots_.T, self.signs_.T, strict=True):
            used = columns >= 0
            basis[:, used] *= _factor(X[:, columns[used]], knots[used], signs[used])
        return np.asarray(basis @ self.coef_)

    def _check_parameters(self) -> None:
        for name, least in (("degree", 1), ("max_terms", 1), ("penalty", 0), ("threshold", 0)):
            value = getattr(self, name)
            if value is not None and not value >= least:
                raise ValueError(f"{name}: at least {least} is allowed, not {value!r}")


def _factor(x: np.ndarray, knot: np.ndarray | float, sign: np.ndarray | float) -> np.ndarray:
    """Hinges of x, or lines where the sign is 0; shapes are broadcast."""
    away = x - knot
    return np.where(sign == 0, away, np.maximum(sign * away, 0.0))


def _effective(terms: int, penalty: float) -> float:
    """Effective parameters of a model of so many terms, two of which share a knot (section 3.6)."""
    return terms + penalty * (terms - 1) / 2


def _knots(X: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """Where each column may bend, and how many rows there have to be on either side, shape (columns,).

    Values are ascending: from the smallest, which makes a line, to the last but one; none in a constant column.
    """
    rows, columns = X.shape
    minspan = max(int(-math.log2(-math.log(0.95) / (rows * columns)) / 2.5), -(-rows // _KNOTS), 1)
    endspan = int(3 - math.log2(0.05 / columns))
    knots = []
    ends = np.zeros(columns)
    for column, values in enumerate(np.sort(X, axis=0).T):
        distinct = values[:-1][values[1:] > values[:-1]]
        if len(distinct) >= _LEVELS:
            thinned = values[::minspan]
            thinned = thinned[:-1][thinned[1:] > thinned[:-1]]
            # All that is picked may be the one frequent value among rare ones.
            distinct = thinned if len(thinned) else values[:1]
            ends[column] = endspan
        knots.append(distinct)
    return knots, ends


class _Forward:
    """The forward pass, all of whose candidates, each parent term times each knot, are weighed at once.

    Of a candidate h only four numbers change when a term enters: what remains of its squared norm, of its products with
    the residual and with the line in its column once the terms' span is projected out. One matrix product with the
    hinges per new direction keeps them up to date; no candidate's column is ever formed. This takes the place of the
    updating formulas of section 3.9.

    Rows of the arrays are terms (or parents), so that each is contiguous.
    """

    def __init__(self, X: np.ndarray, y: np.ndarray, degree: int, most: int, penalty: float) -> None:
        rows = len(X)
        knots, ends = _knots(X)
        counts = np.array([len(k) for k in knots])
        self.X, self.degree, self.penalty, self.capacity = X, degree, penalty, min(most, rows)
        self.variance = float(y @ y)
        self.residual = y.copy()

        # Terms.
        self.size = 1
        self.columns = np.full((self.capacity, degree), -1)
        self.knots = np.zeros((self.capacity, degree))
        self.signs = np.zeros((self.capacity, degree))
        self.factors = [0]
        self.basis = np.ones((self.capacity, rows))
        self.orthonormal = np.full((self.capacity, rows), 1 / math.sqrt(rows))

        # Candidates: the hinges, and of each the first of its column, which is the line.
        self.column_of = np.repeat(np.arange(len(knots)), counts)
        self.knot = np.concatenate(knots)
        self.line_of = np.repeat(np.cumsum(counts) - counts, counts)
        self.hinges = np.maximum(X[:, self.column_of] - self.knot, 0.0)
        self.squares = self.hinges * self.hinges
        self.above = (self.hinges > 0).astype(np.float64)
        self.ends = np.where(self.line_of == np.arange(len(self.knot)), 0.0, ends[self.column_of])

        # Candidates times parents.
        shape = (self.capacity, len(self.knot))
        self.parents: list[int] = []
        self.allowed = np.zeros(shape, dtype=bool)
        self.norm, self.norm_left, self.with_line, self.with_residual = (np.zeros(shape) for _ in range(4))
        self._add_parent(0)

    def extend(self, threshold: float) -> bool:
        """Enter the best pair of hinges or the best line; False if there is none that raises R2 by the threshold."""
        rows = len(self.residual)
        effective = [_effective(self.size + new, self.penalty) / rows for new in range(3)]
        room = sum(self.size + new <= self.capacity and effective[new] < 1 for new in (1, 2))
        gain, new = self._gains()
        possible = self.allowed[: len(self.parents)] & (new > 0) & (new <= room)
        if not possible.any():
            return False
        left = float(self.residual @ self.residual)
        price = np.array([1 / (1 - share) ** 2 if share < 1 else 0.0 for share in effective])
        lack_of_fit = np.where(possible, (left - gain) * price[new], np.inf)
        # The first of those that are as good: lines are before hinges, and earlier terms and columns before later ones.
        best = int(np.argmax(lack_of_fit <= lack_of_fit.min() + _TIE * left * price.max()))
        if gain.flat[best] <= max(threshold, _EXACT) * self.variance:
            return False
        self._enter(*divmod(best, len(self.knot)))
        return True

    def _gains(self) -> tuple[np.ndarray, np.ndarray]:
        """What each candidate takes off the residual's sum of squares, and how many directions it adds: 0, 1 or 2.

        Shapes (parents, knots). With its parent a pair of hinges spans the same as one of them and the line in their
        column do: first the line is projected on, which all knots of a column share, then what the hinge adds to it.
        """
        m = len(self.parents)
        norm, norm_left, with_line, with_residual = (
            a[:m] for a in (self.norm, self.norm_left, self.with_line, self.with_residual)
        )
        line_left, line_with_residual = norm_left[:, self.line_of], with_residual[:, self.line_of]
        free = line_left > _COLLINEAR * norm[:, self.line_of]
        slope = np.divide(with_line, line_left, out=np.zeros_like(norm), where=free)
        by_line = np.divide(line_with_residual**2, line_left, out=np.zeros_like(norm), where=free)
        hinge_left = norm_left - slope * with_line
        bends = hinge_left > _COLLINEAR * norm
        hinge_with_residual = with_residual - slope * line_with_residual
        by_hinge = np.divide(hinge_with_residual**2, hinge_left, out=np.zeros_like(norm), where=bends)
        return by_line + by_hinge, free.astype(np.int64) + bends

    def _enter(self, row: int, candidate: int) -> None:
        """Add the candidate's terms to the basis, but those that are collinear with it."""
        parent, column, knot = self.parents[row], int(self.column_of[candidate]), float(self.knot[candidate])
        before = self.size
        for sign in (0.0,) if self.line_of[candidate] == candidate else (1.0, -1.0):
            term = self.basis[parent] * _factor(self.X[:, column], knot, sign)
            direction = term
            # Once leaves, of a column near the span, an error as large as what is left of it; twice is enough.
            for _ in range(2):
                direction = direction - (self.orthonormal[: self.size] @ direction) @ self.orthonormal[: self.size]
            norm_left = float(direction @ direction)
            if norm_left <= _COLLINEAR * float(term @ term):
                continue
            for array, factor in ((self.columns, column), (self.knots, knot), (self.signs, sign)):
                array[self.size] = array[parent]
                array[self.size, self.factors[parent]] = factor
            self.factors.append(self.factors[parent] + 1)
            self.basis[self.size] = term
            self.orthonormal[self.size] = direction / math.sqrt(norm_left)
            self._project_out(self.orthonormal[self.size])
            self.size += 1
        if self.size == before:
            self.allowed[row, candidate] = False
        for term_entered in range(before, self.size):
            self._add_parent(term_entered)

    def _project_out(self, direction: np.ndarray) -> None:
        """Take a new direction of the terms' span off the residual and off all candidates."""
        m = len(self.parents)
        along = (self.basis[self.parents] * direction) @ self.hinges
        share = float(direction @ self.residual)
        self.residual -= share * direction
        self.norm_left[:m] -= along * along
        self.with_line[:m] -= along * along[:, self.line_of]
        self.with_residual[:m] -= share * along

    def _add_parent(self, term: int) -> None:
        """Let candidates multiply a term, unless it has as many factors as it may."""
        if self.factors[term] == self.degree:
            return
        row, basis = len(self.parents), self.basis[term]
        self.parents.append(term)
        along = (self.orthonormal[: self.size] * basis) @ self.hinges
        weights = basis * basis
        self.norm[row] = weights @ self.squares
        self.norm_left[row] = self.norm[row] - (along * along).sum(axis=0)
        # Where a hinge is not 0, the line is the hinge plus the distance from the line's knot to its own.
        apart = (self.knot - self.knot[self.line_of]) * (weights @ self.hinges)
        self.with_line[row] = self.norm[row] + apart - (along * along[:, self.line_of]).sum(axis=0)
        self.with_residual[row] = (basis * self.residual) @ self.hinges
        support = (basis != 0).astype(np.float64)
        above = support @ self.above
        # A hinge that few rows see takes their noise for a slope, and a product of two all the more.
        supported = (above >= self.ends) & (support.sum() - above >= self.ends)
        self.allowed[row] = supported & (self.column_of[:, None] != self.columns[term]).all(axis=1)


def _prune(forward: _Forward, y: np.ndarray, penalty: float) -> tuple[np.ndarray, float]:
    """Take away, one by one, the term that is missed least; return the terms of the best model on the way and its GCV.

    What a term is worth, and how coefficients change without it, follows from the inverse of the terms' products.
    """
    size, rows = forward.size, len(y)

    def gcv(squares: float, terms: int) -> float:
        share = _effective(terms, penalty) / rows
        # Without a floor, of several models without error the one with the luckiest rounding would win.
        return max(squares, _EXACT * forward.variance) / rows / (1 - share) ** 2 if share < 1 else math.inf

    orthonormal, basis = forward.orthonormal[:size], forward.basis[:size]
    unscaled = np.linalg.inv(np.triu(orthonormal @ basis.T))
    coef = unscaled @ (orthonormal @ y)
    inverse = unscaled @ unscaled.T
    squares = float(forward.residual @ forward.residual)
    left = list(range(size))
    best, best_terms = gcv(squares, size), list(left)
    while len(left) > 1:
        missed = coef[left[1:]] ** 2 / inverse[left[1:], left[1:]]
        ties = np.flatnonzero(missed <= missed.min() * (1 + _TIE) + _EXACT * forward.variance)
        # Of terms that are missed alike the last: it has the most factors.
        out = left.pop(1 + int(ties[-1]))
        squares += float(coef[out] ** 2 / inverse[out, out])
        coef = coef - coef[out] / inverse[out, out] * inverse[:, out]
        inverse = inverse - np.outer(inverse[:, out], inverse[out]) / inverse[out, out]
        error = gcv(squares, len(left))
        if error <= best * (1 + _TIE):
            best, best_terms = error, list(left)
    return np.array(best_terms), best
