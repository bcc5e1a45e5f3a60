"""Which strategy needs how many measurements for which error, and whether transfer helps.

Every function yields what the results support and nothing else: possibly no finding at all.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from perftransfer.fitting.conformal import INTERVAL, TOLERANCE
from perftransfer.report.finding import Finding
from perftransfer.results import aggregate, paired, tests
from perftransfer.results.aggregate import BASELINE, Results
from perftransfer.results.evidence import Evidence
from perftransfer.results.formatting import in_reading_order

_FIGURE = "error_against_budget"


def strategy_facts(results: Results, strategy: str) -> dict[str, object]:
    """Return the name of a strategy, its best learner, and how many learners it was chosen from."""
    learners = results.learners(strategy)
    return {"strategy": strategy, "learner": results.best_learner(strategy), "n_learners": len(learners)}


def few_measurements(evidence: Evidence) -> Iterator[Finding]:
    """Find the best transfer with the smallest budget, and what random sampling needs for the same error."""
    results = evidence.results
    if not results.with_source:
        return
    budget = min(results.budgets(name)[0] for name in results.with_source)
    started = [name for name in results.with_source if budget in results.budgets(name)]
    best = min(started, key=lambda name: results.best_error(name, budget))
    error = results.best_error(best, budget)
    baseline = _baseline_for(results, error) if results.has_baseline else None
    facts = {"budget": budget, "error": error, **strategy_facts(results, best), "baseline": baseline}
    yield Finding("few_measurements", facts, _FIGURE, "error_by_budget")


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


def no_comparison(evidence: Evidence) -> Iterator[Finding]:
    """Find which comparison these results do not allow."""
    results = evidence.results
    if not results.strategies:
        yield Finding("no_results")
    elif not results.with_source and not results.direct:
        yield Finding("no_transfer_evaluated")
    elif not results.has_baseline:
        yield Finding("no_baseline")


def excluded(evidence: Evidence) -> Iterator[Finding]:
    """Find which results are excluded, or rest on fewer measurements than their budget says."""
    results = evidence.results
    if results.missing:
        yield Finding("not_finite", {"missing": results.missing, "total": results.total})
    if results.excluded:
        yield Finding("strategies_excluded", {"strategies": results.excluded})
    if results.short:
        yield Finding("pool_too_small", {"short": results.short, "total": results.total})


def many_measurements(evidence: Evidence) -> Iterator[Finding]:
    """Find the best strategy at the largest budget, and the next."""
    results = evidence.results
    if results.common_budgets:
        budget = results.common_budgets[-1]
        errors = {
            name: results.best_error(name, budget) for name in results.strategies if budget in results.budgets(name)
        }
        first, *others = sorted(errors, key=lambda name: errors[name])
        following = None if not others else {**strategy_facts(results, others[0]), "error": errors[others[0]]}
        facts = {"budget": budget, "error": errors[first], **strategy_facts(results, first), "next": following}
        yield Finding("many_measurements", facts, _FIGURE, "error_by_budget")


def leaders(evidence: Evidence) -> Iterator[Finding]:
    """Find the strategy with the lowest error at each budget."""
    results = evidence.results
    measuring = [name for name in results.strategies if results.largest(name) > 0]
    leading: dict[str, list[int]] = {}
    for budget in results.common_budgets:
        present = [name for name in measuring if budget in results.budgets(name)]
        leading.setdefault(min(present, key=lambda name: results.best_error(name, budget)), []).append(budget)
    if len(measuring) > 1 and len(results.common_budgets) > 1:
        yield Finding("leaders", {"budgets": leading}, _FIGURE, "error_by_budget")


def without_measurement(evidence: Evidence) -> Iterator[Finding]:
    """Find the error of a source's model as it is, and what budget random sampling needs to match it."""
    results = evidence.results
    for strategy in results.direct:
        learner, error = results.best_learner(strategy), results.best_error(strategy, 0)
        facts = {**strategy_facts(results, strategy), "error": error}
        yield Finding("without_measurement", facts, _FIGURE, "error_by_budget")
        pairs = results.on_pairs(strategy, 0, learner)
        if len(pairs) > 1:
            ends = {"best": int(pairs.argmin()), "worst": int(pairs.argmax())}
            facts = {name: _pair(evidence, pairs, at) for name, at in ends.items()}
            yield Finding("pairs_without_measurement", facts, "error_per_target")
        correlation = results.median(strategy, 0, learner, "spearman")
        if correlation == correlation:
            yield Finding("order_without_measurement", {"strategy": strategy, "correlation": correlation})
        if results.has_baseline:
            facts = {"strategy": strategy, "baseline": _baseline_for(results, error)}
            yield Finding("baseline_to_match", facts, _FIGURE, "needed")


