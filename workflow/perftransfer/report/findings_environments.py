"""The values themselves: how far they span, and how much repeated processes differ."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from perftransfer import objectives
from perftransfer.evaluation.ranges import COLUMNS
from perftransfer.results.aggregate import Results
from perftransfer.results.formatting import between, capital, count, known, listed, number, percent

# Differences that an engineer would want to see are below this, in percent.
_NOISY = 10.0


def measured(ranges: pd.DataFrame, objective: str) -> pd.DataFrame:
    """Return rows of ``ranges.parquet`` by environment, where the objective is known; with ``factor``, high by low."""
    rows = known(ranges, COLUMNS)
    table = rows[(rows["objective"] == objective) & (rows["values"] > 0)].set_index("environment")
    return table.assign(factor=(table["high"] / table["low"]).where(table["low"] > 0))


def configurations(ranges: pd.DataFrame) -> pd.Series:
    """Return how many configurations there are, by environment."""
    return known(ranges, COLUMNS).drop_duplicates("environment").set_index("environment")["configurations"]


def span(ranges: pd.DataFrame, objective: str) -> list[str]:
    """Say by what factor the worst configuration of an environment is above its best."""
    table = measured(ranges, objective)
    table = table[table["factor"].notna() & (table["values"] > 1)]
    if table.empty:
        return []
    quantity = capital(objectives.split(objective)[0])
    factor = between(number(table["factor"].min()), number(table["factor"].max()))
    where = "in the environment" if len(table) == 1 else "in each environment" if factor.isdigit() else "by environment"
    return [f"{quantity} differs by a factor of {factor} between the best configuration and the worst, {where}."]


def noise(ranges: pd.DataFrame, objective: str, results: Results, labels: Mapping[str, str]) -> list[str]:
    """Say how much repeated processes differ, and how far the models are from the error that this alone causes."""
    everywhere = measured(ranges, objective)
    if everywhere.empty:
        return []
    table = everywhere[everywhere["repeated"] > 0]
    if table.empty:
        return [
            "No configuration is known to have been measured in more than one process: how noisy the values are, and "
            "below which error no model can get, is not known."
        ]
    spread = between(percent(table["cv_50"].min()), percent(table["cv_50"].max()))
    text = f"Repeated processes of one configuration differ by {spread}"
    text += " (coefficient of variation, median over configurations)"
    if " to " in spread:
        quiet, loud = str(table["cv_50"].idxmin()), str(table["cv_50"].idxmax())
        text += f", least in {labels.get(quiet, quiet)}, most in {labels.get(loud, loud)}"
    said = [f"{text}.", _told_apart(table["least"], labels)]
    floor = between(percent(table["floor"].min()), percent(table["floor"].max()))
    where = ", by environment" if " to " in floor else ""
    text = f"Because of that even a perfect model would show an error of about {floor}{where}"
    best = results.lowest()
    if best is not None:
        strategy, budget = best
        error = results.best_error(strategy, budget)
        model = f"{results.short_name(strategy)} with {count(budget, 'measurement')}"
        text += f"; the lowest reached is {percent(error)} in the median over targets, by {model}"
    said.append(f"{text}.")
    silent = [labels.get(name, name) for name in everywhere.index if name not in table.index]
    if silent:
        said.append(f"Nothing is known of repeated processes in {listed(silent, most=3)}.")
    return said


def _told_apart(least: pd.Series, labels: Mapping[str, str]) -> str:
    """Say below which difference two configurations cannot be told apart, and where that is far off."""
    noisy = least[least > _NOISY].sort_values(ascending=False)
    if len(noisy):
        found = listed(f"{labels.get(str(name), str(name))} ({percent(value)})" for name, value in noisy.items())
        text = f"Too noisy for differences of two configurations below the percentage given: {found}"
        rest = least.drop(noisy.index)
        return f"{text}; elsewhere {percent(rest.max())} is enough." if len(rest) else f"{text}."
    far = between(percent(least.min()), percent(least.max()))
    where = ", by environment" if " to " in far else ""
    return f"Two configurations that differ by less than {far}{where} cannot be told apart (95 % confidence)."
