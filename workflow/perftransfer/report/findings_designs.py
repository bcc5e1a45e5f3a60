"""Designs without a source, against simple random samples of the same size.

All changes are medians over comparisons of the same target, learner and test third, relative to the other's error.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from perftransfer import designs as all_designs
from perftransfer.report.finding import Finding
from perftransfer.results import paired
from perftransfer.results.aggregate import GUIDED, Results
from perftransfer.results.evidence import Evidence

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
    """Compare two designs at a budget; None where no error of one stands against an error of the other."""
    x, y = results.paired.errors(way, rival, budget)
    percent = paired.median_change(x, y)
    return Change(way, percent, *paired.wins_and_losses(x, y), len(x)) if percent == percent else None


def _title(name: str) -> str:
    return "guided sampling" if name == GUIDED else all_designs.title(name)


def _designs(results: Results) -> list[str]:
    return sorted(set(results.strategies) - {RANDOM, GUIDED})


def _budgets(results: Results, name: str = RANDOM) -> set[int]:
    return set(results.budgets(name)) if name in results.strategies else set()


def _against_random(results: Results, budget: int) -> list[Change]:
    """Compare each design with a random sample at a budget, best first."""
    names = [name for name in _designs(results) if budget in results.budgets(name)]
    changes = [result for name in names if (result := change(results, name, RANDOM, budget)) is not None]
    return sorted(changes, key=lambda change: (change.percent, change.name))


def _compared(evidence: Evidence) -> dict[int, list[Change]]:
    results = evidence.designs
    budgets = sorted(set(evidence.design_budgets) & _budgets(results))
    return {budget: changes for budget in budgets if (changes := _against_random(results, budget))}


def at_every_budget(evidence: Evidence) -> Iterator[Finding]:
    """Find the designs that beat the simple random sample at every budget, and those that never do."""
    compared = _compared(evidence)
    if len(compared) < 2:
        return
    sides: dict[str, list[int]] = {}
    for changes in compared.values():
        for result in changes:
            sides.setdefault(result.name, []).append(result.side)
    for side, word in ((-1, "lower"), (1, "higher")):
        titles = [_title(name) for name, signs in sides.items() if signs == [side] * len(compared)]
        facts = {"designs": titles, "change": word, "budgets": list(compared)}
        yield Finding("designs_at_every_budget", facts, "designs")


def at_each_budget(evidence: Evidence) -> Iterator[Finding]:
    """Find which designs have a lower or higher error than a simple random sample of the same size, and by how much."""
    for budget, changes in _compared(evidence).items():
        facts = {"budget": budget, "changes": [result.facts() for result in changes]}
        yield Finding("designs_at_budget", facts, "designs")


def fixed_size(evidence: Evidence) -> Iterator[Finding]:
    """Find how designs whose size the options fix compare with simple random samples of that size."""
    results = evidence.designs
    changes = [
        {**result.facts(), "budget": budget}
        for budget in sorted(_budgets(results) - set(evidence.design_budgets))
        for result in sorted(_against_random(results, budget), key=lambda change: change.name)
    ]
    if changes:
        yield Finding("designs_of_fixed_size", {"changes": changes}, "designs")


def guided(evidence: Evidence) -> Iterator[Finding]:
    """Find how guided sampling, which reads a source, compares with designs that use none, at equal budget."""
    results = evidence.designs
    for budget in sorted(set(evidence.design_budgets) & _budgets(results, GUIDED)):
        against = change(results, GUIDED, RANDOM, budget)
        names = [name for name in _designs(results) if budget in results.budgets(name)]
        others = [result.facts() for name in names if (result := change(results, name, GUIDED, budget)) is not None]
        if against is not None or others:
            facts = {"budget": budget, "against_random": against and against.facts(), "others": others}
            yield Finding("guided_against_designs", facts, "designs")


def no_random_sample(evidence: Evidence) -> Iterator[Finding]:
    """Find the budgets without a simple random sample to compare with."""
    results = evidence.designs
    alone = {budget for name in _designs(results) for budget in results.budgets(name)} - _budgets(results)
    if alone:
        yield Finding("no_random_sample", {"budgets": sorted(alone)})


def how_to_read(evidence: Evidence) -> Iterator[Finding]:
    """Say what a comparison is, where there is any."""
    if any(list(find(evidence)) for find in (at_each_budget, fixed_size, guided)):
        yield Finding("designs_how_to_read", {}, "designs")
