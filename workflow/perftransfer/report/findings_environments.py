"""The values themselves: how far they span, how alike environments are, how much repeated processes differ."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Mapping

import pandas as pd

from perftransfer import objectives
from perftransfer.evaluation.noise import spreads
from perftransfer.report.results import Results
from perftransfer.report.words import between, capital, correlation, count, known, listed, number, percent

_FEWEST = 3  # configurations in common that a rank correlation needs


def values(dataset: pd.DataFrame, objective: str) -> pd.DataFrame:
    """Return ``environment, configuration_id`` and the objective with its spread, where it was measured."""
    columns = ["environment", "configuration_id", objective, f"{objective}_cv", f"{objective}_n"]
    rows = known(dataset, columns).astype(dict.fromkeys(columns[2:], float))
    return rows[rows[objective].notna()]


def ranges(dataset: pd.DataFrame, objective: str) -> pd.DataFrame:
    """Return by environment, in the order of the dataset: ``size, low, high, factor`` of the objective."""
    groups = values(dataset, objective).groupby("environment", sort=False)[objective]
    table = groups.agg(size="size", low="min", high="max")
    return table.assign(factor=(table["high"] / table["low"]).where(table["low"] > 0))


def span(dataset: pd.DataFrame, objective: str) -> list[str]:
    """Say by what factor the worst configuration of an environment is above its best."""
    table = ranges(dataset, objective)
    table = table[table["factor"].notna() & (table["size"] > 1)]
    if table.empty:
        return []
    quantity = capital(objectives.split(objective)[0])
    factor = between(number(table["factor"].min()), number(table["factor"].max()))
    where = "in the environment" if len(table) == 1 else "in each environment" if factor.isdigit() else "by environment"
    return [f"{quantity} differs by a factor of {factor} between the best configuration and the worst, {where}."]


def rank_correlations(dataset: pd.DataFrame, objective: str) -> dict[tuple[str, str], float]:
    """Return Spearman's rank correlation of each pair of environments, over the configurations that both have."""
    rows = values(dataset, objective)
    table = rows.pivot_table(index="configuration_id", columns="environment", values=objective)
    matrix = table.corr(method="spearman", min_periods=_FEWEST)
    names = [str(name) for name in rows["environment"].unique()]
    pairs = {(a, b): float(matrix[b][a]) for a, b in itertools.combinations(names, 2)}
    return {pair: rho for pair, rho in pairs.items() if rho == rho}


def similarity(dataset: pd.DataFrame, objective: str, labels: Mapping[str, str]) -> list[str]:
    """Say how alike environments order the configurations, and which pair is most and least alike."""
    pairs = rank_correlations(dataset, objective)
    if not pairs:
        return ["No rank correlation between environments can be given: none of them share three configurations."]

    def named(pair: tuple[str, str]) -> str:
        return " and ".join(labels.get(name, name) for name in pair)

    best, worst = max(pairs, key=lambda pair: pairs[pair]), min(pairs, key=lambda pair: pairs[pair])
    if len(pairs) == 1:
        return [
            f"{named(best)} order the configurations with a rank correlation of {correlation(pairs[best])} (Spearman)."
        ]
    return [
        "Two environments order the same configurations with a rank correlation of "
        f"{correlation(statistics.median(pairs.values()))} in the median over {count(len(pairs), 'pair')} (Spearman).",
        f"Most alike are {named(best)} ({correlation(pairs[best])}), "
        f"least alike {named(worst)} ({correlation(pairs[worst])}).",
    ]


def noise_by_environment(dataset: pd.DataFrame, objective: str) -> pd.DataFrame:
    """Return by environment, in percent: ``cv``, the median spread of processes, and ``floor``.

    The floor is the error that a perfect model would show by the noise alone (``evaluation.noise.spreads``), the mean
    over configurations.
    """
    rows = spreads(values(dataset, objective), objective)
    return rows.groupby("environment", sort=False).agg(cv=("cv", "median"), floor=("floor", "mean"))


def noise(dataset: pd.DataFrame, objective: str, results: Results, labels: Mapping[str, str]) -> list[str]:
    """Say how much repeated processes differ, and how far the models are from the error that this alone causes."""
    environments = list(values(dataset, objective)["environment"].unique())
    if not environments:
        return []
    table = noise_by_environment(dataset, objective)
    if table.empty:
        return [
            "No configuration is known to have been measured in more than one process: how noisy the values are, and "
            "below which error no model can get, is not known."
        ]
    spread = between(percent(table["cv"].min()), percent(table["cv"].max()))
    text = f"Repeated processes of one configuration differ by {spread}"
    text += " (coefficient of variation, median over configurations)"
    if " to " in spread:
        quiet, loud = str(table["cv"].idxmin()), str(table["cv"].idxmax())
        text += f", least in {labels.get(quiet, quiet)}, most in {labels.get(loud, loud)}"
    said = [f"{text}."]
    floor = between(percent(table["floor"].min()), percent(table["floor"].max()))
    where = ", by environment" if " to " in floor else ""
    text = f"Because of that even a perfect model would show an error of about {floor}{where}"
    best = lowest(results)
    if best is not None:
        strategy, budget, error = best
        model = f"{results.short_name(strategy)} with {count(budget, 'measurement')}"
        text += f"; the lowest reached is {percent(error)} in the median over targets, by {model}"
    said.append(f"{text}.")
    silent = [labels.get(name, name) for name in environments if name not in table.index]
    if silent:
        said.append(f"Nothing is known of repeated processes in {listed(silent, most=3)}.")
    return said


def lowest(results: Results) -> tuple[str, int, float] | None:
    """Return strategy, budget and error (percent) of the lowest median error that a best learner reached."""
    found = [
        (results.best_error(strategy, budget), budget, strategy)
        for strategy in results.strategies
        for budget in results.budgets(strategy)
    ]
    found = [item for item in found if item[0] == item[0]]
    if not found:
        return None
    error, budget, strategy = min(found)
    return strategy, budget, error
