"""How to choose configurations without a source: designs against simple random samples of the same size.

All changes are medians over comparisons of the same target, learner and test thirds, relative to the other's error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from perftransfer.designs import title
from perftransfer.results.aggregate import GUIDED, Results
from perftransfer.results.formatting import count, listed, percent

#: The design that the others are compared with.
RANDOM = "random"

# Percent; medians over repeats and targets that are closer are not worth an order.
_LEAST = 1.0


@dataclass(frozen=True)
class Change:
    """How the error of a way to choose differs from that of another at the same budget.

    percent: median relative change, negative if it errs less. lower, higher, total: numbers of comparisons.
    """

    name: str
    percent: float
    lower: int
    higher: int
    total: int

    @property
    def side(self) -> int:
        """-1 if it errs less, 1 if it errs more, 0 if neither by what is worth telling."""
        return 0 if abs(self.percent) < _LEAST else -1 if self.percent < 0 else 1

    @property
    def text(self) -> str:
        """Write the change: ``12 % lower, in 17 of 20 comparisons``."""
        among = f"of {count(self.total, 'comparison')}"
        if self.side == 0:
            return f"within {percent(_LEAST)}, lower in {self.lower:,} {among}"
        word, n = ("lower", self.lower) if self.side < 0 else ("higher", self.higher)
        return f"{percent(abs(self.percent))} {word}, in {n:,} {among}"


def change(results: Results, way: str, rival: str, budget: int) -> Change | None:
    """Compare two ways to choose at a budget; None where no error of one stands beside an error of the other.

    rival: a design, which has one error per target and learner; guided sampling has one for each source.
    """
    pairs = results.compared(way, budget, rival)
    changes = (100 * (pairs["own"] / pairs["baseline"].where(pairs["baseline"] > 0) - 1)).dropna()
    if changes.empty:
        return None
    lower, higher = int((changes < 0).sum()), int((changes > 0).sum())
    return Change(way, float(changes.median()), lower, higher, len(changes))


def designs(results: Results) -> list[str]:
    """Designs other than the simple random sample, by name."""
    return sorted(set(results.strategies) - {RANDOM, GUIDED})


def _at(results: Results, budget: int) -> list[str]:
    return [name for name in designs(results) if budget in results.budgets(name)]


def _random_budgets(results: Results) -> list[int]:
    return results.budgets(RANDOM) if RANDOM in results.strategies else []


def _compared(results: Results, asked: Sequence[int]) -> dict[int, list[Change]]:
    """Return for each budget that the study asked for how the designs compare with a random sample, best first."""
    found = {}
    for budget in sorted(set(asked) & set(_random_budgets(results))):
        changes = [change(results, name, RANDOM, budget) for name in _at(results, budget)]
        known = sorted((each for each in changes if each is not None), key=lambda each: (each.percent, each.name))
        if known:
            found[budget] = known
    return found


def no_random_sample(results: Results) -> list[str]:
    """Say at which budgets there is no simple random sample to compare with."""
    budgets = {budget for name in designs(results) for budget in results.budgets(name)}
    alone = sorted(budgets - set(_random_budgets(results)))
    if not alone:
        return []
    return [
        f"No simple random sample of {listed(alone)} was evaluated: nothing here tells whether a design of that size "
        "is better than chance."
    ]


def at_every_budget(results: Results, asked: Sequence[int]) -> list[str]:
    """Name the designs that beat the simple random sample whatever the budget, and those that never do."""
    found = _compared(results, asked)
    if len(found) < 2:
        return []
    sides: dict[str, list[int]] = {}
    for changes in found.values():
        for each in changes:
            sides.setdefault(each.name, []).append(each.side)
    where = f"at every budget compared ({listed(found)})"
    said = []
    for side, word in ((-1, "lower"), (1, "higher")):
        names = [name for name, own in sides.items() if own == [side] * len(found)]
        verb = "has" if len(names) == 1 else "have"
        whom = f"{listed(map(title, names))} {verb}" if names else "No design has"
        said.append(f"{whom} a {word} error than simple random sampling {where}.")
    return [said[0][:1].upper() + said[0][1:], said[1][:1].upper() + said[1][1:]]


def at_each_budget(results: Results, asked: Sequence[int]) -> list[str]:
    """Say which designs err less than a simple random sample of the same size, which more, and by how much."""
    said = []
    for budget, changes in _compared(results, asked).items():
        groups = {
            side: listed(f"{title(each.name)} ({each.text})" for each in changes if each.side == side)
            for side in (-1, 1, 0)
        }
        none = "the one design compared" if len(changes) == 1 else f"any of the {len(changes)} designs compared"
        parts = [
            f"With {count(budget, 'measurement')} the error is "
            + (f"lower than with simple random sampling for {groups[-1]}" if groups[-1] else "")
            + ("" if groups[-1] else f"not lower than with simple random sampling for {none}")
        ]
        parts += [f"it is higher for {groups[1]}"] * bool(groups[1])
        parts += [f"it hardly differs for {groups[0]}"] * bool(groups[0])
        said.append(f"{'; '.join(parts)}.")
    return said


def guided(results: Results, asked: Sequence[int]) -> list[str]:
    """Say how guided sampling, which asks a source, compares with designs that use none, at equal budget."""
    if GUIDED not in results.strategies:
        return []
    said = []
    for budget in sorted(set(asked) & set(results.budgets(GUIDED))):
        parts = []
        against = change(results, GUIDED, RANDOM, budget)
        if against is not None:
            parts.append(f"compared with simple random sampling its error is {against.text}")
        others = [each for name in _at(results, budget) if (each := _reverse(results, name, budget)) is not None]
        if others:
            by_side = {side: [each.name for each in others if each.side == side] for side in (-1, 1, 0)}
            better = f" ({listed(map(title, by_side[-1]))})" if by_side[-1] else ""
            parts.append(
                f"of {count(len(others), 'other design')} without a source, {len(by_side[-1]) or 'none'} "
                f"err{'s' * (len(by_side[-1]) == 1)} less than it{better}, {len(by_side[1]) or 'none'} more and "
                f"{len(by_side[0]) or 'none'} about the same"
            )
        if parts:
            said.append(
                f"Guided sampling (GS), which asks a source what to measure, with {count(budget, 'measurement')}: "
                f"{'; '.join(parts)}."
            )
    return said


def _reverse(results: Results, design: str, budget: int) -> Change | None:
    """Return how ``design`` differs from guided sampling: the other way round, since that has many errors to one."""
    found = change(results, GUIDED, design, budget)
    return found and Change(design, -found.percent, found.higher, found.lower, found.total)


def of_a_fixed_size(results: Results, asked: Sequence[int]) -> list[str]:
    """Say how designs whose size the options fix compare with simple random samples of that size."""
    parts = []
    for budget in sorted(set(_random_budgets(results)) - set(asked)):
        for name in _at(results, budget):
            found = change(results, name, RANDOM, budget)
            if found is not None:
                parts.append(f"{title(name)} with {count(budget, 'measurement')} ({found.text})")
    if not parts:
        return []
    return [f"The error of designs of a fixed size, against simple random samples of that size: {listed(parts)}."]


def how_to_read(results: Results, asked: Sequence[int]) -> list[str]:
    """Say what the changes are; nothing where there are none."""
    if not [*at_each_budget(results, asked), *guided(results, asked), *of_a_fixed_size(results, asked)]:
        return []
    return [
        "Changes are medians, relative to the other error, over comparisons on the same target with the same learner "
        "and test thirds (of guided sampling, for each source). Comparisons share targets, so they are no independent "
        "trials: a design that is lower in not many more than half of them may as well be worse."
    ]
