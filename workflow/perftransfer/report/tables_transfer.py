"""The results of the evaluation as small tables."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from perftransfer.report.findings_environments import measured
from perftransfer.report.findings_transfer import compared_budgets
from perftransfer.results import formatting as words
from perftransfer.results.aggregate import ALL, Results
from perftransfer.results.formatting import NOTHING, percent
from perftransfer.results.table import Cell, PageTable

_FEWEST = 4  # values from which quartiles say something


def _spread(values: pd.Series) -> str:
    # Between a number and infinity there is no quartile.
    if len(values) < _FEWEST or not np.isfinite(values).all():
        return ""
    low, high = (percent(quartile).removesuffix(" %") for quartile in np.percentile(values, [25, 75]).tolist())
    return f"{low} to {high}"


def errors(results: Results) -> PageTable | None:
    """Error of each strategy by budget, of the best and of the median learner; then regret and rank correlation."""
    if not results.strategies:
        return None
    budgets = sorted({budget for strategy in results.strategies for budget in results.budgets(strategy)})
    lowest = {
        budget: min(results.best_error(name, budget) for name in results.strategies if budget in results.budgets(name))
        for budget in budgets
    }
    rows = []
    for strategy in results.strategies:
        best, several = results.best_learner(strategy), len(results.learners(strategy)) > 1
        lines: list[tuple[str, str]] = [(f"best: {best}" if several else best or NOTHING, best)]
        if several:
            lines.append(("median learner", ALL))
        for said, learner in lines:
            cells = [Cell(strategy, words.strategy_title(strategy)), Cell(said)]
            for budget in budgets:
                targets = results.on_targets(strategy, budget, learner)
                error = results.error(strategy, budget, learner)
                leads = learner != ALL and len(results.strategies) > 1 and error == lowest[budget]
                cells.append(Cell(percent(error), _spread(targets), leads))
            regret = 100 * results.on_targets(strategy, results.largest(strategy), learner, "regret")
            ranking = results.on_targets(strategy, results.largest(strategy), learner, "spearman")
            cells.append(Cell(percent(float(regret.median())), _spread(regret)))
            cells.append(Cell(words.correlation(float(ranking.median()))))
            rows.append(cells)
    return PageTable(
        "Error (MAPE on the held-out third) by budget, the number of configurations measured in the target: median "
        "over repeats, then sources, then targets; below it first to third quartile (of four values or more). "
        "Regret and rank correlation (Spearman) at the largest budget of each strategy. The best learner is the one "
        f"with the lowest error at the largest budget, chosen by these very numbers.{_bold(results, 'budget')}",
        ["strategy", "learner", *(f"budget {budget}" for budget in budgets), "regret", "rank correlation"],
        rows,
        frozenset({1}),
    )


def against_baseline(results: Results) -> PageTable | None:
    """How often, and by how much, strategies with a source beat random sampling at equal budget."""
    budgets = compared_budgets(results)
    rows = []
    for strategy in results.with_source:
        cells = [Cell(strategy, words.strategy_title(strategy))]
        for budget in budgets:
            pairs = results.compared(strategy, budget)
            better = 100 * float((pairs["own"] < pairs["baseline"]).mean())
            change = 100 * float((pairs["own"] / pairs["baseline"].where(pairs["baseline"] > 0) - 1).median())
            sign = "+" if change > 0 else ""
            cells.append(Cell(percent(better), f"error {sign}{percent(change)}" if change == change else ""))
        rows.append(cells)
    if not rows or not budgets:
        return None
    return PageTable(
        "Against random sampling at equal budget: share of comparisons (same target, learner, budget and test thirds; "
        "every source) in which the strategy's error is lower, and the median change of the error.",
        ["strategy", *(f"budget {budget}" for budget in budgets)],
        rows,
    )


def by_learner(results: Results) -> PageTable | None:
    """Error of each learner under each strategy at its largest budget."""
    learners = sorted({learner for strategy in results.strategies for learner in results.learners(strategy)} - {""})
    if not learners:
        return None
    rows = []
    for learner in learners:
        cells = [Cell(learner, words.learner_title(learner))]
        for strategy in results.strategies:
            errors = results.on_targets(strategy, results.largest(strategy), learner)
            best = len(learners) > 1 and learner == results.best_learner(strategy)
            cells.append(Cell(percent(float(errors.median())), _spread(errors), best))
        rows.append(cells)
    return PageTable(
        "Error of each learner at the largest budget of each strategy (in brackets): median over repeats, then "
        "sources, then targets; below it first to third quartile (of four values or more). Bold: the best "
        "learner of a strategy.",
        ["learner", *_heads(results)],
        rows,
    )


def by_target(results: Results, ranges: pd.DataFrame, objective: str, labels: Mapping[str, str]) -> PageTable | None:
    """Error of each strategy by target at its largest budget, beside what the noise alone would cause."""
    if not results.strategies:
        return None
    errors = pd.DataFrame({name: results.on_targets(name, results.largest(name)) for name in results.strategies})
    order = [name for name in labels if name in errors.index]
    floors = measured(ranges, objective)["floor"].dropna()
    rows = []
    for target in [*order, *sorted(set(errors.index) - set(order))]:
        own = errors.loc[target]
        cells = [Cell(labels.get(target, target))]
        cells += [
            Cell(percent(float(error)), strong=len(results.strategies) > 1 and float(error) == float(own.min()))
            for error in own
        ]
        if len(floors):
            cells.append(Cell(percent(float(floors.get(target, float("nan"))))))
        rows.append(cells)
    return PageTable(
        "Error by target at the largest budget of each strategy (in brackets): median over sources and learners."
        + _bold(results, "target")
        + (" Last column: what a perfect model would show because of the noise." if len(floors) else ""),
        ["target", *_heads(results), *(["perfect model"] if len(floors) else [])],
        rows,
    )


def _heads(results: Results) -> list[str]:
    return [f"{name} ({results.largest(name)})" for name in results.strategies]


def _bold(results: Results, of: str) -> str:
    return f" Bold: the lowest error of a {of}." if len(results.strategies) > 1 else ""
