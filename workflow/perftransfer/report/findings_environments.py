"""What the environments tell: how far values span, how noisy they are, which options matter, how alike they are."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from perftransfer.report.finding import Finding
from perftransfer.report.findings_transfer import strategy_facts
from perftransfer.results.evidence import Evidence
from perftransfer.results.influence import LEAST, written

#: Percent; differences that an engineer wants to see are smaller.
NOISY = 10.0

_SIMILARITY = [
    "objective", "source", "target", "spearman", "kl_divergence", "common_terms", "influence_rank_correlation",
]  # fmt: skip


def configurations(ranges: pd.DataFrame) -> pd.Series:
    """Return the number of configurations by environment."""
    rows = ranges.reindex(columns=["environment", "configurations"])
    return rows.drop_duplicates("environment").set_index("environment")["configurations"]


def _ends(values: pd.Series) -> dict[str, float]:
    return {"low": float(values.min()), "high": float(values.max())}


def span(evidence: Evidence) -> Iterator[Finding]:
    """Find by what factor the worst configuration of an environment is above its best."""
    table = evidence.measured
    factor = table.loc[table["factor"].notna() & (table["values"] > 1), "factor"]
    if len(factor):
        facts = {"quantity": evidence.quantity, "environments": len(factor), **_ends(factor)}
        yield Finding("span", facts, "source_against_target", "environments")


def noise(evidence: Evidence) -> Iterator[Finding]:
    """Find how much repeated processes differ, and how far the models are from the error that this alone causes."""
    everywhere, results = evidence.measured, evidence.results
    table = everywhere[everywhere["repeated"] > 0]
    if table.empty:
        if len(everywhere):
            yield Finding("noise_unknown", {}, "noise")
        return
    spread = table["cv_50"]
    ends = {"quietest": evidence.label(spread.idxmin()), "noisiest": evidence.label(spread.idxmax())}
    yield Finding("spread_of_processes", {**_ends(spread), **ends}, "noise")
    yield Finding("smallest_difference", _smallest_difference(evidence, table["least"]), "noise")
    facts: dict[str, object] = {**_ends(table["floor"]), "reached": None}
    lowest = results.lowest()
    if lowest is not None:
        strategy, budget = lowest
        error = results.best_error(strategy, budget)
        facts["reached"] = {**strategy_facts(results, strategy), "budget": budget, "error": error}
    yield Finding("error_of_a_perfect_model", facts, "noise")
    silent = [evidence.label(name) for name in everywhere.index if name not in table.index]
    if silent:
        yield Finding("noise_unknown_in", {"environments": silent}, "noise")


def _smallest_difference(evidence: Evidence, least: pd.Series) -> dict[str, object]:
    """Return below which difference two configurations cannot be told apart, and where that is far too much."""
    noisy = least[least > NOISY].sort_values(ascending=False)
    rest = least.drop(noisy.index)
    return {
        "too_noisy": {evidence.label(name): float(value) for name, value in noisy.items()},
        "elsewhere": _ends(rest) if len(rest) else None,
    }


def too_noisy(evidence: Evidence) -> Iterator[Finding]:
    """Find the environments whose noise hides differences that matter."""
    facts = _smallest_difference(evidence, evidence.measured["least"].dropna())
    if facts["too_noisy"]:
        yield Finding("smallest_difference", facts, "noise")


def negligible(rows: pd.DataFrame) -> list[str]:
    """Return the options that matter nowhere, neither by themselves nor in an interaction."""
    # What was not selected counts as well: on few rows a share can be large and yet not be trusted.
    noticed = {part for term in rows.loc[rows["share_of_variance"] >= LEAST, "term"] for part in term.split(":")}
    return sorted(term for term in rows["term"].unique() if ":" not in term and term not in noticed)


def what_matters(evidence: Evidence) -> Iterator[Finding]:
    """Find what decides the objective in all environments, in some, and what hardly does."""
    rows = evidence.influential
    if rows.empty:
        yield Finding("influence_unknown")
        return
    environments = rows["environment"].nunique()
    explained = rows[rows["selected"]].groupby("environment")["share_of_variance"].sum()
    explained = 100 * explained.reindex(rows["environment"].unique(), fill_value=0.0)
    facts = {"quantity": evidence.quantity, "scale": evidence.scale, **_ends(explained)}
    yield Finding("variance_explained", facts, "influence", "influence")
    terms = rows[rows["matters"]].groupby("term")["share_of_variance"].agg(["size", "mean", "max"])
    terms = terms.sort_values(["mean", "size"], ascending=False, kind="stable")
    everywhere = terms[terms["size"] == environments]
    somewhere = terms[terms["size"] < environments].sort_values("max", ascending=False, kind="stable")
    common = {"environments": environments, "least": 100 * LEAST}
    if len(everywhere):
        means = {written(str(term)): 100 * float(mean) for term, mean in everywhere["mean"].items()}
        yield Finding("matters_everywhere", {**common, "mean_shares": means}, "influence")
    elif environments > 1:
        yield Finding("matters_nowhere_in_common", common, "influence")
    if len(somewhere):
        facts = {
            "terms": [
                {"term": written(str(term)), "environments": int(row["size"]), "highest": 100 * float(row["max"])}
                for term, row in somewhere.iterrows()
            ]
        }
        yield Finding("matters_somewhere", facts, "influence")
    yield Finding("negligible", {"options": negligible(rows), "least": 100 * LEAST}, "influence")


def main_influence(evidence: Evidence) -> Iterator[Finding]:
    """Find the term that matters most and the options that hardly do."""
    rows = evidence.influential
    if rows["matters"].any():
        environments = rows["environment"].nunique()
        # A term that an environment's model lacks counts there as nothing.
        mean = rows[rows["selected"]].groupby("term")["share_of_variance"].sum() / environments
        term = {"term": written(str(mean.idxmax())), "mean_share": 100 * float(mean.max())}
        facts = {**term, "environments": environments, "negligible": negligible(rows)}
        yield Finding("main_influence", facts, "influence", "influence")


def _similarity(evidence: Evidence, measure: str, each_way: bool = False) -> pd.DataFrame:
    """Return the pairs with a measure: once, where it is the same in both directions, or ``each_way``."""
    rows = evidence.similarity.reindex(columns=_SIMILARITY)
    rows = rows[(rows["objective"] == evidence.objective) & rows[measure].notna()].astype({measure: float})
    pairs = [frozenset(pair) for pair in zip(rows["source"], rows["target"], strict=True)]
    return rows if each_way else rows[~pd.Series(pairs, index=rows.index, dtype=object).duplicated()]


def _pair(evidence: Evidence, rows: pd.DataFrame, at: int, measure: str) -> dict[str, object]:
    row = rows.iloc[at]
    return {"pair": [evidence.label(row[end]) for end in ("source", "target")], "value": float(row[measure])}


def order(evidence: Evidence) -> Iterator[Finding]:
    """Find how alike environments order the configurations, and which pairs are most and least alike."""
    pairs = _similarity(evidence, "spearman")
    rho = pairs["spearman"]
    if pairs.empty:
        yield Finding("order_unknown", {}, "similarity")
        return
    best, worst = (_pair(evidence, pairs, int(at), "spearman") for at in (rho.argmax(), rho.argmin()))
    if len(pairs) == 1:
        yield Finding("order_of_pair", best, "similarity", "similarity")
        return
    yield Finding("order", {"median": float(rho.median()), "pairs": len(pairs)}, "similarity", "similarity")
    yield Finding("most_and_least_alike", {"most": best, "least": worst}, "similarity", "similarity")


def distribution(evidence: Evidence) -> Iterator[Finding]:
    """Find how much the distributions of values differ beyond what a linear shift undoes."""
    rows = _similarity(evidence, "kl_divergence", each_way=True)
    nats = rows["kl_divergence"]
    if len(rows):
        largest = _pair(evidence, rows, int(nats.argmax()), "kl_divergence")
        summary = {"median": float(nats.median()), "pairs": len(rows), "largest": largest}
        facts = {"quantity": evidence.quantity, **_ends(nats), **summary}
        yield Finding("divergence", facts, "similarity", "similarity")


def stability(evidence: Evidence) -> Iterator[Finding]:
    """Find how far what matters in one environment is what matters in another."""
    measures = {"common_percent": (100, "common_terms"), "rank_correlation": (1, "influence_rank_correlation")}
    values = {name: factor * _similarity(evidence, column)[column] for name, (factor, column) in measures.items()}
    if any(map(len, values.values())):
        facts = {
            name: {"median": float(series.median()), **_ends(series), "pairs": len(series)} if len(series) else None
            for name, series in values.items()
        }
        yield Finding("stability", facts, "influence_stability", "similarity")