def _pair(evidence: Evidence, errors: pd.Series, at: int) -> dict[str, object]:
    source, target = map(evidence.label, errors.index[at])
    return {"error": float(errors.iloc[at]), "source": source, "target": target}


def regret(evidence: Evidence) -> Iterator[Finding]:
    """Find what it costs to run the configuration that a model predicts to be best."""
    results = evidence.results
    costs = {
        name: 100 * results.median(name, budget, results.best_learner(name), "regret")
        for name, budget in results.largest_budgets.items()
    }
    costs = {name: cost for name, cost in costs.items() if cost == cost}
    if costs:
        yield Finding(
            "regret",
            {"quantity": evidence.quantity, "maximize": evidence.maximize, "costs": costs},
            table="error_by_budget",
        )


def best_learners(evidence: Evidence) -> Iterator[Finding]:
    """Find the best learner of each strategy that was evaluated with several."""
    results = evidence.results
    chosen: dict[str, list[str]] = {}
    for strategy in results.strategies:
        if len(results.learners(strategy)) > 1:
            chosen.setdefault(results.best_learner(strategy), []).append(strategy)
    if chosen:
        yield Finding("best_learners", {"strategies": chosen}, "learner_comparison", "error_by_learner")


def _ends(results: Results) -> list[int]:
    budgets = results.compared_budgets
    return sorted({*budgets[:1], *budgets[-1:]})


def how_often(evidence: Evidence) -> Iterator[Finding]:
    """Find in which share of comparisons each strategy beats random sampling, with the smallest and largest budget."""
    results = evidence.results
    at = []
    for budget in _ends(results):
        errors = {name: results.paired.errors(name, BASELINE, budget) for name in results.with_source}
        lower = {name: 100 * paired.wins_and_losses(x, y)[0] / len(x) for name, (x, y) in errors.items() if len(x)}
        if lower:
            at.append({"budget": budget, "lower_percent": lower})
    if at:
        facts = {"at": at, "unit": paired.UNIT, "tie": 100 * paired.TIE}
        yield Finding("how_often", facts, "error_per_target", "wins")


def where_it_hurts(evidence: Evidence) -> Iterator[Finding]:
    """Find the targets on which a strategy with a source is worse than random sampling, with few and with many."""
    results = evidence.results
    for budget in _ends(results):
        baseline = results.on_targets(BASELINE, budget)
        worse: dict[str, list[str]] = {}
        n_targets = 0
        for strategy in results.with_source:
            errors = results.on_targets(strategy, budget)
            targets = errors.index.intersection(baseline.index)
            if len(targets):
                n_targets = max(n_targets, len(targets))
                worse[strategy] = [evidence.label(name) for name in targets if errors[name] > baseline[name]]
        if worse:
            facts = {"budget": budget, "n_targets": n_targets, "worse_on": worse}
            yield Finding("negative_transfer", facts, "error_per_target", "error_by_target")


