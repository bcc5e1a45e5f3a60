"""What the paper claims, and what these data say of it (Iqbal, Kotthoff and Jamshidi, OpML 2019, arXiv 1904.02838)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from perftransfer import designs, objectives, strategies
from perftransfer.lazy import np, pd
from perftransfer.results import aggregate, formatting, tests
from perftransfer.results.table import Cell, PageTable
from perftransfer.tables.interface import CsvTable, Inputs

COLUMNS = ("claim", "objective", "finding", "number", "verdict", "note")

HOLDS, FAILS, MIXED, OPEN, UNANSWERED = "holds", "does not hold", "mixed", "undecided", "cannot be answered"
TENDS = {HOLDS: "tends to hold", FAILS: "tends not to hold"}

# From where what matters in two environments is called the same: as many terms in common as not, and nearly the same
# order of their influence.
_COMMON, _SAME_ORDER = 0.5, 0.8

#: One value per target, by (strategy, design, budget).
Errors = dict[tuple[str, str, int], "pd.Series"]


class Claims(CsvTable):
    """What the paper claims, and what these data say of it."""

    title = "Claims of the paper"
    caption = (
        "Claims of Iqbal, Kotthoff and Jamshidi (OpML 2019), paraphrased, and the results of this study. Errors are "
        "MAPE on the held-out third, averaged over repeats, sources and learners on each target, then over the "
        "targets on which both have an error; the best of several alternatives is chosen by these same errors. The "
        "number is the difference in percentage points, negative if it supports the claim, with a 95 % bootstrap "
        "interval over targets. A claim holds if the errors are significantly lower at every budget (signed-rank test "
        "over targets, Holm's correction for the budgets), does not hold if they are lower at none and higher at "
        "some, is undecided if no difference is significant, and is mixed otherwise. With fewer than six targets no "
        "difference can be significant: a claim then only tends to hold or not to, if all targets agree."
    )
    inputs = ("environments", "transfer", "similarity")
    section = "claims"

    def compute(self, inputs: Inputs) -> pd.DataFrame:
        """Return one row per claim and objective; comparisons of which the study evaluated nothing are left out."""
        cells, environments, seed = inputs["transfer"], inputs["environments"], inputs["seed"]
        rows: list[dict[str, Any]] = []
        by_objective = _errors(cells)
        for objective, errors in by_objective.items():
            for claim, against in _COMPARISONS.items():
                result = _compared(list(against(errors)), seed)
                if result is not None:
                    rows.append({"claim": claim, "objective": objective, **result})
            rows.append({"objective": objective, **_what_matters(inputs["similarity"], objective)})
        if by_objective:
            for claim, (column, note) in _ACROSS.items():
                rows += _across(claim, column, note, cells, environments, seed)
        return pd.DataFrame(rows, columns=list(COLUMNS)).sort_values(
            "claim", kind="stable", key=_order, ignore_index=True
        )

    def on_page(self, frame: pd.DataFrame, objective: str = "") -> PageTable:
        """Return all claims, with a line for each budget."""
        rows = [
            [
                Cell(row["claim"]),
                Cell(objectives.label(row["objective"]) if row["objective"] else formatting.NOTHING),
                Cell(row["verdict"], row["note"], strong=True),
                Cell(row["finding"].replace(" measurements:", ":").replace("; ", "\n")),
                Cell(row["number"].replace("; ", "\n")),
            ]
            for row in frame.fillna("").astype(str).to_dict("records")
        ]
        head = ["claim of the paper", "objective", "verdict", "what these data say, by budget", "number"]
        return PageTable(self.caption, head, rows, frozenset({0, 1, 2, 3}))


def _errors(cells: pd.DataFrame) -> dict[str, Errors]:
    """Errors by objective: the mean over the learners."""
    values = aggregate.by_target(cells, "mape", "mean")
    values = values[values["learner"] == aggregate.ALL]
    by_objective: dict[str, Errors] = {}
    for (objective, strategy, design, budget), part in values.groupby(
        ["objective", "strategy", "design", "budget"], sort=True
    ):
        errors = by_objective.setdefault(str(objective), {})
        errors[str(strategy), str(design), int(str(budget))] = part.set_index("target")["value"].dropna()
    return by_objective


#: Two ways to get a model at a budget, and their errors; the first is the one that the claim favours.
Pair = tuple[int, str, "pd.Series", str, "pd.Series"]


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


def _best(result: Mapping[str, pd.Series], beside: pd.Series) -> str:
    """Name the one with the lowest error on the targets that all of them, and ``beside``, have an error for."""
    common = pd.concat([beside, *result.values()], axis=1, join="inner").dropna().index
    return min(result, key=lambda name: (float(result[name].reindex(common).mean()), name))


def _against_shifts(errors: Errors) -> Iterator[Pair]:
    for budget, values in sorted(_own(errors, "GS").items()):
        shifts = {name: _own(errors, name)[budget] for name in ("LMS", "NLMS") if budget in _own(errors, name)}
        if shifts:
            best = _best(shifts, values)
            yield budget, "GS", values, best, shifts[best]


def _against_designs(errors: Errors) -> Iterator[Pair]:
    for budget, values in sorted(_own(errors, "GS").items()):
        result = {
            design: part
            for (strategy, design, own_budget), part in errors.items()
            if strategy == strategies.NO_TRANSFER and own_budget == budget
        }
        if result:
            best = _best(result, values)
            yield budget, "GS", values, designs.title(best), result[best]


def _best_with_source(errors: Errors) -> Iterator[Pair]:
    for budget, values in sorted(_own(errors, "RS").items()):
        result = {name: _own(errors, name)[budget] for name in ("GS", "LMS", "NLMS") if budget in _own(errors, name)}
        if result:
            best = _best(result, values)
            yield budget, best, result[best], "RS", values


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
#: Claims on pairs that differ in a column of the dataset, and why the paper's data may have none.
_ACROSS = {
    "What was learnt on one hardware serves on another (TX1 and TX2).": (
        "hardware",
        "The paper's measurements on the Jetson TX1 were never published.",
    ),
    "What was learnt with one network serves for another.": (
        "network",
        "Published tables that are unavailable are named at the top of the report.",
    ),
}


def _order(claims: pd.Series) -> pd.Series:
    levels = [*_COMPARISONS, _STABLE, *_ACROSS]
    return claims.map(levels.index)


def _compared(pairs: Sequence[Pair], seed: int) -> dict[str, str] | None:
    """Finding, number and verdict over the budgets; None if there is nothing to compare."""
    findings: list[str] = []
    numbers: list[str] = []
    differences: list[np.ndarray] = []
    left_out = 0
    for budget, first, a, second, b in pairs:
        both = pd.concat([a, b], axis=1, join="inner").to_numpy(dtype=float)
        if not len(both):
            continue
        difference = both[:, 0] - both[:, 1]
        differences.append(difference)
        left_out = max(left_out, len(a.index.union(b.index)) - len(both))
        low, high = tests.interval(difference, seed=seed)
        mean = both.mean(axis=0)
        findings.append(f"{budget} measurements: {first} {_percent(mean[0])}, {second} {_percent(mean[1])}")
        around = "" if np.isnan(low) else f" [{low:+.1f}, {high:+.1f}]"
        numbers.append(f"{budget}: {difference.mean():+.1f}{around}")
    if not differences:
        return None
    fewest = min(map(len, differences))
    testable = 2.0 ** (1 - fewest) <= tests.LEVEL
    notes = [] if testable else [f"{fewest} target{'s' * (fewest > 1)}: nothing can be significant"]
    if left_out:
        notes.append(f"{left_out} target{'s' * (left_out > 1)} without an error left out")
    verdict = _verdict(_tested(differences) if testable else [_agreed(d) for d in differences])
    return {
        "finding": "; ".join(findings),
        "number": "; ".join(numbers),
        "verdict": verdict if testable else TENDS.get(verdict, verdict),
        "note": "; ".join(notes),
    }


def _tested(differences: Sequence[np.ndarray]) -> list[int]:
    """Per budget -1 if the first is significantly lower, 1 if it is higher, 0 if neither."""
    p, effect = tests.signed_ranks(differences)
    return [int(np.sign(r)) if q <= tests.LEVEL else 0 for q, r in zip(tests.holm(p), effect, strict=True)]


def _agreed(difference: np.ndarray) -> int:
    """-1 if the first is lower on every target, 1 if it is higher on every one, 0 if they do not agree."""
    signs = set(np.sign(difference))
    return int(signs.pop()) if len(signs) == 1 else 0


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
    met = [value >= least for value, least in ((common, _COMMON), (order, _SAME_ORDER)) if not np.isnan(value)]
    verdict = OPEN if len(met) < 2 else HOLDS if all(met) else MIXED if any(met) else FAILS
    return {
        "claim": _STABLE,
        "finding": "Of the terms selected in source or target by stepwise regression, the share selected in both; "
        "rank correlation of their influence",
        "number": f"{_known(100 * common, '.0f', ' %')}; {_known(order, '.2f', '')}",
        "verdict": verdict,
        "note": f"means over pairs; holds from {100 * _COMMON:.0f} % and {_SAME_ORDER} on",
    }


def _known(value: float, form: str, unit: str) -> str:
    return "not defined" if np.isnan(value) else f"{value:{form}}{unit}"


def _across(
    claim: str, column: str, note: str, cells: pd.DataFrame, environments: pd.DataFrame, seed: int
) -> Iterator[dict[str, str]]:
    """Compare the best strategy with a source over pairs that differ in ``column`` with random sampling."""
    of = environments.set_index("environment")[column] if column in environments else pd.Series()
    levels = sorted(set(of.dropna().astype(str)))
    if len(levels) < 2:
        what = (
            f"All environments of this study have the same {column}: {levels[0]}"
            if levels
            else f"This study has no {column}"
        )
        empty = {"objective": "", "number": ""}
        yield {"claim": claim, **empty, "finding": what, "verdict": UNANSWERED, "note": note}
        return
    source, target = cells["source"].map(of), cells["target"].map(of)
    other = cells["source"].isna() | (source.notna() & target.notna() & (source != target))
    for objective, errors in _errors(cells[other]).items():
        result = _compared(list(_best_with_source(errors)), seed)
        if result is not None:
            yield {"claim": claim, "objective": objective, **result}
