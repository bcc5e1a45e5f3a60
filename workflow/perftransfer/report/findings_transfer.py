"""Which strategy needs how many measurements for which error, and whether transfer helps.

Every function returns what the results support and nothing else: possibly no finding at all.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from perftransfer import objectives, strategies
from perftransfer.fitting.conformal import INTERVAL, TOLERANCE
from perftransfer.report.finding import Finding
from perftransfer.results import aggregate
from perftransfer.results.aggregate import BASELINE, Results
from perftransfer.results.formatting import in_reading_order

_FIGURE = "error_against_budget"


def strategy_facts(results: Results, strategy: str) -> dict[str, object]:
    """Return the name of a strategy, its best learner, and how many learners it was chosen from."""
    learners = results.learners(strategy)
    return {"strategy": strategy, "learner": results.best_learner(strategy), "n_learners": len(learners)}


def few_measurements(results: Results) -> list[Finding]:
    """Find the best transfer with the smallest budget, and what random sampling needs for the same error."""
    if not results.with_source:
        return []
    budget = min(results.budgets(name)[0] for name in results.with_source)
    started = [name for name in results.with_source if budget in results.budgets(name)]
    best = min(started, key=lambda name: results.best_error(name, budget))
    error = results.best_error(best, budget)
    facts = {"budget": budget, "error": error, **strategy_facts(results, best), "baseline": None}
    if results.has_baseline:
        facts["baseline"] = _baseline_for(results, error)
    return [Finding("few_measurements", facts, _FIGURE, "errors")]


def _baseline_for(results: Results, error: float) -> dict[str, object]:
    """Return the budget that random sampling needs for an error (None: more than tried), with errors around it."""
    needed = results.budget_for(BASELINE, error, results.best_learner(BASELINE))
    budgets = results.budgets(BASELINE)
    less = [budget for budget in budgets if needed is not None and budget < needed]
    return {
        **strategy_facts(results, BASELINE),
        "needed": needed,
        "error": results.best_error(BASELINE, budgets[-1] if needed is None else needed),
        "largest_budget": budgets[-1],
        # Nothing was evaluated between the two budgets.
        "budget_before": less[-1] if less else None,
        "error_before": results.best_error(BASELINE, less[-1]) if less else None,
    }


def no_comparison(results: Results) -> list[Finding]:
    """Find which comparison these results do not allow."""
    if not results.strategies:
        return [Finding("no_results")]
    if not results.with_source and not results.direct:
        return [Finding("no_transfer_evaluated")]
    return [] if results.has_baseline else [Finding("no_baseline")]


def excluded(results: Results) -> list[Finding]:
    """Find which results are excluded, or rest on fewer measurements than their budget says."""
    findings = []
    if results.missing:
        findings.append(Finding("not_finite", {"missing": results.missing, "total": results.total}))
    if results.excluded:
        findings.append(Finding("strategies_excluded", {"strategies": results.excluded}))
    if results.short:
        findings.append(Finding("pool_too_small", {"short": results.short, "total": results.total}))
    return findings


def many_measurements(results: Results) -> list[Finding]:
    """Find the best strategy at the largest budget, and the next."""
    if not results.common_budgets:
        return []
    budget = results.common_budgets[-1]
    errors = {name: results.best_error(name, budget) for name in results.strategies if budget in results.budgets(name)}
    first, *others = sorted(errors, key=lambda name: errors[name])
    following = None if not others else {**strategy_facts(results, others[0]), "error": errors[others[0]]}
    facts = {"budget": budget, "error": errors[first], **strategy_facts(results, first), "next": following}
    return [Finding("many_measurements", facts, _FIGURE, "errors")]


def leaders(results: Results) -> list[Finding]:
    """Find the strategy with the lowest error at each budget."""
    measuring = [name for name in results.strategies if results.largest(name) > 0]
    if len(measuring) < 2 or len(results.common_budgets) < 2:
        return []
    leading: dict[str, list[int]] = {}
    for budget in results.common_budgets:
        there = [name for name in measuring if budget in results.budgets(name)]
        leading.setdefault(min(there, key=lambda name: results.best_error(name, budget)), []).append(budget)
    return [Finding("leaders", {"budgets": leading}, _FIGURE, "errors")]


def without_measurement(results: Results, labels: Mapping[str, str]) -> list[Finding]:
    """Find the error of a source's model as it is, and what budget random sampling needs to match it."""
    findings = []
    for strategy in results.direct:
        learner = results.best_learner(strategy)
        error = results.best_error(strategy, 0)
        facts = {**strategy_facts(results, strategy), "error": error}
        findings.append(Finding("without_measurement", facts, _FIGURE, "errors"))
        pairs = results.on_pairs(strategy, 0, learner)
        if len(pairs) > 1:
            ends = {
                "best": _pair(pairs, int(pairs.argmin()), labels),
                "worst": _pair(pairs, int(pairs.argmax()), labels),
            }
            findings.append(Finding("pairs_without_measurement", ends, "error_per_target"))
        correlation = results.median(strategy, 0, learner, "spearman")
        if correlation == correlation:
            findings.append(Finding("order_without_measurement", {"strategy": strategy, "correlation": correlation}))
        if results.has_baseline:
            worth = {"strategy": strategy, "baseline": _baseline_for(results, error)}
            findings.append(Finding("baseline_to_match", worth, _FIGURE, "needed"))
    return findings


