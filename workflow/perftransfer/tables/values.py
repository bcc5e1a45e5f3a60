"""Range of the objective in each environment, and its noise."""

from __future__ import annotations

from perftransfer import objectives
from perftransfer.results.evidence import Evidence
from perftransfer.results.formatting import capital, number, percent
from perftransfer.results.table import Cell, PageTable
from perftransfer.tables.interface import ReportTable


class Values(ReportTable[Evidence]):
    """Range of the objective and noise, by environment."""

    title = "Values by environment"
    caption = (
        "by environment: lowest and highest value over configurations and the factor between them; the spread of "
        "repeated processes of one configuration (coefficient of variation, median), and the error that even a "
        "perfect model would show because of it (mean)."
    )
    section = "noise"

    def cells(self, data: Evidence) -> PageTable | None:
        """Return a row per environment."""
        rows = [
            [
                Cell(data.label(name)),
                Cell(f"{int(row['values']):,}"),
                *(Cell(number(row[end], 3)) for end in ("low", "high")),
                Cell(number(row["factor"])),
                *(Cell(percent(row[spread])) for spread in ("cv_50", "floor")),
            ]
            for name, row in data.measured.iterrows()
        ]
        head = [f"lowest{data.in_unit}", f"highest{data.in_unit}", "factor", "noise", "perfect model"]
        caption = f"{capital(objectives.label(data.objective))} {self.caption}"
        return PageTable(caption, ["environment", "configurations", *head], rows) if rows else None
