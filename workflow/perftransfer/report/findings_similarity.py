"""How alike environments are: the order and distribution of their values, and what matters in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from perftransfer import objectives
from perftransfer.results.formatting import between, correlation, count, known, number, percent

_COLUMNS = ["objective", "source", "target", "spearman", "kl_divergence", "common_terms", "influence_rank_correlation"]


def _rows(similarity: pd.DataFrame, objective: str, measure: str) -> pd.DataFrame:
    rows = known(similarity, _COLUMNS)
    rows = rows[(rows["objective"] == objective) & rows[measure].notna()]
    return rows.astype({measure: float})


def _once(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep one row of each pair: of a measure that is the same in both directions."""
    pairs = [frozenset(pair) for pair in zip(rows["source"], rows["target"], strict=True)]
    return rows[~pd.Series(pairs, index=rows.index, dtype=object).duplicated()]


def _named(row: pd.Series, labels: Mapping[str, str], word: str) -> str:
    return f" {word} ".join(labels.get(str(row[end]), str(row[end])) for end in ("source", "target"))


def order(similarity: pd.DataFrame, objective: str, labels: Mapping[str, str]) -> list[str]:
    """Say how alike environments order the configurations, and which pair is most and least alike."""
    pairs = _once(_rows(similarity, objective, "spearman"))
    if pairs.empty:
        return [
            "No rank correlation between environments can be given: no two of them share three configurations whose "
            "values differ."
        ]
    rho = pairs["spearman"]
    best, worst = pairs.iloc[int(rho.argmax())], pairs.iloc[int(rho.argmin())]
    if len(pairs) == 1:
        return [
            f"{_named(best, labels, 'and')} order the configurations with a rank correlation of "
            f"{correlation(best['spearman'])} (Spearman)."
        ]
    return [
        "Two environments order the same configurations with a rank correlation of "
        f"{correlation(rho.median())} in the median over {count(len(pairs), 'pair')} (Spearman).",
        f"Most alike are {_named(best, labels, 'and')} ({correlation(best['spearman'])}), "
        f"least alike {_named(worst, labels, 'and')} ({correlation(worst['spearman'])}).",
    ]


def distribution(similarity: pd.DataFrame, objective: str, labels: Mapping[str, str]) -> list[str]:
    """Say how much the distributions of values differ beyond what a linear shift undoes."""
    rows = _rows(similarity, objective, "kl_divergence")
    if rows.empty:
        return []
    found = rows["kl_divergence"]
    text = (
        f"Standardised in each environment, the distribution of {objectives.split(objective)[0]} in the source "
        f"diverges from that in the target by {between(number(found.min()), number(found.max()))} nats "
        "(Kullback-Leibler; 0 if a linear shift makes the two equal)"
    )
    if len(rows) > 1:
        text += f", {number(found.median())} in the median over {count(len(rows), 'pair')} of source and target"
    if found.max() > found.min():
        text += f"; most from {_named(rows.iloc[int(found.argmax())], labels, 'to')}"
    return [f"{text}."]


def stability(similarity: pd.DataFrame, objective: str) -> list[str]:
    """Say how far what matters in one environment is what matters in another."""
    parts = []
    common = 100 * _once(_rows(similarity, objective, "common_terms"))["common_terms"]
    if len(common):
        pairs = f", the median over {count(len(common), 'pair')} of environments" if len(common) > 1 else ""
        parts.append(
            "of the options and interactions that the stepwise regression selects in one environment or another, "
            f"{percent(common.median())} are selected in both{_range(common, percent)}{pairs}"
        )
    ranks = _once(_rows(similarity, objective, "influence_rank_correlation"))["influence_rank_correlation"]
    if len(ranks):
        parts.append(
            f"their shares of the variance are ordered alike with a rank correlation of {correlation(ranks.median())}"
            f"{_range(ranks, correlation)}"
        )
    return [f"How stable that is from source to target: {'; '.join(parts)}."] if parts else []


def _range(values: pd.Series, written: Callable[[float], str]) -> str:
    """Write how far values go, where they differ."""
    low, high = written(float(values.min())), written(float(values.max()))
    return f" ({low} to {high})" if low != high else ""