def extremes(evidence: Evidence) -> Iterator[Finding]:
    """Find the transfer that hurts most and the one that helps most at the largest budget, if any does."""
    results = evidence.results
    for budget in results.compared_budgets[-1:]:
        baseline = {name: float(error) for name, error in results.on_targets(BASELINE, budget).items() if error > 0}
        ratios = [
            (error / baseline[target], strategy, source, target, error)
            for strategy in results.with_source
            for source, target, error in results.on_pairs(strategy, budget).reset_index().itertuples(index=False)
            if target in baseline
        ]
        for kind, choose in (("worst_transfer", max), ("best_transfer", min)):
            ratio, strategy, source, target, error = choose(ratios, default=(1.0, "", "", "", 0.0))
            if ratio != 1 and (ratio > 1) == (kind == "worst_transfer"):
                facts = {
                    "budget": budget,
                    "strategy": strategy,
                    "source": evidence.label(source),
                    "target": evidence.label(target),
                    "error": error,
                    "baseline_error": baseline[target],
                }
                yield Finding(kind, facts, "error_per_target")


def intervals(evidence: Evidence) -> Iterator[Finding]:
    """Find the median share of held-out measurements in the prediction intervals, and which are too narrow."""
    rows = evidence.transfer
    rows = rows[rows["coverage"].notna()] if "coverage" in rows else rows.iloc[:0]
    rows = aggregate.strategies_on(rows, evidence.objective, ["coverage", "coverage_near_best", "interval_width"])
    if rows.empty:
        return
    ways = rows.groupby("budget")["strategy"].nunique()
    budget = int(ways.index[ways == ways.max()].max())
    rows = rows[rows["budget"] == budget]
    coverage, width = (_medians(rows, metric) for metric in ("coverage", "interval_width"))
    shares = {name: 100 * float(coverage[name]) for name in in_reading_order(rows["strategy"])}
    # A cell has few configurations near the optimum: a mean over all cells.
    near_best = 100 * rows.groupby("strategy")["coverage_near_best"].mean()
    narrowest = min(shares, key=lambda name: width[name])
    facts = {
        "nominal": 100 * INTERVAL,
        "budget": budget,
        "coverage": shares,
        "near_best": {name: float(near_best[name]) for name in shares if near_best[name] == near_best[name]},
        "narrowest": narrowest,
        "width": float(width[narrowest]),
    }
    yield Finding("interval_coverage", facts, "intervals")
    narrow = [name for name in shares if coverage[name] < INTERVAL - TOLERANCE]
    if narrow:
        yield Finding("intervals_too_narrow", {"strategies": narrow}, "intervals")


def _medians(rows: pd.DataFrame, metric: str) -> pd.Series:
    values = aggregate.by_target(rows, metric, "median")
    return values[values["learner"] == aggregate.ALL].groupby("strategy")["value"].median()


def significant_strategies(evidence: Evidence) -> Iterator[Finding]:
    """Find how many differences between strategies are significant."""
    return _significant(evidence, tests.STRATEGIES)


def significant_designs(evidence: Evidence) -> Iterator[Finding]:
    """Find how many differences between designs without transfer are significant."""
    return _significant(evidence, tests.DESIGNS)


def _significant(evidence: Evidence, family: str) -> Iterator[Finding]:
    """Find how many differences are significant, or that there are too few targets for any."""
    table = evidence.significance
    if table is None:
        return
    rows = table[(table["objective"] == evidence.objective) & (table["family"] == family) & (table["targets"] > 0)]
    if rows.empty:
        return
    facts = {"family": family, "pairs": int(rows["comparisons"].max())}
    if not rows["can_be_significant"].any():
        facts |= {"targets": int(rows["targets"].max()), "smallest_p": float(rows["smallest_p"].min())}
        yield Finding("nothing_can_be_significant", facts, table="significance")
        return
    at = [
        {"budget": int(str(budget)), "significant": int(group["significant"].astype(bool).sum()), "pairs": len(group)}
        for budget, group in rows.groupby("budget")
    ]
    yield Finding("significant_differences", {**facts, "at": at}, table="significance")
