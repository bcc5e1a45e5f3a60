"""Which options and interactions matter: stepwise linear regression.

Terms are options and interactions of two options. The paper takes R's ``step`` (sec. 2); like it, an interaction may
enter only after both its options, and an option leave only before them. An ordered option is one number, other options
are one column per level, which enter together. A conditional option is what its levels do where it plays a part;
whether it plays one is the effect of the options in its condition.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from perftransfer.space.encoding import matrix
from perftransfer.space.options import Option

Term = tuple[str, ...]

# A model that leaves less than this share of the variance explains everything; what is left is rounding, and a term
# that explains rounding has explained nothing.
_EXACT = 1e-12
# Directions of a block of columns that carry less than this share of its length say nothing new.
_RANK_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Influence:
    """One term of an environment: its share of the variance of the objective, 0 to 1, and its rank (1 is first).

    coefficient: change of the (standardised) objective per standard deviation of the option; None where the term is
    more than one number. selected: whether the stepwise regression kept it.
    """

    term: Term
    coefficient: float | None
    share_of_variance: float
    rank: int
    selected: bool


def name(term: Term) -> str:
    """Write a term the way R does: ``core_freq:emc_freq``."""
    return ":".join(term)


def blocks(codes: np.ndarray, options: Sequence[Option], order: int = 2) -> dict[Term, np.ndarray]:
    """Columns of every term up to ``order``, centred and scaled to length 1, shape (rows, degrees of freedom)."""
    mains: dict[Term, np.ndarray] = {}
    for i, option in enumerate(options):
        columns = _normal(_main(codes[:, i], option))
        if columns.shape[1]:
            mains[(option.name,)] = columns
    out = dict(mains)
    for size in range(2, order + 1):
        for names in itertools.combinations([term[0] for term in mains], size):
            product = mains[names[:1]]
            for other in names[1:]:
                right = mains[(other,)]
                product = (product[:, :, None] * right[:, None, :]).reshape(len(codes), -1)
            columns = _normal(product)
            if columns.shape[1]:
                out[names] = columns
    return out


def _main(codes: np.ndarray, option: Option) -> np.ndarray:
    """Columns of one option, shape (rows, degrees of freedom or more)."""
    columns = matrix(codes[:, None], [option], "scaled")
    active = codes < len(option.levels)
    if not option.conditional or not active.any():
        return columns
    # Its last column tells where it plays no part: kept, it would take the credit of the options in its condition, and
    # these would look as if they did not matter.
    levels = columns[:, :-1]
    return np.where(active[:, None], levels - levels[active].mean(axis=0), 0.0)


def _normal(columns: np.ndarray) -> np.ndarray:
    """Centre the columns, scale them to length 1, and drop constant ones."""
    centred = columns - columns.mean(axis=0)
    lengths = np.linalg.norm(centred, axis=0)
    keep = lengths > 1e-9 * max(1.0, float(np.abs(columns).max(initial=0.0))) * math.sqrt(len(columns))
    return centred[:, keep] / lengths[keep]


def _new_directions(columns: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """Orthonormal directions that ``columns`` add to the orthonormal ``basis``."""
    rest = columns - basis @ (basis.T @ columns)
    left, singular, _ = np.linalg.svd(rest, full_matrices=False)
    return left[:, singular > math.sqrt(_RANK_TOLERANCE)]


def _basis(terms: Sequence[Term], columns: Mapping[Term, np.ndarray], rows: int) -> np.ndarray:
    basis = np.empty((rows, 0))
    for term in terms:
        basis = np.hstack([basis, _new_directions(columns[term], basis)])
    return basis


def _criterion(unexplained: float, rows: int, parameters: int, penalty: float) -> float:
    """BIC or its like, up to a constant, from the unexplained share of the sum of squares."""
    return rows * math.log(max(unexplained, _EXACT)) + penalty * parameters


def stepwise(columns: Mapping[Term, np.ndarray], y: np.ndarray, penalty: float | None = None) -> list[Term]:
    """Select terms forward and backward; returned in the order in which they entered.

    columns: see ``blocks``. y: objective on the scale of learning, shape (rows,). penalty: price of a parameter; the
    default log(rows) makes it BIC (Schwarz 1978), 2 makes it AIC. A model never takes more than half of the rows'
    degrees of freedom, where both criteria lose their sense.
    """
    rows = len(y)
    price = math.log(rows) if penalty is None else penalty
    target = y - y.mean()
    total = float(target @ target)
    if total <= 1e-18 * max(1.0, float(y @ y)):
        return []
    selected: list[Term] = []
    basis = np.empty((rows, 0))
    best = _criterion(1.0, rows, 1, price)
    # Each move lowers the criterion, so no model comes twice and this ends by itself.
    while True:
        residual = target - basis @ (basis.T @ target)
        rss = float(residual @ residual)
        moves: list[tuple[float, str, Term]] = []
        for term, block in columns.items():
            if term in selected or not _may_enter(term, selected):
                continue
            new = _new_directions(block, basis)
            if new.shape[1] and basis.shape[1] + new.shape[1] <= rows // 2:
                gained = float(np.square(new.T @ residual).sum())
                parameters = 1 + basis.shape[1] + new.shape[1]
                moves.append((_criterion((rss - gained) / total, rows, parameters, price), "add", term))
        for term in selected:
            if _may_leave(term, selected):
                rest = _basis([other for other in selected if other != term], columns, rows)
                left = total - float(np.square(rest.T @ target).sum())
                moves.append((_criterion(left / total, rows, 1 + rest.shape[1], price), "drop", term))
        if not moves:
            return selected
        value, move, term = min(moves)
        if value >= best - 1e-9:
            return selected
        best = value
        selected = [*selected, term] if move == "add" else [other for other in selected if other != term]
        basis = _basis(selected, columns, rows)


def _may_enter(term: Term, selected: Sequence[Term]) -> bool:
    return len(term) == 1 or all(part in selected for part in itertools.combinations(term, len(term) - 1))


def _may_leave(term: Term, selected: Sequence[Term]) -> bool:
    return not any(set(term) < set(other) for other in selected)


def analyse(codes: np.ndarray, options: Sequence[Option], y: np.ndarray, order: int = 2) -> list[Influence]:
    """Rank the terms by what they explain.

    Selected terms come first: the share of each is what it adds to those that entered before it, so the shares sum to
    the model's R². Options that were not selected follow, with what each would add to the final model: the
    proof that they hardly matter.
    """
    columns = blocks(codes, options, order)
    target = y - y.mean()
    total = float(target @ target)
    selected = stepwise(columns, y)
    left_out = [term for term in columns if len(term) == 1 and term not in selected]
    shares: dict[Term, float] = {}
    basis = np.empty((len(y), 0))
    for term in selected:
        new = _new_directions(columns[term], basis)
        shares[term] = float(np.square(new.T @ target).sum()) / total
        basis = np.hstack([basis, new])
    coefficients = _coefficients(selected, columns, target)
    for term in left_out:
        new = _new_directions(columns[term], basis)
        shares[term] = float(np.square(new.T @ target).sum()) / total if total > 0 else 0.0
    kept = sorted(selected, key=lambda term: -shares[term])
    rest = sorted(left_out, key=lambda term: (-shares[term], term))
    return [
        Influence(term, coefficients.get(term), shares[term], rank, term in selected)
        for rank, term in enumerate([*kept, *rest], start=1)
    ]


def _coefficients(
    selected: Sequence[Term], columns: Mapping[Term, np.ndarray], target: np.ndarray
) -> dict[Term, float]:
    """Standardised coefficients of the selected terms that are one number each."""
    if not selected:
        return {}
    X = np.hstack([columns[term] for term in selected])
    solution = np.linalg.lstsq(X, target / np.linalg.norm(target), rcond=None)[0]
    out: dict[Term, float] = {}
    start = 0
    for term in selected:
        width = columns[term].shape[1]
        if width == 1:
            out[term] = float(solution[start])
        start += width
    return out
