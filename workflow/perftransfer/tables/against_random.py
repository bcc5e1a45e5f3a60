"""How often, and by how much, strategies with a source beat random sampling at equal budget."""

from __future__ import annotations

from perftransfer.results import paired
from perftransfer.results.aggregate import BASELINE
from perftransfer.results.evidence import Evidence
from perftransfer.results.formatting import percent, strategy_title
from perftransfer.results.table import Cell, PageTable
from perftransfer.tables.interface import ReportTable


class AgainstRandom(ReportTable[Evidence]):
    """How often, and by how much, strategies with a source beat random sampling at equal budget."""

    title = "Against random sampling"
    caption = (
        "Against random sampling at equal budget: the share of comparisons in which the strategy's error is lower by "
        f"more than {100 * paired.TIE:.0f} %, and the median change of the error. A comparison is {paired.UNIT}, as in "
        "the table of wins, ties and losses."
    )
    section = "transfer"

    def cells(self, data: Evidence) -> PageTable | None:
        """Return a row per strategy, a column per budget."""
        results = data.results
        rows = []
        for strategy in results.with_source:
            row = [Cell(strategy, strategy_title(strategy))]
            for budget in results.compared_budgets:
                x, y = results.paired.errors(strategy, BASELINE, budget)
                wins, _ = paired.wins_and_losses(x, y)
                change = paired.median_change(x, y)
                detail = f"error {'+' if change > 0 else ''}{percent(change)}" if change == change else ""
                row.append(Cell(percent(100 * wins / len(x) if len(x) else float("nan")), detail))
            rows.append(row)
        head = ["strategy", *(f"budget {budget}" for budget in results.compared_budgets)]
        return PageTable(self.caption, head, rows) if rows and results.compared_budgets else None
