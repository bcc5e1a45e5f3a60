"""What the environments tell: how far values span, how noisy they are, which options matter, how alike they are."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from perftransfer import objectives
from perftransfer.evaluation.ranges import COLUMNS
from perftransfer.report.finding import Finding
from perftransfer.report.findings_transfer import strategy_facts
from perftransfer.results.aggregate import Results
from perftransfer.results.formatting import known
from perftransfer.results.influence import LEAST, influential, written

#: Percent; differences that an engineer wants to see are smaller.
NOISY = 10.0

_SIMILARITY = [
    "objective",
    "source",
    "target",
    "spearman",
    "kl_divergence",
    "common_terms",
    "influence_rank_correlation",
]


def measured(ranges: pd.DataFrame, objective: str) -> pd.DataFrame:
    """Return rows of ``ranges.parquet`` by environment, where the objective has values; ``factor`` is high by low."""
    rows = known(ranges, COLUMNS)
    table = rows[(rows["objective"] == objective) & (rows["values"] > 0)].set_index("environment")
    return table.assign(factor=(table["high"] / table["low"]).where(table["low"] > 0))


def configurations(ranges: pd.DataFrame) -> pd.Series:
    """Return the number of configurations by environment."""
    return known(ranges, COLUMNS).drop_duplicates("environment").set_index("environment")["configurations"]


def span(ranges: pd.DataFrame, objective: str) -> list[Finding]:
    """Find by what factor the worst configuration of an environment is above its best."""
    table = measured(ranges, objective)
    table = table[table["factor"].notna() & (table["values"] > 1)]
    if table.empty:
        return []
    facts = {"quantity": objectives.split(objective)[0], "environments": len(table), **_ends(table["factor"])}
    return [Finding("span", facts, "source_against_target", "environments")]


def noise(ranges: pd.DataFrame, objective: str, results: Results, labels: Mapping[str, str]) -> list[Finding]:
    """Find how much repeated processes differ, and how far the models are from the error that this alone causes."""
    everywhere = measured(ranges, objective)
    if everywhere.empty:
        return []
    table = everywhere[everywhere["repeated"] > 0]
    if table.empty:
        return [Finding("noise_unknown", {}, "noise")]
    spread = table["cv_50"]
    quiet, loud = (labels.get(name, name) for name in (str(spread.idxmin()), str(spread.idxmax())))
    findings = [
        Finding("spread_of_processes", {**_ends(spread), "quietest": quiet, "noisiest": loud}, "noise"),
        Finding("smallest_difference", _told_apart(table["least"], labels), "noise"),
    ]
    facts: dict[str, object] = {**_ends(table["floor"]), "reached": None}
    lowest = results.lowest()
    if lowest is not None:
        strategy, budget = lowest
        error = results.best_error(strategy, budget)
        facts["reached"] = {**strategy_facts(results, strategy), "budget": budget, "error": error}
    findings.append(Finding("error_of_a_perfect_model", facts, "noise"))
    silent = [labels.get(name, name) for name in everywhere.index if name not in table.index]
    return [*findings, Finding("noise_unknown_in", {"environments": silent}, "noise")] if silent else findings


def _told_apart(least: pd.Series, labels: Mapping[str, str]) -> dict[str, object]:
    """Return below which difference two configurations cannot be told apart, and where that is far too much."""
    noisy = least[least > NOISY].sort_values(ascending=False)
    rest = least.drop(noisy.index)
    return {
        "too_noisy": {labels.get(str(name), str(name)): float(value) for name, value in noisy.items()},
        "elsewhere": _ends(rest) if len(rest) else None,
    }


def too_noisy(ranges: pd.DataFrame, objective: str, labels: Mapping[str, str]) -> list[Finding]:
    """Find the environments whose noise hides differences that matter."""
    table = measured(ranges, objective)
    facts = _told_apart(table["least"].dropna(), labels)
    return [Finding("smallest_difference", facts, "noise")] if facts["too_noisy"] else []


def _ends(values: pd.Series) -> dict[str, float]:
    return {"low": float(values.min()), "high": float(values.max())}


def negligible(rows: pd.DataFrame) -> list[str]:
    """Return the options that matter nowhere, neither by themselves nor in an interaction."""
    # What was not selected counts as well: on few rows a share can be large and yet not be trusted.
    noticed = {part for term in rows.loc[rows["share_of_variance"] >= LEAST, "term"] for part in term.split(":")}
    return sorted(term for term in rows["term"].unique() if ":" not in term and term not in noticed)


def what_matters(influence: pd.DataFrame, objective: str, scale: str) -> list[Finding]:
    """Find what decides the objective in all environments, in some, and what hardly does."""
    rows = influential(influence, objective)
    if rows.empty:
        return [Finding("influence_unknown")]
    environments = rows["environment"].nunique()
    explained = rows[rows["selected"]].groupby("environment")["share_of_variance"].sum()
    explained = 100 * explained.reindex(rows["environment"].unique(), fill_value=0.0)
    facts = {"quantity": objectives.split(objective)[0], "scale": scale, **_ends(explained)}
    findings = [Finding("variance_explained", facts, "influence", "influence")]
    found = rows[rows["matters"]].groupby("term")["share_of_variance"].agg(["size", "mean", "max"])
    found = found.sort_values(["mean", "size"], ascending=False, kind="stable")
    everywhere = found[found["size"] == environments].sort_values("mean", ascending=False, kind="stable")
    somewhere = found[found["size"] < environments].sort_values("max", ascending=False, kind="stable")
    common = {"environments": environments, "least": 100 * LEAST}
    if len(everywhere):
        terms = {written(str(term)): 100 * float(row["mean"]) for term, row in everywhere.iterrows()}
        findings.append(Finding("matters_everywhere", {**common, "mean_shares": terms}, "influence"))
    elif environments > 1:
        findings.append(Finding("matters_nowhere_in_common", common, "influence"))
    if len(somewhere):
        some = [
            {"term": written(str(term)), "environments": int(row["size"]), "highest": 100 * float(row["max"])}
            for term, row in somewhere.iterrows()
        ]
        findings.append(Finding("matters_somewhere", {"terms": some}, "influence"))
    return [*findings, Finding("negligible", {"options": negligible(rows), "least": 100 * LEAST}, "influence")]


def main_influence(influence: pd.DataFrame, objective: str) -> list[Finding]:
    """Find the term that matters most and the options that hardly do."""
    rows = influential(influence, objective)
    if not rows["matters"].any():
        return []
    n = rows["environment"].nunique()
    # A term that an environment's model lacks counts there as nothing.
    mean = rows[rows["selected"]].groupby("term")["share_of_variance"].sum() / n
    facts = {
        "term": written(str(mean.idxmax())),
        "mean_share": 100 * float(mean.max()),
        "environments": n,
        "negligible": negligible(rows),
    }
    return [Finding("main_influence", facts, "influence", "influence")]


def _similarity_rows(similarity: pd.DataFrame, objective: str, measure: str) -> pd.DataFrame:
    rows = known(similarity, _SIMILARITY)
    rows = rows[(rows["objective"] == objective) & rows[measure].notna()]
    return rows.astype({measure: float})


def _once(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep one row of each pair, for a measure that is the same in both directions."""
    pairs = [frozenset(pair) for pair in zip(rows["source"], rows["target"], strict=True)]
    return rows[~pd.Series(pairs, index=rows.index, dtype=object).duplicated()]


