"""Which strategy needs how many measurements for which error, in sentences.

Every function returns what the results support and nothing else: maybe no sentence at all.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from perftransfer import objectives
from perftransfer.results import formatting as words
from perftransfer.results.aggregate import BASELINE, Results
from perftransfer.results.formatting import count, listed, percent


def few_measurements(results: Results) -> list[str]:
    """Say how far the best transfer gets with the smallest budget, and what random sampling needs for the same."""
    if not results.with_source:
        return []
    budget = min(results.budgets(name)[0] for name in results.with_source)
    started = [name for name in results.with_source if budget in results.budgets(name)]
    best = min(started, key=lambda name: results.best_error(name, budget))
    error = results.best_error(best, budget)
    first = results.with_learner(best, words.full_strategy(best))
    text = f"With {count(budget, 'measurement')} in the target, {first} is off by {percent(error)} in the median"
    if not results.has_baseline:
        return [f"{text}."]
    rival = results.with_learner(BASELINE, words.full_strategy(BASELINE))
    needed = results.budget_for(BASELINE, error, results.best_learner(BASELINE))
    if needed is None:
        largest = results.largest(BASELINE)
        own = percent(results.best_error(BASELINE, largest))
        return [f"{text}; {rival} does not get there with {largest}, the most that were tried ({own})."]
    if needed == budget:
        return [f"{text}; {rival} is no worse with as many ({percent(results.best_error(BASELINE, needed))})."]
    only = "only " if needed < budget else ""
    return [f"{text}; {rival} needs {only}{needed} for the same{_with_less(results, needed)}."]


def _with_less(results: Results, needed: int) -> str:
    """Tell the error at the budget before: between the two nobody has looked."""
    less = [budget for budget in results.budgets(BASELINE) if budget < needed]
    return f" (with {less[-1]} it is off by {percent(results.best_error(BASELINE, less[-1]))})" if less else ""


def no_comparison(results: Results) -> list[str]:
    """Say which comparison nobody can make with these results."""
    if not results.strategies:
        return ["No strategy was evaluated on this objective, or none of its results is a number."]
    if not results.with_source and not results.direct:
        return ["No strategy that uses a source was evaluated: nothing here tells whether transfer helps."]
    if not results.has_baseline:
        return [
            "Random sampling (RS) was not evaluated: nothing here tells whether a source helps at all, as there is "
            "nothing without a source to compare with."
        ]
    return []


def left_out(results: Results) -> list[str]:
    """Say which results could not be used, or are not what they seem."""
    said = []
    if results.missing:
        said.append(f"{results.missing:,} of {count(results.total, 'result')} are no numbers and left out.")
    if results.short:
        said.append(
            f"In {results.short:,} of {count(results.total, 'result')} the pool was too small for the budget: fewer "
            "configurations were measured."
        )
    return said


def many_measurements(results: Results) -> list[str]:
    """Say who is best with the largest budget, and by how much."""
    if not results.common_budgets:
        return []
    budget = results.common_budgets[-1]
    errors = {name: results.best_error(name, budget) for name in results.strategies if budget in results.budgets(name)}
    ranked = sorted(errors, key=lambda name: errors[name])
    first = results.with_learner(ranked[0], words.full_strategy(ranked[0]))
    text = f"With {count(budget, 'measurement')}, the most that were tried, {first}"
    if len(ranked) == 1:
        return [f"{text} is off by {percent(errors[ranked[0]])} in the median."]
    return [
        f"{text} has the lowest error, {percent(errors[ranked[0]])} in the median; next is "
        f"{results.short_name(ranked[1])} with {percent(errors[ranked[1]])}."
    ]


def leaders(results: Results) -> list[str]:
    """Say who has the lowest error at which budget."""
    measuring = [name for name in results.strategies if results.largest(name) > 0]
    if len(measuring) < 2 or len(results.common_budgets) < 2:
        return []
    leading: dict[str, list[int]] = {}
    for budget in results.common_budgets:
        there = [name for name in measuring if budget in results.budgets(name)]
        leading.setdefault(min(there, key=lambda name: results.best_error(name, budget)), []).append(budget)
    if len(leading) == 1:
        return [f"{next(iter(leading))} has the lowest error at every budget ({listed(results.common_budgets)})."]
    first, *others = [(name, listed(budgets)) for name, budgets in leading.items()]
    parts = [
        f"{first[0]} has the lowest error with {first[1]}",
        *(f"{name} with {budgets}" for name, budgets in others),
    ]
    return [f"{', '.join(parts)} measurements (each strategy with its best learner)."]


def without_measurement(results: Results, labels: Mapping[str, str]) -> list[str]:
    """Say how far a source model gets as it is, and how many measurements without a source are worth as much."""
    said = []
    for strategy in results.direct:
        learner = results.best_learner(strategy)
        pairs = results.on_pairs(strategy, 0, learner)
        error = results.best_error(strategy, 0)
        name = results.with_learner(strategy, words.full_strategy(strategy))
        text = f"Without any measurement in the target, {name} is off by {percent(error)} in the median"
        said.append(f"{text}.")
        if len(pairs) > 1:
            best, worst = (_pair(pairs, int(where), labels) for where in (pairs.argmin(), pairs.argmax()))
            said.append(f"The best pair has {best}, the worst {worst}.")
        ranking = results.on_targets(strategy, 0, learner, "spearman")
        if len(ranking):
            rho = words.correlation(float(ranking.median()))
            said.append(
                f"{strategy} orders the configurations with a rank correlation of {rho} to the truth, in the median."
            )
        if results.has_baseline:
            said.append(_worth(results, strategy, error))
    return said


def _worth(results: Results, strategy: str, error: float) -> str:
    rival = results.with_learner(BASELINE)
    needed = results.budget_for(BASELINE, error, results.best_learner(BASELINE))
    if needed is None:
        largest = results.largest(BASELINE)
        own = percent(results.best_error(BASELINE, largest))
        return f"{rival} does not get as far as {strategy} with {count(largest, 'measurement')} ({own})."
    if needed == results.budgets(BASELINE)[0]:
        own = percent(results.best_error(BASELINE, needed))
        return f"{rival} is no worse than {strategy} with as few as {count(needed, 'measurement')} ({own})."
    less = _with_less(results, needed)
    return f"{rival} needs {count(needed, 'measurement')} to be no worse than {strategy}{less}."


def _pair(errors: pd.Series, position: int, labels: Mapping[str, str]) -> str:
    source, target = errors.index[position]
    error = percent(float(errors.iloc[position]))
    return f"{error} (from {labels.get(source, source)} to {labels.get(target, target)})"


def regret(results: Results, objective: str) -> list[str]:
    """Say what it costs to run the configuration that a model predicts best."""
    costs = {}
    for strategy in results.strategies:
        found = results.on_targets(strategy, results.largest(strategy), results.best_learner(strategy), "regret")
        if len(found):
            costs[strategy] = percent(100 * float(found.median()))
    if not costs:
        return []
    quantity = objectives.split(objective)[0]
    parts = listed(f"{cost} ({strategy})" for strategy, cost in costs.items())
    return [
        f"What it costs to follow the model: the {quantity} of the configuration that it predicts best lies {parts} "
        "above that of the best one measured, in the median (best learner by error, largest budget of each strategy)."
    ]


def best_learners(results: Results) -> list[str]:
    """Name the best learner of each strategy, and say that the choice flatters it."""
    chosen: dict[str, list[str]] = {}
    for strategy in results.strategies:
        if len(results.learners(strategy)) > 1:
            chosen.setdefault(results.best_learner(strategy), []).append(strategy)
    if not chosen:
        return []
    parts = "; ".join(
        f"{words.learner_title(learner)} ({learner}) for {listed(users)}"
        if words.learner_title(learner) != learner
        else f"{learner} for {listed(users)}"
        for learner, users in chosen.items()
    )
    return [
        f"The best learner is {parts}. It was chosen by the test errors themselves, so its numbers are optimistic; "
        "those of the median learner stand beside them in the tables."
    ]
