"""What the paper claims, and what these data say of it (Iqbal, Kotthoff and Jamshidi, OpML 2019, arXiv 1904.02838)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from perftransfer import designs, strategies
from perftransfer.evaluation import statistics
from perftransfer.evaluation.statistics import interval
from perftransfer.space.options import Option

TITLE = "Claims of the paper"
CAPTION = (
    "Claims of Iqbal, Kotthoff and Jamshidi (OpML 2019), in other words, and what these data say. Errors are MAPE on "
    "the held-out third, averaged over repeats, sources and learners on each target, then over targets. The number is "
    "the difference of two such errors in percentage points, with a 95 % interval by a bootstrap over targets; below 0 "
    "it speaks for the claim. A claim holds if the interval lies below 0 at every budget, does not hold if it "
    "never does and somewhere lies above, and is undecided if it contains 0 everywhere; else it is mixed. The best of "
    "several is chosen by these very errors."
)
TABLES = ("dataset", "transfer", "similarity")

COLUMNS = ("claim", "objective", "finding", "number", "verdict", "note")

HOLDS, FAILS, MIXED, OPEN, UNANSWERED = "holds", "does not hold", "mixed", "undecided", "cannot be answered"

# From where what matters in two environments is called the same: as many terms in common as not, and nearly the same
# order of their influence.
_COMMON, _SAME_ORDER = 0.5, 0.8

# From so many on a bootstrap over targets can be trusted.
_MANY_TARGETS = 12

#: One value per target, by (strategy, design, budget).
Errors = dict[tuple[str, str, int], pd.Series]


def make(tables: Mapping[str, pd.DataFrame], *, options: Sequence[Option], seed: int) -> pd.DataFrame:
    """One row per claim and objective; claims of which the study evaluated nothing are left out."""
    values = statistics.by_target(tables["transfer"], "mape")
    values = values[values["learner"] == statistics.ALL]
    rows: list[dict[str, Any]] = []
    for objective, group in ((str(name), rows) for name, rows in values.groupby("objective", sort=True)):
        errors: Errors = {
            (str(part["strategy"].iloc[0]), str(part["design"].iloc[0]), int(part["budget"].iloc[0])): part.set_index(
                "target"
            )["value"].dropna()
            for _, part in group.groupby(["strategy", "design", "budget"])
        }
        for claim, against in _COMPARISONS.items():
            found = _compared(list(against(errors)), seed)
            if found is not None:
                rows.append({"claim": claim, "objective": objective, **found})
        rows.append({"objective": objective, **_what_matters(tables["similarity"], str(objective))})
    rows += _unanswered(tables["dataset"])
    return pd.DataFrame(rows, columns=list(COLUMNS)).sort_values("claim", kind="stable", key=_order, ignore_index=True)


def shown(frame: pd.DataFrame) -> pd.DataFrame:
    """Return all of it."""
    return frame


#: Two ways to get a model at a budget, and their errors; the first is the one that the claim favours.
Pair = tuple[int, str, pd.Series, str, pd.Series]


def _own(errors: Errors, strategy: str) -> dict[int, pd.Series]:
    """Errors of a strategy by budget."""
    return {budget: values for (name, _, budget), values in errors.items() if name == strategy}


def _pairs(first: str, second: str) -> Callable[[Errors], Iterator[Pair]]:
    """Compare two strategies at each budget; one that measures nothing stands against every budget of the other."""

    def pairs(errors: Errors) -> Iterator[Pair]:
        a, b = _own(errors, first), _own(errors, second)
        for budget in sorted({*a, *b} - {0}):
            if (left := a.get(budget, a.get(0))) is not None and (right := b.get(budget, b.get(0))) is not None:
                yield budget, first, left, second, right

    return pairs


def _best(found: Mapping[str, pd.Series]) -> str:
    return min(found, key=lambda name: (float(found[name].mean()), name))


def _against_shifts(errors: Errors) -> Iterator[Pair]:
    for budget, values in sorted(_own(errors, "GS").items()):
        shifts = {name: _own(errors, name)[budget] for name in ("LMS", "NLMS") if budget in _own(errors, name)}
        if shifts:
            yield budget, "GS", values, _best(shifts), shifts[_best(shifts)]


def _against_designs(errors: Errors) -> Iterator[Pair]:
    for budget, values in sorted(_own(errors, "GS").items()):
        found = {
            design: own
            for (strategy, design, own_budget), own in errors.items()
            if strategy == strategies.NO_TRANSFER and own_budget == budget
        }
        if found:
            yield budget, "GS", values, designs.title(_best(found)), found[_best(found)]


_COMPARISONS: dict[str, Callable[[Errors], Iterator[Pair]]] = {
    "A model of one environment cannot be used directly in another.": _pairs("RS", "DM"),
    "Transferring which options and interactions matter (guided sampling) reduces the cost of a model.": _pairs(
        "GS", "RS"
    ),
    "Guided sampling does better than shifting the source's model.": _against_shifts,
    "Guided sampling does better than the best design that uses no source.": _against_designs,
    "A linear shift of the source's model saves measurements in the target.": _pairs("LMS", "RS"),
    "A non-linear shift is needed: it does better than a linear one.": _pairs("NLMS", "LMS"),
}
_STABLE = "Influential options and interactions are the same from source to target."
_HARDWARE = "What was learnt on one hardware serves on another (TX1 and TX2)."
_NETWORK = "What was learnt with one network serves for another."


def _order(claims: pd.Series) -> pd.Series:
    known = [*_COMPARISONS, _STABLE, _HARDWARE, _NETWORK]
    return claims.map(known.index)


def _compared(pairs: Sequence[Pair], seed: int) -> dict[str, str] | None:
    """Finding, number and verdict over the budgets; None if there is nothing to compare."""
    findings, numbers, signs, fewest = [], [], [], 10**9
    for budget, first, a, second, b in pairs:
        difference = (a - b).dropna().to_numpy()
        if not len(difference):
            continue
        low, high = interval(difference, seed=seed)
        signs.append(-1 if high < 0 else 1 if low > 0 else 0)
        fewest = min(fewest, len(difference))
        findings.append(f"{budget} measurements: {first} {_percent(a.mean())}, {second} {_percent(b.mean())}")
        around = "" if np.isnan(low) else f" [{low:+.1f}, {high:+.1f}]"
        numbers.append(f"{budget}: {difference.mean():+.1f}{around}")
    if not signs:
        return None
    note = ""
    if fewest < statistics.FEWEST_TARGETS:
        note = f"{fewest} targets: too few for an interval"
    elif fewest < _MANY_TARGETS:
        note = f"rests on {fewest} targets, for which intervals are too narrow"
    return {
        "finding": "; ".join(findings),
        "number": "; ".join(numbers),
        "verdict": _verdict(signs),
        "note": note,
    }


def _verdict(signs: Sequence[int]) -> str:
    """Put the budgets together: -1 speaks for the claim, 1 against it, 0 for neither."""
    if all(sign == 0 for sign in signs):
        return OPEN
    if all(sign < 0 for sign in signs):
        return HOLDS
    return MIXED if min(signs) < 0 else FAILS


def _percent(value: float) -> str:
    return f"{value:.1f} %" if value < 100 else f"{value:.0f} %"


def _what_matters(similarity: pd.DataFrame, objective: str) -> dict[str, str]:
    rows = similarity[similarity["objective"] == objective]
    common, order = (float(rows[name].mean()) for name in ("common_terms", "influence_rank_correlation"))
    if np.isnan(common) or np.isnan(order):
        verdict = OPEN
    else:
        met = [common >= _COMMON, order >= _SAME_ORDER]
        verdict = HOLDS if all(met) else MIXED if any(met) else FAILS
    return {
        "claim": _STABLE,
        "finding": "Of the terms that stepwise regression selects in source or target it selects so many in both; and "
        "the rank correlation of their influence",
        "number": f"{100 * common:.0f} %; {order:.2f}",
        "verdict": verdict,
        "note": f"means over pairs; the same from {100 * _COMMON:.0f} % and {_SAME_ORDER} on",
    }


def _unanswered(dataset: pd.DataFrame) -> Iterator[dict[str, str]]:
    """Claims for which the environments of the study differ in too little."""
    for claim, column, note in (
        (_HARDWARE, "hardware", "The paper's measurements on the Jetson TX1 were never published."),
        (_NETWORK, "network", "Published tables that could not be had are named at the top of the report."),
    ):
        found = sorted(set(dataset[column].dropna())) if column in dataset else []
        if len(found) == 1:
            yield {
                "claim": claim,
                "objective": "",
                "finding": f"All environments of this study have the same {column}: {found[0]}",
                "number": "",
                "verdict": UNANSWERED,
                "note": note,
            }