def _pair(errors: pd.Series, position: int, labels: Mapping[str, str]) -> dict[str, object]:
    source, target = errors.index[position]
    error = float(errors.iloc[position])
    return {"error": error, "source": labels.get(source, source), "target": labels.get(target, target)}


def regret(results: Results, objective: str) -> list[Finding]:
    """Find what it costs to run the configuration that a model predicts to be best."""
    costs = {
        name: 100 * results.median(name, results.largest(name), results.best_learner(name), "regret")
        for name in results.strategies
    }
    costs = {name: cost for name, cost in costs.items() if cost == cost}
    quantity = objectives.split(objective)[0]
    return [Finding("regret", {"quantity": quantity, "costs": costs}, table="errors")] if costs else []


def best_learners(results: Results) -> list[Finding]:
    """Find the best learner of each strategy that was evaluated with several."""
    chosen: dict[str, list[str]] = {}
    for strategy in results.strategies:
        if len(results.learners(strategy)) > 1:
            chosen.setdefault(results.best_learner(strategy), []).append(strategy)
    return [Finding("best_learners", {"strategies": chosen}, "learner_comparison")] if chosen else []


def compared_budgets(results: Results) -> list[int]:
    """Return the budgets of both random sampling and a strategy with a source."""
    if not results.has_baseline:
        return []
    sourced = {budget for name in results.with_source for budget in results.budgets(name)}
    return sorted(sourced & set(results.budgets(BASELINE)))


def _ends(results: Results) -> list[int]:
    budgets = compared_budgets(results)
    return sorted({*budgets[:1], *budgets[-1:]})


def how_often(results: Results) -> list[Finding]:
    """Find in how many comparisons each strategy beats random sampling, at the smallest and the largest budget."""
    findings = []
    for strategy in results.with_source:
        parts = []
        for budget in _ends(results):
            rows = results.compared(strategy, budget)
            if len(rows):
                lower = 100 * float((rows["own"] < rows["baseline"]).mean())
                parts.append({"budget": budget, "lower_percent": lower, "comparisons": len(rows)})
        if parts:
            findings.append(Finding("how_often", {"strategy": strategy, "at": parts}, "error_per_target"))
    return findings


def where_it_hurts(results: Results, labels: Mapping[str, str]) -> list[Finding]:
    """Find the targets on which a strategy with a source is worse than random sampling, at few and many budgets."""
    findings = []
    for budget in _ends(results):
        baseline = results.on_targets(BASELINE, budget)
        worse: dict[str, list[str]] = {}
        n_targets = 0
        for strategy in results.with_source:
            errors = results.on_targets(strategy, budget)
            targets = errors.index.intersection(baseline.index)
            if len(targets):
                n_targets = max(n_targets, len(targets))
                hurt = [str(target) for target in targets if errors[target] > baseline[target]]
                worse[strategy] = [labels.get(target, target) for target in hurt]
        if worse:
            facts = {"budget": budget, "n_targets": n_targets, "worse_on": worse}
            findings.append(Finding("negative_transfer", facts, "error_per_target"))
    return findings


