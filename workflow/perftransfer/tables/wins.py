"""How often each way to transfer does better than each other one."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from perftransfer import strategies
from perftransfer.lazy import np, pd
from perftransfer.space.options import Option
from perftransfer.tables._lazy import aggregate
from perftransfer.tables.interface import Inputs, Table

COLUMNS = ("objective", "a", "b", "budget", "wins", "ties", "losses", "comparisons")

#: Errors that differ by no more, relative to the larger one, are a tie: 10 % instead of 10.1 % is of use to nobody.
TIE = 0.01

_NAMES = ["target", "repeat", "learner", "source"]


class Wins(Table):
    """How often each way to transfer does better than each other one."""

    title = "Wins, ties and losses"
    caption = (
        "How often a strategy's error on the test third (mape) is lower than another's at the same "
        "budget: one comparison for each target, source, learner and repeat, hence on the same "
        "test third. A tie is where the two differ by at most 1 % of the larger one. A strategy "
        "without a learner, or without a single source, is compared with the others' results for "
        "every learner, or from every source; one that measures nothing with each budget of the "
        "others. Results that are no numbers are left out. Shown are the percentages of wins / "
        "ties / losses of the row's strategy against the column's, at the smallest and at the "
        "largest of the budgets at which the most strategies can be compared; numbers, and all "
        "budgets, are in the file tables/wins.csv. Comparisons on one target are not independent "
        "of each other: many of them do not make a difference significant."
    )
    inputs = ("transfer",)

    def compute(self, inputs: Inputs, *, options: Sequence[Option] = (), seed: int = 0) -> pd.DataFrame:
        """Return one row per objective, ordered pair of ways and budget: how often ``a`` wins against ``b``.

        The budget is that of the one that measures something; 0 if neither does.
        """
        rows: list[dict[str, Any]] = []
        cells = inputs["transfer"].reset_index(drop=True)
        cells = cells.assign(way=aggregate.ways(cells), mape=cells["mape"].astype(float))
        for objective, own in cells[np.isfinite(cells["mape"])].groupby("objective"):
            grids = _grids(own)
            for (a, x), (b, y) in itertools.combinations(sorted(grids.items()), 2):
                for budget in _budgets(x, y):
                    wins, ties, losses = _counts(_at(x, budget), _at(y, budget))
                    if comparisons := wins + ties + losses:
                        key = {"objective": objective, "budget": budget, "ties": ties, "comparisons": comparisons}
                        rows.append({**key, "a": a, "b": b, "wins": wins, "losses": losses})
                        rows.append({**key, "a": b, "b": a, "wins": losses, "losses": wins})
        table = pd.DataFrame(rows, columns=list(COLUMNS))
        return table.sort_values(["objective", "a", "b", "budget"], ignore_index=True)

    def for_report(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return percentages of wins, ties and losses as text: a row for each way, a column for each strategy.

        At the smallest and the largest of the budgets at which the most strategies can be compared.
        """
        rows = frame[~frame["b"].str.startswith(f"{strategies.NO_TRANSFER} (")]
        present = rows.groupby(["objective", "budget"])["b"].transform("nunique")
        rows = rows[present == present.groupby(rows["objective"]).transform("max")]
        budgets = rows.groupby("objective")["budget"]
        rows = rows[(rows["budget"] == budgets.transform("min")) | (rows["budget"] == budgets.transform("max"))]
        counts = rows[["wins", "ties", "losses"]].to_numpy(dtype=float)
        shares = 100 * counts / counts.sum(axis=1, keepdims=True)
        text = [" / ".join(f"{share:.0f}" for share in own) for own in shares]
        table = rows.assign(text=text).pivot_table("text", ["objective", "budget", "a"], "b", aggfunc="first")
        return table.rename_axis(columns=None).reset_index().rename(columns={"a": "strategy"})


def _grids(cells: pd.DataFrame) -> dict[str, dict[int, np.ndarray]]:
    """Errors by way and budget, shape (targets, repeats, learners, sources), NaN where there is none.

    The last two are 1 for a way without a learner, or without a single source: numpy sets it against every one.
    """
    places = {name: pd.factorize(cells[name], sort=True) for name in _NAMES}
    codes = pd.DataFrame({name: code for name, (code, _) in places.items()}, index=cells.index)
    found: dict[str, dict[int, np.ndarray]] = {}
    for way, own in cells.groupby("way"):
        named = own[_NAMES].notna().all()
        at = codes.loc[own.index] * named
        shape = [len(places[name][1]) if named[name] else 1 for name in _NAMES]
        for budget, values in own.groupby("budget")["mape"]:
            grid = np.full(shape, np.nan)
            grid[tuple(at.loc[values.index].to_numpy().T)] = values.to_numpy()
            found.setdefault(str(way), {})[int(str(budget))] = grid
    return found


def _budgets(x: Mapping[int, np.ndarray], y: Mapping[int, np.ndarray]) -> list[int]:
    """Budgets at which two ways can be compared; one that measures nothing can at each of the other's."""
    if {0} in ({*x}, {*y}):
        return sorted({*x, *y} - {0}) or [0]
    return sorted({*x} & {*y})


def _at(errors: Mapping[int, np.ndarray], budget: int) -> np.ndarray:
    return errors[budget] if budget in errors else errors[0]


def _counts(x: np.ndarray, y: np.ndarray) -> tuple[int, int, int]:
    """Wins, ties and losses of ``x`` where both have a value."""
    wins, losses = int((x < (1 - TIE) * y).sum()), int((y < (1 - TIE) * x).sum())
    both = int((~np.isnan(x) & ~np.isnan(y)).sum())
    return wins, both - wins - losses, losses
