"""Whether a source helps at all: every strategy that uses one against random sampling at equal budget."""

from __future__ import annotations

from collections.abc import Mapping

from perftransfer.results.aggregate import BASELINE, Results
from perftransfer.results.formatting import count, listed, percent


def compared_budgets(results: Results) -> list[int]:
    """Budgets at which both random sampling and a strategy with a source were evaluated."""
    if not results.has_baseline:
        return []
    sourced = {budget for name in results.with_source for budget in results.budgets(name)}
    return sorted(sourced & set(results.budgets(BASELINE)))


def _ends(results: Results) -> list[int]:
    budgets = compared_budgets(results)
    return sorted({*budgets[:1], *budgets[-1:]})


def how_often(results: Results) -> list[str]:
    """Say in how many comparisons each strategy beats random sampling, with the smallest and the largest budget."""
    said = []
    for strategy in results.with_source:
        parts = []
        for budget in _ends(results):
            rows = results.compared(strategy, budget)
            if len(rows):
                better = 100 * float((rows["own"] < rows["baseline"]).mean())
                parts.append(f"in {percent(better)} of {count(len(rows), 'comparison')} with {budget}")
        if parts:
            said.append(f"{strategy} has a lower error than RS {listed(parts)} measurements.")
    return said


def where_it_hurts(results: Results, labels: Mapping[str, str]) -> list[str]:
    """Name the targets on which a strategy with a source is worse than random sampling, with few and many measurements.

    Compared are the medians over sources and learners.
    """
    said = []
    for budget in _ends(results):
        baseline = results.on_targets(BASELINE, budget)
        worse: dict[str, list[str]] = {}
        shared = 0
        for strategy in results.with_source:
            own = results.on_targets(strategy, budget)
            targets = own.index.intersection(baseline.index)
            if len(targets):
                shared = max(shared, len(targets))
                worse[strategy] = [str(target) for target in targets if own[target] > baseline[target]]
        if not worse:
            continue
        among = f"of {count(shared, 'target')}"
        parts = []
        for strategy, hurt in worse.items():
            name = f" ({labels.get(hurt[0], hurt[0])})" if len(hurt) == 1 else ""
            parts.append((strategy, f"on {len(hurt) or 'none'}{name}"))
        (first, where), *others = parts
        text = listed([f"{first} is worse than RS {where} {among}", *(f"{name} {place}" for name, place in others)])
        start = "Negative transfer with" if any(worse.values()) else "No negative transfer with"
        said.append(f"{start} {count(budget, 'measurement')}: {text} (medians over sources and learners).")
    return said


def extremes(results: Results, labels: Mapping[str, str]) -> list[str]:
    """Name the transfer that hurts most and the one that helps most with the largest budget, if any does."""
    budgets = compared_budgets(results)
    if not budgets:
        return []
    budget = budgets[-1]
    baseline = {
        str(target): float(error) for target, error in results.on_targets(BASELINE, budget).items() if error > 0
    }
    found: list[tuple[float, str, str, str, float]] = []
    for strategy in results.with_source:
        pairs = results.on_pairs(strategy, budget)
        for (source, target), error in zip(pairs.index.tolist(), pairs.tolist(), strict=True):
            if target in baseline:
                found.append((error / baseline[target], strategy, source, target, error))
    if not found:
        return []
    said = []
    for what, (ratio, strategy, source, target, error) in (("worst", max(found)), ("most helpful", min(found))):
        if (ratio > 1) == (what == "worst") and ratio != 1:
            origin = labels.get(source, source) or "all sources"
            said.append(
                f"The {what} transfer with {count(budget, 'measurement')} is {strategy} from {origin} to "
                f"{labels.get(target, target)}: off by {percent(error)} where RS is off by "
                f"{percent(baseline[target])} (median learner)."
            )
    return said
