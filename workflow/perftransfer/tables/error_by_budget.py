"""Error of each strategy by budget, then regret and rank correlation."""

from __future__ import annotations

from perftransfer.results.aggregate import ALL
from perftransfer.results.evidence import Evidence
from perftransfer.results.formatting import NOTHING, correlation, percent, quartiles, strategy_title
from perftransfer.results.table import Cell, PageTable
from perftransfer.tables.interface import ReportTable


class ErrorByBudget(ReportTable[Evidence]):
    """Error of each strategy by budget, of the best and of the median learner; then regret and rank correlation."""

    title = "Error by budget"
    caption = (
        "Error (MAPE on the held-out third) by budget, the number of configurations measured in the target: median "
        "over repeats, then sources, then targets; below it first to third quartile (of four values or more). "
        "Regret and rank correlation (Spearman) at the largest budget of each strategy. The best learner is the one "
        "with the lowest error at the largest budget, chosen by these very numbers."
    )
    section = "budget"

    def cells(self, data: Evidence) -> PageTable | None:
        """Return a row per strategy and learner, a column per budget."""
        results = data.results
        budgets = sorted({budget for name in results.strategies for budget in results.budgets(name)})
        # What stands alone at a budget leads nobody.
        compared = {budget for budget in budgets if sum(budget in results.budgets(n) for n in results.strategies) > 1}
        rows = []
        for strategy in results.strategies:
            best, several = results.best_learner(strategy), len(results.learners(strategy)) > 1
            lines = {f"best: {best}": best, "median learner": ALL} if several else {best or NOTHING: best}
            largest = results.largest(strategy)
            for text, learner in lines.items():
                row = [Cell(strategy, strategy_title(strategy)), Cell(text)]
                for budget in budgets:
                    error = results.error(strategy, budget, learner)
                    leads = budget in compared and learner != ALL and error == results.lowest_at(budget)
                    spread = quartiles(results.on_targets(strategy, budget, learner))
                    row.append(Cell(percent(error), spread, leads))
                regret = 100 * results.on_targets(strategy, largest, learner, "regret")
                ranks = results.median(strategy, largest, learner, "spearman")
                row += [Cell(percent(float(regret.median())), quartiles(regret)), Cell(correlation(ranks))]
                rows.append(row)
        if not rows:
            return None
        head = ["strategy", "learner", *(f"budget {budget}" for budget in budgets), "regret", "rank correlation"]
        bold = " Bold: the lowest error of a budget." if compared else ""
        return PageTable(self.caption + bold, head, rows, frozenset({1}))
