"""What each option costs, one at a time, from the recommended configuration."""

from __future__ import annotations

from dataclasses import dataclass

from perftransfer import objectives
from perftransfer.lazy import np, pd
from perftransfer.results.formatting import NOTHING, number, signed_percent
from perftransfer.results.table import Cell, PageTable
from perftransfer.tables.interface import ReportTable


@dataclass(frozen=True, eq=False)
class Costs:
    """Rows of ``option_costs.parquet`` of a target and an objective."""

    objective: str
    rows: pd.DataFrame

    @classmethod
    def of(cls, objective: str, table: pd.DataFrame) -> Costs:
        """Take the rows of an objective."""
        return cls(objective, table[table["objective"] == objective])


class OptionCosts(ReportTable[Costs]):
    """Changes of one option of the recommended configuration, those of the option that matters most first."""

    title = "What each option costs"
    caption = (
        "where one option of the recommended configuration is changed, and its relative change; an option that the "
        "change activates has its default. Measured: this and the recommended configuration were measured in the "
        "target. Otherwise both are predicted, with the 90 % interval of the prediction."
    )
    section = "recommendation"

    def cells(self, data: Costs) -> PageTable | None:
        """Return a row per option and other level; None if nothing can be changed."""
        if data.rows.empty:
            return None
        quantity, unit = objectives.split(data.objective)
        rows = []
        for row in by_influence(data.rows).to_dict("records"):
            has_interval = pd.notna(row["low"])
            ends = f"{signed_percent(100 * row['low'])} to {signed_percent(100 * row['high'])}"
            texts = [
                row["option"], row["recommended"], row["level"], number(row["value"], 3),
                signed_percent(100 * row["change"]), ends if has_interval else NOTHING, row["status"],
            ]  # fmt: skip
            rows.append([Cell(text) for text in texts])
        in_unit = f", {unit}" if unit else ""
        head = ["option", "recommended", "changed to", f"{quantity}{in_unit}", "change", "interval", "known by"]
        return PageTable(f"{quantity.capitalize()} {self.caption}", head, rows, frozenset({1, 2, 6}))


def by_influence(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of an objective, options by the largest ratio that one of their levels makes, largest first."""
    ratio = rows["change"].abs() if (rows["change"] <= -1).any() else np.log1p(rows["change"]).abs()
    largest = ratio.groupby(rows["option"]).max().reindex(rows["option"]).fillna(-1.0).to_numpy()
    return rows.iloc[np.argsort(-largest, kind="stable")]
