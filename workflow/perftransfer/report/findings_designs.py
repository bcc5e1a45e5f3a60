"""Designs without a source, against simple random samples of the same size.

All changes are medians over comparisons of the same target, learner and test thirds, relative to the other's error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from perftransfer import designs as all_designs
from perftransfer.report.finding import Finding
from perftransfer.results.aggregate import GUIDED, Results

#: The design that the others are compared with.
RANDOM = "random"

# Percent; medians over repeats and targets that are closer are not worth an order.
SMALLEST_CHANGE = 1.0


@dataclass(frozen=True)
class Change:
    """How the error of a design differs from that of another at the same budget.

    percent: median relative change, negative if the error is lower. lower, higher, total: numbers of comparisons.
    """

    name: str
    percent: float
    lower: int
    higher: int
    total: int

    @property
    def side(self) -> int:
        """-1 if the error is lower, 1 if it is higher, 0 if the difference is not worth telling."""
        return 0 if abs(self.percent) < SMALLEST_CHANGE else -1 if self.percent < 0 else 1

    def facts(self) -> dict[str, object]:
        """Return the plain facts."""
        return {**asdict(self), "title": _title(self.name), "side": self.side, "smallest": SMALLEST_CHANGE}


def change(results: Results, way: str, rival: str, budget: int) -> Change | None:
    """Compare two designs at a budget; None where no error of one stands against an error of the other.

    rival: a design, which has one error per target and learner; guided sampling has one for each source.
    """
    pairs = results.compared(way, budget, rival)
    changes = (100 * (pairs["own"] / pairs["baseline"].where(pairs["baseline"] > 0) - 1)).dropna()
    if changes.empty:
        return None
    lower, higher = int((changes < 0).sum()), int((changes > 0).sum())
    return Change(way, float(changes.median()), lower, higher, len(changes))


def findings(results: Results, budgets: Sequence[int]) -> list[Finding]:
    """Return all findings on designs; ``budgets`` are those that the study compares them at."""
    compared = [
        *at_every_budget(results, budgets),
        *at_each_budget(results, budgets),
        *of_a_fixed_size(results, budgets),
        *guided(results, budgets),
    ]
    read = [Finding("designs_how_to_read", {}, "designs")] if compared else []
    return [*compared, *no_random_sample(results), *read]


def names(results: Results) -> list[str]:
    """Return the designs other than the simple random sample, by name."""
    return sorted(set(results.strategies) - {RANDOM, GUIDED})


def _title(name: str) -> str:
    return "guided sampling" if name == GUIDED else all_designs.title(name)


def _at(results: Results, budget: int) -> list[str]:
    return [name for name in names(results) if budget in results.budgets(name)]


def _random_budgets(results: Results) -> list[int]:
    return results.budgets(RANDOM) if RANDOM in results.strategies else []


def _compared(results: Results, budgets: Sequence[int]) -> dict[int, list[Change]]:
    """Return for each of the budgets how the designs compare with a random sample, best first."""
    compared = {}
    for budget in sorted(set(budgets) & set(_random_budgets(results))):
        changes = [change(results, name, RANDOM, budget) for name in _at(results, budget)]
        ordered = sorted((each for each in changes if each is not None), key=lambda each: (each.percent, each.name))
        if ordered:
            compared[budget] = ordered
    return compared


def no_random_sample(results: Results) -> list[Finding]:
    """Find the budgets without a simple random sample to compare with."""
    budgets = {budget for name in names(results) for budget in results.budgets(name)}
    alone = sorted(budgets - set(_random_budgets(results)))
    return [Finding("no_random_sample", {"budgets": alone})] if alone else []


def at_every_budget(results: Results, budgets: Sequence[int]) -> list[Finding]:
    """Find the designs that beat the simple random sample at every budget, and those that never do."""
    compared = _compared(results, budgets)
    if len(compared) < 2:
        return []
    sides: dict[str, list[int]] = {}
    for changes in compared.values():
        for each in changes:
            sides.setdefault(each.name, []).append(each.side)
    always = {
        word: [_title(name) for name, own in sides.items() if own == [side] * len(compared)]
        for side, word in ((-1, "lower"), (1, "higher"))
    }
    return [
        Finding("designs_at_every_budget", {"designs": titles, "change": word, "budgets": list(compared)}, "designs")
        for word, titles in always.items()
    ]


def at_each_budget(results: Results, budgets: Sequence[int]) -> list[Finding]:
    """Find which designs have a lower or higher error than a simple random sample of the same size, and by how much."""
    return [
        Finding("designs_at_budget", {"budget": budget, "changes": [each.facts() for each in changes]}, "designs")
        for budget, changes in _compared(results, budgets).items()
    ]


def guided(results: Results, budgets: Sequence[int]) -> list[Finding]:
    """Find how guided sampling, which reads a source, compares with designs that use none, at equal budget."""
    if GUIDED not in results.strategies:
        return []
    findings = []
    for budget in sorted(set(budgets) & set(results.budgets(GUIDED))):
        against = change(results, GUIDED, RANDOM, budget)
        others = [each for name in _at(results, budget) if (each := _reverse(results, name, budget)) is not None]
        if against is not None or others:
            facts = {
                "budget": budget,
                "against_random": against and against.facts(),
                "others": [each.facts() for each in others],
            }
            findings.append(Finding("guided_against_designs", facts, "designs"))
    return findings


def _reverse(results: Results, design: str, budget: int) -> Change | None:
    """Return how ``design`` differs from guided sampling: the other way round, since that has many errors to one."""
    against = change(results, GUIDED, design, budget)
    return against and Change(design, -against.percent, against.higher, against.lower, against.total)


def of_a_fixed_size(results: Results, budgets: Sequence[int]) -> list[Finding]:
    """Find how designs whose size the options fix compare with simple random samples of that size."""
    changes = []
    for budget in sorted(set(_random_budgets(results)) - set(budgets)):
        for name in _at(results, budget):
            against = change(results, name, RANDOM, budget)
            if against is not None:
                changes.append({**against.facts(), "budget": budget})
    return [Finding("designs_of_fixed_size", {"changes": changes}, "designs")] if changes else []
