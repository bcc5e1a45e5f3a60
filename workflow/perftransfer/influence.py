"""Which options and interactions matter: stepwise linear regression.

Terms are options and interactions of two options. The paper takes R's ``step`` (sec. 2); like it, an interaction may
enter only after both its options, and an option leave only before them. An ordered option is one number, other options
are one column per level, which enter together. The effect of a conditional option is that of its levels where it
is active; whether it is active is an effect of the options in its condition.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from perftransfer.space.encoding import matrix
from perftransfer.space.options import Option
from perftransfer.space.terms import Term

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


class Blocks(Mapping[Term, np.ndarray]):
    """Columns of every term up to ``order``, centred and scaled to length 1, shape (rows, degrees of freedom).

    Columns of an interaction are made when they are first asked for: of many options with many levels only few are.
    """

    def __init__(self, codes: np.ndarray, options: Sequence[Option], order: int = 2) -> None:
        columns: dict[Term, np.ndarray] = {
            (option.name,): _main(codes[:, i], option) for i, option in enumerate(options)
        }
        self._columns = {term: block for term, block in columns.items() if block.shape[1]}
        names = [term[0] for term in self._columns]
        self._terms = [term for size in range(1, order + 1) for term in itertools.combinations(names, size)]
        self._rows = len(codes)

    def __getitem__(self, term: Term) -> np.ndarray:
        if term not in self._columns:
            product = self._columns[term[:1]]
            for other in term[1:]:
                product = (product[:, :, None] * self._columns[(other,)][:, None, :]).reshape(self._rows, -1)
            self._columns[term] = _normal(product)
        return self._columns[term]

    def __iter__(self) -> Iterator[Term]:
        return iter(self._terms)

    def __len__(self) -> int:
        return len(self._terms)


def _main(codes: np.ndarray, option: Option) -> np.ndarray:
    """Columns of one option, shape (rows, degrees of freedom)."""
    columns = matrix(codes[:, None], [option], "scaled")
    one_per_level = columns.shape[1] > 1 + option.conditional
    active = codes < len(option.levels)
    if option.conditional and active.any():
        # Without its last column, which says where it is inactive: that is an effect of the options in its condition,
        # which would look as if they did not matter.
        levels = columns[:, :-1]
        columns = np.where(active[:, None], levels - levels[active].mean(axis=0), 0.0)
    columns = _normal(columns)
    # The last of these follows from the others.
    return columns[:, :-1] if one_per_level else columns


def _normal(columns: np.ndarray) -> np.ndarray:
    """Centre the columns, scale them to length 1, and drop constant ones."""
    centred = columns - columns.mean(axis=0)
    lengths = np.linalg.norm(centred, axis=0)
    keep = lengths > 1e-9 * max(1.0, float(np.abs(columns).max(initial=0.0))) * math.sqrt(len(columns))
    result: np.ndarray = centred[:, keep] / lengths[keep]
    return result


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


#: What a parameter costs, given the number of rows: Akaike's (1974) and Schwarz's (1978) criterion.
CRITERIA: dict[str, Callable[[int], float]] = {"aic": lambda rows: 2.0, "bic": math.log}


def _value(unexplained: float, rows: int, parameters: int, penalty: float) -> float:
    """Value of the criterion, up to a constant, from the unexplained share of the sum of squares."""
    return rows * math.log(max(unexplained, _EXACT)) + penalty * parameters


class _Candidate:
    """A term that may enter, and what it would explain of what the terms in the model leave.

    Directions of the model are told one after another, so that nothing is computed twice.
    """

    def __init__(self, block: np.ndarray) -> None:
        self._block = block
        self._rest = block.T @ block
        self._n_directions = 0

    def gain(self, basis: np.ndarray, residual: np.ndarray) -> tuple[float, int]:
        """Sum of squares and degrees of freedom that the term adds to the orthonormal ``basis``."""
        shadow = basis[:, self._n_directions :].T @ self._block
        self._rest = self._rest - shadow.T @ shadow
        self._n_directions = basis.shape[1]
        lengths, directions = np.linalg.eigh(self._rest)
        new = lengths > _RANK_TOLERANCE
        along = directions[:, new].T @ (self._block.T @ residual)
        return float(np.sum(np.square(along) / lengths[new])), int(new.sum())


def stepwise(columns: Mapping[Term, np.ndarray], y: np.ndarray, criterion: str = "bic") -> list[Term]:
    """Select terms forward and backward; returned in the order in which they entered.

    columns: see ``Blocks``. y: objective on the scale of learning, shape (rows,). criterion: "bic", or "aic" as in R's
    ``step``. A model never takes more than half of the rows' degrees of freedom, where both lose their sense.
    """
    rows = len(y)
    price = CRITERIA[criterion](rows)
    target = y - y.mean()
    total = float(target @ target)
    if total <= 1e-18 * max(1.0, float(y @ y)):
        return []
    selected: list[Term] = []
    basis = np.empty((rows, 0))
    candidates: dict[Term, _Candidate] = {}
    best = _value(1.0, rows, 1, price)
    # Each move lowers the criterion, so no model comes twice and this ends by itself.
    while True:
        residual = target - basis @ (basis.T @ target)
        rss = float(residual @ residual)
        moves: list[tuple[float, str, Term]] = []
        for term in columns:
            if term in selected or not _may_enter(term, selected):
                continue
            if term not in candidates:
                candidates[term] = _Candidate(columns[term])
            gained, freedom = candidates[term].gain(basis, residual)
            if freedom and basis.shape[1] + freedom <= rows // 2:
                parameters = 1 + basis.shape[1] + freedom
                moves.append((_value((rss - gained) / total, rows, parameters, price), "add", term))
        for term, lost, freedom in _losses(selected, columns, basis, target, rss):
            parameters = 1 + basis.shape[1] - freedom
            moves.append((_value((rss + lost) / total, rows, parameters, price), "drop", term))
        if not moves:
            return selected
        value, move, term = min(moves)
        # Also if it is not a number: such moves would go on for ever.
        if not value < best - 1e-9:
            return selected
        best = value
        if move == "add":
            selected = [*selected, term]
            basis = np.hstack([basis, _new_directions(columns[term], basis)])
        else:
            selected = [other for other in selected if other != term]
            basis = _basis(selected, columns, rows)
            candidates.clear()


def _losses(
    selected: Sequence[Term], columns: Mapping[Term, np.ndarray], basis: np.ndarray, target: np.ndarray, rss: float
) -> Iterator[tuple[Term, float, int]]:
    """Yield each term that may leave the model of ``basis``, and the sum of squares and degrees of freedom it takes."""
    leaving = [term for term in selected if _may_leave(term, selected)]
    if not leaving:
        return
    X = np.hstack([columns[term] for term in selected])
    if X.shape[1] > basis.shape[1]:
        # Columns depend on each other: what the others explain without it must be found anew.
        for term in leaving:
            rest = _basis([other for other in selected if other != term], columns, len(target))
            explained = float(np.square(rest.T @ target).sum())
            yield term, float(target @ target) - explained - rss, basis.shape[1] - rest.shape[1]
        return
    inverse = np.linalg.inv(X.T @ X)
    solution = inverse @ (X.T @ target)
    for term in leaving:
        start = sum(columns[other].shape[1] for other in selected[: selected.index(term)])
        block = slice(start, start + columns[term].shape[1])
        yield (
            term,
            float(solution[block] @ np.linalg.solve(inverse[block, block], solution[block])),
            block.stop - block.start,
        )


def _may_enter(term: Term, selected: Sequence[Term]) -> bool:
    return len(term) == 1 or all(part in selected for part in itertools.combinations(term, len(term) - 1))


def _may_leave(term: Term, selected: Sequence[Term]) -> bool:
    return not any(set(term) < set(other) for other in selected)


def analyse(
    codes: np.ndarray, options: Sequence[Option], y: np.ndarray, criterion: str = "bic", order: int = 2
) -> list[Influence]:
    """Rank the terms by what they explain: options, and interactions of up to ``order`` options.

    Selected terms come first: the share of each is what it adds to those that entered before it, so the shares sum to
    the model's R². Options that were not selected follow, with what each would add to the final model: the
    proof that they hardly matter.

    Raises ValueError if a value of ``y`` is not finite.
    """
    if not np.isfinite(y).all():
        raise ValueError("the objective has values that are not finite")
    columns = Blocks(codes, options, order)
    # Shares do not depend on the unit, but squares of huge and tiny values are infinite and 0. A power of two is exact.
    y = np.ldexp(y, -math.frexp(float(np.abs(y).max(initial=0.0)))[1])
    target = y - y.mean()
    total = float(target @ target)
    selected = stepwise(columns, y, criterion)
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
    entered = sorted(selected, key=lambda term: -shares[term])
    rest = sorted(left_out, key=lambda term: (-shares[term], term))
    return [
        Influence(term, coefficients.get(term), shares[term], rank, term in selected)
        for rank, term in enumerate([*entered, *rest], start=1)
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
