"""Which configuration to run in each target, and its predicted and measured performance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from perftransfer import figures, objectives
from perftransfer.figures._target import Target
from perftransfer.figures._vega import Interactive
from perftransfer.figures.interface import ALL_OBJECTIVES
from perftransfer.recommend.stopping import MORE, REFERENCE_STRATEGY, Outlook
from perftransfer.report.finding import Finding
from perftransfer.report.findings_measuring import SIMULATED
from perftransfer.report.study_file import StudyEnvironment
from perftransfer.results.formatting import NOTHING, number, percent
from perftransfer.results.table import Cell, PageTable


@dataclass(frozen=True)
class Recommended:
    """What is said of one target: findings, a table of the configurations for each objective, interactive figures."""

    target: str
    findings: list[Finding]
    tables: list[PageTable]
    figures: Sequence[Interactive] = ()
    emulated: bool = False
    simulated: bool = False


def recommended(
    table: pd.DataFrame,
    known: Mapping[str, Mapping[str, Any]],
    targets: Mapping[str, Target],
    described: Sequence[StudyEnvironment] = (),
) -> list[Recommended]:
    """Return what to run in each target. table: recommendation.parquet; known: its metadata, by target.

    targets: what figures show, by target; none for one that has none. described: targets as the resolved study does.
    """
    out = []
    emulated = {str(row["environment"]) for row in described if row.get("emulated") is True}
    simulated = {str(row["environment"]) for row in described if row.get("engine") == SIMULATED}
    for target, rows in table.groupby("environment", sort=False):
        facts = known[str(target)]
        findings = [Finding("measured_of_space", {"space": int(facts["space"]), "budget": int(facts["budget"])})]
        tables = []
        for objective, own in rows.groupby("objective", sort=False):
            findings += _findings(str(objective), own, bool(facts["confirmed"]))
            outlook = facts["outlooks"][objective]
            findings.append(worth_measuring(str(objective), outlook and Outlook(**outlook), str(facts["strategy"])))
            tables.append(_table(str(objective), own, several=len(facts["outlooks"]) > 1))
        shown = []
        if target in targets:
            shown = figures.interactive({"target": targets[str(target)]}, ALL_OBJECTIVES, str(target))
        out.append(Recommended(str(target), findings, tables, shown, target in emulated, target in simulated))
    return out


def main_findings(recommended: Sequence[Recommended]) -> list[Finding]:
    """Return what to run in each target, for its first objective: what the report opens with."""
    kinds = ("recommended", "default_is_best")
    first = [next((one for one in part.findings if one.kind in kinds), None) for part in recommended]
    return [
        Finding(
            one.kind,
            {
                **one.values,  # noqa: PD011
                "target": part.target,
            },
        )
        for one, part in zip(first, recommended, strict=True)
        if one is not None
    ]


def worth_measuring(objective: str, outlook: Outlook | None, strategy: str) -> Finding:
    """Find whether more measurements are worth it. outlook: None if nothing is left to measure."""
    if outlook is None:
        return Finding("nothing_left_to_measure")
    facts = {
        "quantity": objectives.split(objective)[0],
        "more": MORE,
        "now": 100 * outlook.now,
        "then": 100 * outlook.then,
        "noise": None if outlook.noise is None else 100 * outlook.noise,
        "enough": outlook.enough,
        "strategy": strategy,
        "reference": REFERENCE_STRATEGY,
    }
    return Finding("worth_measuring", facts)


def _findings(objective: str, rows: pd.DataFrame, confirmed: bool) -> Iterator[Finding]:
    """Find what to run, and how it compares with the default where both were measured."""
    quantity, unit = objectives.split(objective)
    default, best = rows[rows["default"]].iloc[0], rows.sort_values("rank").iloc[0]
    if best["default"]:
        yield Finding("default_is_best", {"quantity": quantity})
        return
    facts = {
        "quantity": quantity,
        "unit": unit,
        "changes": str(best["changes"]),
        "predicted": float(best["predicted"]),
        **{name: _value(best[name]) for name in ("low", "high", "probability_better", "measured")},
        "default_measured": _value(default["measured"]),
    }
    yield Finding("recommended", facts)
    if facts["measured"] is None or facts["default_measured"] is None:
        yield Finding("could_not_be_measured" if confirmed else "not_measured_yet")
    else:
        yield Finding("measured_next_to_default", facts)


def _value(value: object) -> float | None:
    return None if pd.isna(value) else float(value)  # type: ignore[arg-type,call-overload]


def _table(objective: str, rows: pd.DataFrame, several: bool) -> PageTable:
    quantity, unit = objectives.split(objective)
    body = []
    for _, row in rows.sort_values("rank").iterrows():
        what = "the default configuration" if row["default"] else row["changes"]
        known = pd.notna(row["low"])
        interval = f"{number(row['low'], 3)} to {number(row['high'], 3)}" if known else NOTHING
        chance = percent(100 * row["probability_better"]) if pd.notna(row["probability_better"]) else NOTHING
        cells = [f"{row['rank']:,}", number(row["predicted"], 3), interval, chance, number(row["measured"], 3)]
        body.append([Cell(what, "on the Pareto front" if several and row["pareto"] else ""), *map(Cell, cells)])
    in_unit = f", {unit}" if unit else ""
    return PageTable(
        f"{quantity.capitalize()} of what is recommended: rank among all configurations by the model, the predicted "
        "value with its 90 % interval (of the best of many it covers fewer), the probability that it beats the default "
        "configuration, and the median of the processes in which it was measured next to the default.",
        ["configuration", "rank", f"predicted{in_unit}", "interval", "beats the default", f"measured{in_unit}"],
        body,
    )
