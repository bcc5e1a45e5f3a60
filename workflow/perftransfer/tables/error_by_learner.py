"""Error of each learner under each strategy."""

from __future__ import annotations

from perftransfer.results.evidence import Evidence
from perftransfer.results.formatting import learner_title, percent, quartiles
from perftransfer.results.table import Cell, PageTable
from perftransfer.tables.interface import ReportTable


class ErrorByLearner(ReportTable[Evidence]):
    """Error of each learner under each strategy at its largest budget."""

    title = "Error by learner"
    caption = (
        "Error of each learner at the largest budget of each strategy (in brackets): median over repeats, then "
        "sources, then targets; below it first to third quartile (of four values or more). Bold: the best "
        "learner of a strategy."
    )
    section = "budget"

    def cells(self, data: Evidence) -> PageTable | None:
        """Return a row per learner, a column per strategy."""
        results = data.results
        learners = sorted({learner for strategy in results.strategies for learner in results.learners(strategy)} - {""})
        rows = []
        for learner in learners:
            row = [Cell(learner, learner_title(learner))]
            for strategy, budget in results.largest_budgets.items():
                errors = results.on_targets(strategy, budget, learner)
                best = len(learners) > 1 and learner == results.best_learner(strategy)
                row.append(Cell(percent(float(errors.median())), quartiles(errors), best))
            rows.append(row)
        head = ["learner", *(f"{name} ({budget})" for name, budget in results.largest_budgets.items())]
        return PageTable(self.caption, head, rows) if rows else None
