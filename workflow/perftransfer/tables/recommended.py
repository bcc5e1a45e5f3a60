"""Configurations that are recommended in a target, and the default."""

from __future__ import annotations

from dataclasses import dataclass

from perftransfer import objectives
from perftransfer.lazy import pd
from perftransfer.results.formatting import NOTHING, number, percent
from perftransfer.results.table import Cell, PageTable
from perftransfer.tables.interface import ReportTable


@dataclass(frozen=True, eq=False)
class Recommendations:
    """Rows of ``recommendation.parquet`` of a target and an objective.

    several: whether there are other objectives. engine_default: what was measured with the engine left alone.
    """

    objective: str
    rows: pd.DataFrame
    several: bool
    engine_default: float | None = None


class Recommended(ReportTable[Recommendations]):
    """Configurations that are recommended in a target, and the default, by rank."""

    title = "Recommended configurations"
    caption = (
        "of what is recommended: rank among all configurations by the model, the predicted value with its 90 % "
        "interval (of the best of many it covers fewer), the probability that it beats the default configuration, and "
        "the median of the processes in which it was measured next to the default."
    )
    section = "recommendation"

    def cells(self, data: Recommendations) -> PageTable:
        """Return a row per configuration."""
        quantity, unit = objectives.split(data.objective)
        rows = []
        for _, row in data.rows.sort_values("rank").iterrows():
            name = "the default configuration" if row["default"] else row["changes"]
            has_interval, has_probability = pd.notna(row["low"]), pd.notna(row["probability_better"])
            interval = f"{number(row['low'], 3)} to {number(row['high'], 3)}" if has_interval else NOTHING
            chance = percent(100 * row["probability_better"]) if has_probability else NOTHING
            texts = [f"{row['rank']:,}", number(row["predicted"], 3), interval, chance, number(row["measured"], 3)]
            front = "on the Pareto front" if data.several and row["pareto"] else ""
            rows.append([Cell(name, front), *map(Cell, texts)])
        if data.engine_default is not None:
            rows.append([Cell("the engine's own defaults"), *[Cell(NOTHING)] * 4, Cell(number(data.engine_default, 3))])
        in_unit = f", {unit}" if unit else ""
        head = ["configuration", "rank", f"predicted{in_unit}", "interval", "beats the default", f"measured{in_unit}"]
        return PageTable(f"{quantity.capitalize()} {self.caption}", head, rows)
