"""Compare two ways on the same test thirds: one comparison for each target, source, learner and repeat."""

from __future__ import annotations

from perftransfer.lazy import np, pd

#: What a comparison is, in words.
UNIT = "one target, source, learner and repeat"
#: Errors that differ by no more, relative to the larger one, are a tie: 10 % instead of 10.1 % is of use to nobody.
TIE = 0.01

_UNIT = ["target", "repeat", "learner", "source"]


class Paired:
    """Errors of several ways at several budgets, to be compared cell by cell.

    Parameters
    ----------
    cells
        Rows of ``transfer.parquet`` of one objective with a finite error ``mape``; ``way`` is what is compared. A way
        without a learner, or without a single source, is compared with the others' errors for every learner, or from
        every source; one that measures nothing with each budget of the others.
    """

    def __init__(self, cells: pd.DataFrame) -> None:
        cells = cells.reset_index(drop=True)
        names = {name: cells[name].where(cells[name] != "") for name in _UNIT}
        codes = {name: pd.factorize(values, sort=True) for name, values in names.items()}
        self._errors: dict[str, dict[int, np.ndarray]] = {}
        for way, part in cells.groupby("way"):
            named = {name: bool(values.loc[part.index].notna().all()) for name, values in names.items()}
            shape = [len(codes[name][1]) if named[name] else 1 for name in _UNIT]
            for budget, errors in part.groupby("budget")["mape"]:
                grid = np.full(shape, np.nan)
                at = [codes[name][0][errors.index] if named[name] else 0 for name in _UNIT]
                grid[tuple(at)] = errors.to_numpy()
                self._errors.setdefault(str(way), {})[int(str(budget))] = grid

    @property
    def ways(self) -> list[str]:
        """What can be compared, sorted."""
        return sorted(self._errors)

    def budgets(self, a: str, b: str) -> list[int]:
        """Return the budgets at which two ways can be compared; 0 if neither measures anything."""
        x, y = ({*self._errors.get(way, ())} for way in (a, b))
        return (sorted((x | y) - {0}) or [0]) if {0} in (x, y) else sorted(x & y)

    def errors(self, a: str, b: str, budget: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the errors of two ways at a budget, shape (comparisons,): only where both have one."""
        by_budget = (self._errors.get(way, {}) for way in (a, b))
        x, y = (grids[budget] if budget in grids else grids.get(0, np.array(np.nan)) for grids in by_budget)
        x, y = np.broadcast_arrays(x, y)
        both = ~np.isnan(x) & ~np.isnan(y)
        return x[both], y[both]


def wins_and_losses(x: np.ndarray, y: np.ndarray) -> tuple[int, int]:
    """Count where errors ``x`` are lower than ``y``, and where they are higher; the others are ties (``TIE``)."""
    return int((x < (1 - TIE) * y).sum()), int((y < (1 - TIE) * x).sum())


def median_change(x: np.ndarray, y: np.ndarray) -> float:
    """Return the median of what errors ``x`` are above ``y``, in percent of ``y``; NaN if there is none."""
    positive = y > 0
    return float(np.median(100 * (x[positive] / y[positive] - 1))) if positive.any() else float("nan")