def extremes(results: Results, labels: Mapping[str, str]) -> list[Finding]:
    """Find the transfer that hurts most and the one that helps most at the largest budget, if any does."""
    budgets = compared_budgets(results)
    if not budgets:
        return []
    budget = budgets[-1]
    baseline = {str(name): float(error) for name, error in results.on_targets(BASELINE, budget).items() if error > 0}
    ratios: list[tuple[float, str, str, str, float]] = []
    for strategy in results.with_source:
        pairs = results.on_pairs(strategy, budget)
        for (source, target), error in zip(pairs.index.tolist(), pairs.tolist(), strict=True):
            if target in baseline:
                ratios.append((error / baseline[target], strategy, source, target, error))
    if not ratios:
        return []
    findings = []
    for kind, (ratio, strategy, source, target, error) in (
        ("worst_transfer", max(ratios)),
        ("best_transfer", min(ratios)),
    ):
        if (ratio > 1) == (kind == "worst_transfer") and ratio != 1:
            facts = {
                "budget": budget,
                "strategy": strategy,
                "source": labels.get(source, source),
                "target": labels.get(target, target),
                "error": error,
                "baseline_error": baseline[target],
            }
            findings.append(Finding(kind, facts, "error_per_target"))
    return findings


def intervals(transfer: pd.DataFrame, objective: str) -> list[Finding]:
    """Find the mean share of held-out measurements in the prediction intervals, and which are too narrow."""
    columns = [*aggregate.KEY, "source", "target", "repeat", "coverage", "interval_width"]
    rows = transfer.reindex(columns=columns)
    rows = rows[(rows["objective"] == objective) & rows["coverage"].notna()]
    rows = rows[rows["strategy"] != strategies.NO_TRANSFER]
    if rows.empty:
        return []
    rows = rows.assign(strategy=aggregate.ways(rows))
    ways = rows.groupby("budget")["strategy"].nunique()
    budget = int(ways.index[ways == ways.max()].max())
    rows = rows[rows["budget"] == budget]
    coverage, width = (_means(rows, metric) for metric in ("coverage", "interval_width"))
    shares = {name: 100 * float(coverage[name]) for name in in_reading_order(rows["strategy"])}
    narrowest = min(shares, key=lambda name: width[name])
    facts = {
        "nominal": 100 * INTERVAL,
        "budget": budget,
        "coverage": shares,
        "narrowest": narrowest,
        "width": float(width[narrowest]),
    }
    findings = [Finding("interval_coverage", facts, "intervals")]
    narrow = [name for name in shares if coverage[name] < INTERVAL - TOLERANCE]
    return [*findings, Finding("intervals_too_narrow", {"strategies": narrow}, "intervals")] if narrow else findings


def _means(rows: pd.DataFrame, metric: str) -> pd.Series:
    values = aggregate.by_target(rows, metric, "mean")
    return values[values["learner"] == aggregate.ALL].groupby("strategy")["value"].mean()


def significance(table: pd.DataFrame, objective: str, family: str) -> list[Finding]:
    """Find how many differences are significant, or that there are too few targets for any.

    Parameters
    ----------
    table
        The table ``significance`` as the report shows it: over learners, at the smallest and largest budget.
    objective, family
        Which of its rows.
    """
    rows = table[(table["objective"] == objective) & (table["family"] == family)]
    rows = rows[rows["targets"] > 0]
    if rows.empty:
        return []
    facts = {"family": family, "pairs": int(rows["comparisons"].max())}
    if not rows["can_be_significant"].any():
        facts |= {"targets": int(rows["targets"].max()), "smallest_p": float(rows["smallest_p"].min())}
        return [Finding("nothing_can_be_significant", facts, table="significance")]
    at = [
        {"budget": int(str(budget)), "significant": int(group["significant"].astype(bool).sum()), "pairs": len(group)}
        for budget, group in rows.groupby("budget")
    ]
    return [Finding("significant_differences", {**facts, "at": at}, table="significance")]
