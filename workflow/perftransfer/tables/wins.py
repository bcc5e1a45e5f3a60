"""How often each way to transfer does better than each other one."""

from __future__ import annotations

import itertools

from perftransfer import strategies
from perftransfer.lazy import np, pd
from perftransfer.results import aggregate, paired
from perftransfer.tables.interface import CsvTable, Inputs

COLUMNS = ("objective", "a", "b", "budget", "wins", "ties", "losses", "comparisons")


class Wins(CsvTable):
    """How often each way to transfer does better than each other one."""

    title = "Wins, ties and losses"
    caption = (
        "How often a strategy's error (MAPE on the held-out third) is lower than another's at the same budget. A "
        f"comparison is {paired.UNIT}, so both are tested on the same third. A tie is a difference of at most "
        f"{100 * paired.TIE:.0f} % of the larger error. A strategy without a learner, or without a single source, is "
        "compared with the others' results for every learner, or from every source; one that measures nothing is "
        "compared at each budget of the others. Results that are not finite are excluded. Cells are the percentages "
        "of wins / ties / losses of the row's strategy against the column's, at the smallest and the largest of the "
        "budgets at which most strategies can be compared; counts at all budgets are in tables/wins.csv. Comparisons "
        "on one target are not independent: even many of them do not make a difference significant."
    )
    inputs = ("transfer",)

    def compute(self, inputs: Inputs) -> pd.DataFrame:
        """Return one row per objective, ordered pair of ways and budget: how often ``a`` wins against ``b``.

        The budget is that of the one that measures something; 0 if neither does.
        """
        rows: list[dict[str, object]] = []
        cells = inputs["transfer"]
        cells = cells.assign(way=aggregate.ways(cells), mape=cells["mape"].astype(float))
        for objective, part in cells[np.isfinite(cells["mape"])].groupby("objective"):
            errors = paired.Paired(part)
            for a, b in itertools.combinations(errors.ways, 2):
                for budget in errors.budgets(a, b):
                    x, y = errors.errors(a, b, budget)
                    if n := len(x):
                        wins, losses = paired.wins_and_losses(x, y)
                        key = {"objective": objective, "budget": budget, "ties": n - wins - losses, "comparisons": n}
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
        text = [" / ".join(f"{share:.0f}" for share in part) for part in shares]
        table = rows.assign(text=text).pivot_table("text", ["objective", "budget", "a"], "b", aggfunc="first")
        return table.rename_axis(columns=None).reset_index().rename(columns={"a": "strategy"})
