"""Error of each strategy on each target."""

from __future__ import annotations

from perftransfer.lazy import np, pd
from perftransfer.results.evidence import Evidence
from perftransfer.results.formatting import percent
from perftransfer.results.table import Cell, PageTable
from perftransfer.tables.interface import ReportTable


class ErrorByTarget(ReportTable[Evidence]):
    """Error of each strategy by target at its largest budget, next to what the noise alone would cause."""

    title = "Error by target"
    caption = "Error by target at the largest budget of each strategy (in brackets): median over sources and learners."
    section = "transfer"

    def cells(self, data: Evidence) -> PageTable | None:
        """Return a row per target, a column per strategy."""
        results = data.results
        budgets = results.largest_budgets
        errors = pd.DataFrame({name: results.on_targets(name, budget) for name, budget in budgets.items()})
        floors = data.measured["floor"].dropna()
        compared = len(budgets) > 1
        rows = []
        for target in data.in_order(errors.index):
            values = list(map(float, errors.loc[target].to_numpy()))
            row = [Cell(data.label(target))]
            row += [Cell(percent(error), strong=compared and error == np.nanmin(values)) for error in values]
            if len(floors):
                row.append(Cell(percent(float(floors.get(target, float("nan"))))))
            rows.append(row)
        bold = " Bold: the lowest error of a target." if compared else ""
        noise = " Last column: what a perfect model would show because of the noise." if len(floors) else ""
        head = ["target", *(f"{name} ({budget})" for name, budget in budgets.items())]
        head += ["perfect model"] if len(floors) else []
        return PageTable(self.caption + bold + noise, head, rows) if rows else None