def _pair(row: pd.Series, measure: str, labels: Mapping[str, str]) -> dict[str, object]:
    names = [labels.get(str(row[end]), str(row[end])) for end in ("source", "target")]
    return {"pair": names, "value": float(row[measure])}


def order(similarity: pd.DataFrame, objective: str, labels: Mapping[str, str]) -> list[Finding]:
    """Find how alike environments order the configurations, and which pairs are most and least alike."""
    pairs = _once(_similarity_rows(similarity, objective, "spearman"))
    if pairs.empty:
        return [Finding("order_unknown", {}, "similarity")]
    rho = pairs["spearman"]
    best, worst = (_pair(pairs.iloc[int(at)], "spearman", labels) for at in (rho.argmax(), rho.argmin()))
    if len(pairs) == 1:
        return [Finding("order_of_pair", best, "similarity", "similarity")]
    facts = {"median": float(rho.median()), "pairs": len(pairs)}
    return [
        Finding("order", facts, "similarity", "similarity"),
        Finding("most_and_least_alike", {"most": best, "least": worst}, "similarity", "similarity"),
    ]


def distribution(similarity: pd.DataFrame, objective: str, labels: Mapping[str, str]) -> list[Finding]:
    """Find how much the distributions of values differ beyond what a linear shift undoes."""
    rows = _similarity_rows(similarity, objective, "kl_divergence")
    if rows.empty:
        return []
    nats = rows["kl_divergence"]
    facts = {
        "quantity": objectives.split(objective)[0],
        **_ends(nats),
        "median": float(nats.median()),
        "pairs": len(rows),
        "largest": _pair(rows.iloc[int(nats.argmax())], "kl_divergence", labels),
    }
    return [Finding("divergence", facts, "similarity", "similarity")]


def stability(similarity: pd.DataFrame, objective: str) -> list[Finding]:
    """Find how far what matters in one environment is what matters in another."""
    common, ranks = (
        factor * _once(_similarity_rows(similarity, objective, name))[name]
        for factor, name in ((100, "common_terms"), (1, "influence_rank_correlation"))
    )
    if not len(common) and not len(ranks):
        return []
    facts = {
        name: {"median": float(values.median()), **_ends(values), "pairs": len(values)} if len(values) else None
        for name, values in (("common_percent", common), ("rank_correlation", ranks))
    }
    return [Finding("stability", facts, "influence_stability", "similarity")]
