"""Which configuration to run in each target, and its predicted and measured performance."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from perftransfer import export, figures, objectives
from perftransfer.errors import UserError
from perftransfer.export.interface import Deployment, Snippet
from perftransfer.figures._target import Target
from perftransfer.figures._vega import Interactive
from perftransfer.figures.interface import ALL_OBJECTIVES, Inputs
from perftransfer.recommend import deployment
from perftransfer.recommend.stopping import MORE, REFERENCE_STRATEGY, Outlook
from perftransfer.report.finding import Finding
from perftransfer.report.findings_measuring import SIMULATED
from perftransfer.report.study_file import StudyEnvironment
from perftransfer.results.table import PageTable
from perftransfer.space.options import configuration_id
from perftransfer.tables.option_costs import Costs, OptionCosts, by_influence
from perftransfer.tables.recommended import Recommendations
from perftransfer.tables.recommended import Recommended as RecommendedTable

#: Change in percent below which an option of the recommended configuration hardly matters.
LEAST_CHANGE = 1


@dataclass(frozen=True)
class TitledSnippet:
    """What to paste to run a configuration, and what it is recommended for."""

    title: str
    snippet: Snippet


@dataclass(frozen=True)
class Recommended:
    """What is said of one target: findings, tables, interactive figures, and what to paste to run it."""

    target: str
    findings: list[Finding]
    tables: list[PageTable]
    figures: Sequence[Interactive] = ()
    snippets: Sequence[TitledSnippet] = ()
    emulated: bool = False
    simulated: bool = False


def recommended(
    table: pd.DataFrame,
    metadata: Mapping[str, Mapping[str, Any]],
    targets: Mapping[str, Target],
    described: Sequence[StudyEnvironment] = (),
    maximized: Collection[str] = (),
) -> list[Recommended]:
    """Return what to run in each target.

    Parameters
    ----------
    table, metadata
        recommendation.parquet, and its metadata by target.
    targets
        What figures show, by target; none for one that has none.
    described
        Targets as the resolved study describes them.
    maximized
        Objectives of which more is better.
    """
    out = []
    emulated = {row["environment"] for row in described if row.get("emulated") is True}
    simulated = {row["environment"] for row in described if row.get("engine") == SIMULATED}
    for name, rows in table.groupby("environment", sort=False):
        target = str(name)
        facts = metadata[target]
        outlooks = facts["outlooks"]
        findings = [Finding("measured_of_space", {"space": int(facts["space"]), "budget": int(facts["budget"])})]
        tables = []
        for objective, part in rows.groupby("objective", sort=False):
            findings += _findings(str(objective), part, bool(facts["confirmed"]), objective in maximized)
            outlook = outlooks[objective]
            costs = Costs.of(str(objective), targets[target].option_costs) if target in targets else None
            findings += near_optimum(costs)
            findings.append(worth_measuring(str(objective), outlook and Outlook(**outlook), str(facts["strategy"])))
            tables.append(RecommendedTable().cells(Recommendations(str(objective), part, len(outlooks) > 1)))
            changed = OptionCosts().cells(costs) if costs else None
            tables += [changed] if changed else []
        inputs: Inputs | None = {"target": targets[target]} if target in targets else None
        drawn = figures.interactive(inputs, ALL_OBJECTIVES, target) if inputs else []
        out.append(
            Recommended(target, findings, tables, drawn, snippets(rows, facts), target in emulated, target in simulated)
        )
    return out


def near_optimum(costs: Costs | None) -> Iterator[Finding]:
    """Find which option of the recommended configuration matters most, and which hardly do."""
    changes = None if costs is None else costs.rows[costs.rows["change"].notna()]
    if costs is None or changes is None or changes.empty:
        return
    first = by_influence(changes).iloc[0]
    largest = changes["change"].abs().groupby(changes["option"], sort=False).max()
    of_first = changes[changes["option"] == first["option"]]
    most = of_first.loc[of_first["change"].abs().idxmax()]
    yield Finding(
        "near_optimum",
        {
            "quantity": objectives.split(costs.objective)[0],
            "option": str(most["option"]),
            "recommended": str(most["recommended"]),
            "level": str(most["level"]),
            "change": 100 * float(most["change"]),
            "status": str(most["status"]),
            "least": LEAST_CHANGE,
            "negligible": [str(name) for name in largest.index[100 * largest < LEAST_CHANGE]],
        },
    )


def snippets(rows: pd.DataFrame, facts: Mapping[str, Any]) -> list[TitledSnippet]:
    """Return what to paste in a target, in the native format of its engine; configurations that are the same once."""
    deployments: dict[str, list[Deployment]] = {}
    for _, part in rows.groupby("objective", sort=False):
        chosen = deployment.from_rows(part, facts)
        deployments.setdefault(configuration_id(chosen.configuration), []).append(chosen)
    out = []
    for same in deployments.values():
        first = replace(same[0], objective=" and ".join(one.objective for one in same))
        format_ = export.native(first.engine)
        try:
            snippet = format_.export(first)
        except UserError as error:
            # A model may recommend what the engine refuses; nobody has tried it yet.
            format_ = export.load("table")
            table = format_.export(first)
            snippet = replace(table, remarks=(*table.remarks, f"{str(error)[:1].upper()}{str(error)[1:]}."))
        quantities = " and ".join(objectives.split(one.objective)[0] for one in same)
        out.append(TitledSnippet(f"{format_.title}, for {quantities}", snippet))
    return out


def main_findings(recommended: Sequence[Recommended]) -> list[Finding]:
    """Return what to run in each target, for its first objective: what the report opens with."""
    kinds = ("recommended", "default_is_best")
    firsts = (
        (part.target, next((finding for finding in part.findings if finding.kind in kinds), None))
        for part in recommended
    )
    return [replace(first, facts={**first.facts, "target": name}) for name, first in firsts if first is not None]


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


def _findings(objective: str, rows: pd.DataFrame, confirmed: bool, maximize: bool) -> Iterator[Finding]:
    """Find what to run, and how it compares with the default where both were measured."""
    quantity, unit = objectives.split(objective)
    default, best = rows[rows["default"]].iloc[0], deployment.best_row(rows)
    if best["default"]:
        yield Finding("default_is_best", {"quantity": quantity})
        return
    facts = {
        "quantity": quantity,
        "unit": unit,
        "maximize": maximize,
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
