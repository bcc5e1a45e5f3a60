"""Who is a good source for whom: the error of each pair of source and target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from perftransfer import objectives
from perftransfer.report.interactive import (
    ENVIRONMENTS,
    SHADES,
    Choice,
    Interactive,
    axis_labels,
    chart,
    heat_map,
    rounded,
    scale,
    short_mark,
    some_of,
)
from perftransfer.report.table import Cell, Table
from perftransfer.results import formatting as words
from perftransfer.results.aggregate import BASELINE, Results

FEWEST = 2  # sources that a target needs for there to be a choice


def figure(results: Results, objective: str, labels: Mapping[str, str], order: Sequence[str]) -> Interactive | None:
    """Return the figure; None if no strategy uses one source. order: environments as they are to stand."""
    errors = _errors(results)
    if errors.empty:
        return None
    present = {*errors.index.get_level_values("source"), *errors.index.get_level_values("target")}
    found = [name for name in order if name in present]
    places = np.linspace(0, len(found) - 1, min(len(found), ENVIRONMENTS)).round().astype(int)
    shown = [found[i] for i in places]
    levels = errors.index
    errors = errors[levels.get_level_values("source").isin(shown) & levels.get_level_values("target").isin(shown)]
    errors = errors.dropna(how="all")
    if errors.empty:
        return None
    named = axis_labels(labels, shown)
    source, target = (list(errors.index.get_level_values(name)) for name in ("source", "target"))
    columns: dict[str, Sequence[Any]] = {
        "source": [named[name] for name in source],
        "target": [named[name] for name in target],
        **{name: [rounded(value) for value in errors[name]] for name in errors.columns},
    }
    strategies = list(errors.columns)
    if results.has_baseline:
        without = results.on_targets(BASELINE, results.largest(BASELINE))
        columns["without"] = [rounded(float(without.get(name, np.nan))) for name in target]
    together = [value for name in strategies for value in columns[name]]
    return Interactive(
        name=f"{objective}-interactive-pairs",
        section="transfer",
        title=f"Who is a good source for whom: {objectives.label(objective)}",
        caption=(
            "Error of a strategy (MAPE, in percent, at its largest budget, median over learners and repeats) by source "
            "and target: light is a good source for that target. A light column is a source that serves many, a dark "
            "row a target that is hard to learn from any. Strategies that use all sources at once have no place here."
            + short_mark(list(named.values()))
            + some_of(len(shown), len(found), "environments")
        ),
        chart=chart(
            f"Heat map: error in percent by source and target, {objectives.label(objective)}.",
            _chart([named[name] for name in shown], strategies, scale(together), "without" in columns),
        ),
        columns=columns,
        controls=[
            Choice(
                "strategy",
                "Strategy",
                [
                    (name, f"{name}: {words.strategy_title(name)}, budget {results.largest(name)}")
                    for name in strategies
                ],
            )
        ],
        table=_table(errors[strategies[0]], strategies[0], results.largest(strategies[0]), labels, shown),
    )


def _errors(results: Results) -> pd.DataFrame:
    """Return errors (percent) by source and target: a column for each strategy with a single source."""
    pairs = {}
    for name in set(results.rows.loc[results.rows["source"] != "", "strategy"]) & {*results.strategies}:
        errors = results.on_pairs(name, results.largest(name))
        pairs[name] = errors[errors.index.get_level_values("source") != ""]
    # What shifts the source's model is what most would look at, and stands first.
    names = sorted(pairs, key=lambda name: (name != "LMS", results.strategies.index(name)))
    frame = pd.DataFrame({name: pairs[name] for name in names}).replace([np.inf, -np.inf], np.nan)
    return frame.dropna(how="all").dropna(axis="columns", how="all")


def _chart(shown: list[str], strategies: list[str], kind: str, with_baseline: bool) -> dict[str, Any]:
    tooltip = [
        {"field": "source", "title": "source"},
        {"field": "target", "title": "target"},
        {"field": "chosen", "title": "strategy"},
        {"field": "error", "title": "error (%)", "type": "quantitative", "format": ",.3~r"},
    ]
    if with_baseline:
        tooltip.append({"field": "without", "title": "error without source, RS (%)", "type": "quantitative"})
    return {
        "params": [{"name": "strategy", "value": strategies[0]}],
        "transform": [
            {"calculate": "datum[strategy]", "as": "error"},
            {"calculate": "strategy", "as": "chosen"},
            {"filter": "isValid(datum.error)"},
        ],
        **heat_map(
            rows={"field": "target", "title": "target", "sort": shown, "scale": {"domain": shown}},
            columns={"field": "source", "title": "source", "sort": shown, "scale": {"domain": shown}},
            colour={
                "field": "error",
                "title": "error (%)",
                "scale": {"type": kind, "range": list(SHADES), "nice": False, "zero": False},
            },
            tooltip=tooltip,
        ),
    }


def _table(
    errors: pd.Series, strategy: str, budget: int, labels: Mapping[str, str], shown: Sequence[str]
) -> Table | None:
    """Best and worst source of each target, for one strategy."""
    rows = []
    for target in shown:
        own = errors[errors.index.get_level_values("target") == target].droplevel("target").dropna()
        if len(own) < FEWEST:
            continue
        best, worst = str(own.idxmin()), str(own.idxmax())
        rows.append(
            [
                Cell(labels.get(target, target)),
                Cell(labels.get(best, best)),
                Cell(words.percent(float(own.min()))),
                Cell(words.percent(float(own.median()))),
                Cell(labels.get(worst, worst)),
                Cell(words.percent(float(own.max()))),
            ]
        )
    if not rows:
        return None
    return Table(
        f"Best and worst source of each target: errors (MAPE) of {words.full_strategy(strategy)} at budget {budget}, "
        "median over learners and repeats.",
        ["target", "best source", "error", "median source", "worst source", "error"],
        rows,
        wordy=frozenset({1, 4}),
    )
