"""Which configuration to run in each target, and its predicted and measured performance."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from perftransfer import export, figures, objectives
from perftransfer.dataset.params import EnvironmentDescription
from perftransfer.errors import UserError
from perftransfer.export.interface import Deployment, Snippet
from perftransfer.figures._target import Target
from perftransfer.figures._vega import Interactive
from perftransfer.figures.interface import ALL_OBJECTIVES, Inputs
from perftransfer.recommend import deployment
from perftransfer.recommend.facts import EngineDefaultFacts, GoalFacts, TargetFacts
from perftransfer.recommend.stopping import MORE, PROBABILITY, Outlook
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
    metadata: Mapping[str, TargetFacts],
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
        if facts["stopped_early"]:
            findings.append(Finding("stopped_early", {"tolerance": 100 * facts["tolerance"]}))
        goal, tables, unreliable = facts["goal"], [], _unreliable(facts)
        if goal["terms"]:
            findings.append(Finding("wanted", {"terms": goal["terms"]}))
        for objective, part in rows.groupby("objective", sort=False):
            own = facts["engine_default"].get(str(objective))
            if objective in goal["objectives"]:
                limited, confirmed = bool(goal["limits"]), bool(facts["confirmed"])
                findings += _findings(str(objective), part, confirmed, objective in maximized, limited, unreliable)
                findings += _engine_default(str(objective), deployment.best_row(part), facts["description"], own)
                costs = Costs.of(str(objective), targets[target].option_costs) if target in targets else None
                findings += near_optimum(costs)
                outlook = outlooks[str(objective)]
                expected = None if outlook is None else Outlook(**outlook)
                findings.append(worth_measuring(str(objective), expected, facts["tolerance"]))
            recommendations = Recommendations(
                str(objective), part, len(outlooks) > 1, None if own is None else own["measured"]
            )
            tables.append(RecommendedTable().cells(recommendations))
            if objective in goal["objectives"] and costs:
                changed = OptionCosts().cells(costs)
                tables += [changed] if changed else []
        findings += _limits_broken(rows, goal)
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
            **{end: None if pd.isna(most[end]) else 100 * float(most[end]) for end in ("low", "high")},
            "status": str(most["status"]),
            "least": LEAST_CHANGE,
            "negligible": [str(name) for name in largest.index[100 * largest < LEAST_CHANGE]],
        },
    )


def snippets(rows: pd.DataFrame, facts: TargetFacts) -> list[TitledSnippet]:
    """Return what to paste in a target, in the native format of its engine; configurations that are the same once."""
    deployments: dict[str, list[Deployment]] = {}
    wanted = rows[rows["objective"].isin(facts["goal"]["objectives"])]
    for _, part in wanted.groupby("objective", sort=False):
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


def worth_measuring(objective: str, outlook: Outlook | None, tolerance: float) -> Finding:
    """Find whether more measurements are worth it.

    Parameters
    ----------
    objective
        What was searched.
    outlook
        None if nothing is left to measure.
    tolerance
        Gain, as a fraction, that is not worth a measurement.
    """
    if outlook is None:
        return Finding("nothing_left_to_measure")
    facts = {
        "quantity": objectives.split(objective)[0],
        "more": MORE,
        "probability": 100 * PROBABILITY,
        "regret": 100 * outlook.regret,
        "gain": 100 * outlook.gain,
        "noise": None if outlook.noise is None else 100 * outlook.noise,
        "tolerance": 100 * tolerance,
        "enough": outlook.is_enough(tolerance),
    }
    return Finding("worth_measuring", facts)


def _unreliable(facts: TargetFacts) -> list[Mapping[str, object]]:
    """Return the counts of what was learnt from, and of what is recommended, that rest on disturbed measurements."""
    counts = ((False, facts["disturbance"]), (True, facts["disturbance_confirmed"]))
    return [
        {**count, "side_by_side": side_by_side}
        for side_by_side, count in counts
        if count is not None and count["unreliable"]
    ]


def _findings(
    objective: str,
    rows: pd.DataFrame,
    confirmed: bool,
    maximize: bool,
    limited: bool,
    unreliable: Sequence[Mapping[str, object]],
) -> Iterator[Finding]:
    """Find what to run, and how it compares with the default where both were measured."""
    quantity, unit = objectives.split(objective)
    default, best = rows[rows["default"]].iloc[0], deployment.best_row(rows)
    if not best["keeps_limits"]:
        yield Finding("no_limit_kept")
    if best["default"]:
        yield Finding("default_is_best", {"quantity": quantity, "unreliable": unreliable})
        return
    facts = {
        "quantity": quantity,
        "unit": unit,
        "maximize": maximize,
        "changes": str(best["changes"]),
        "predicted": float(best["predicted"]),
        **{name: _value(best[name]) for name in ("low", "high", "probability_better", "measured")},
        "default_measured": _value(default["measured"]),
        "limited": limited,
        "probability_keeps": _value(best["probability_keeps"]),
        "unreliable": unreliable,
    }
    yield Finding("recommended", facts)
    if facts["measured"] is None or facts["default_measured"] is None:
        yield Finding("could_not_be_measured" if confirmed else "not_measured_yet")
    else:
        yield Finding("measured_next_to_default", facts)
        tried = rows[rows["measured"].notna()].sort_values("rank")
        equal = tried[tried["equal"] & (tried["configuration_id"] != best["configuration_id"])]
        others = ["the default configuration" if one["default"] else one["changes"] for _, one in equal.iterrows()]
        was_first = bool(tried["configuration_id"].iloc[0] == best["configuration_id"])
        if others or not was_first:
            apart = {"n": len(tried), "equal": others, "was_first": was_first, "processes": int(best["measured_n"])}
            yield Finding("told_apart", apart)
    yield from _best_with(rows, best, quantity, unit)


def _best_with(rows: pd.DataFrame, best: pd.Series, quantity: str, unit: str) -> Iterator[Finding]:
    """Find the best configuration with each other level of an option that changes what the network answers."""
    chosen = set(str(best["configuration"]).split())
    for _, other in rows[rows["best_with"] != ""].iterrows():
        for level in str(other["best_with"]).split(", "):
            option = level.partition("=")[0]
            if level not in chosen:
                facts = {
                    "quantity": quantity,
                    "unit": unit,
                    "chosen": next((one for one in chosen if one.partition("=")[0] == option), f"no {option}"),
                    "level": level,
                    "changes": str(other["changes"]),
                    "predicted": float(other["predicted"]),
                    "measured": _value(other["measured"]),
                }
                yield Finding("best_with", facts)


def _limits_broken(rows: pd.DataFrame, goal: GoalFacts) -> Iterator[Finding]:
    """Find the limits that the recommended configuration broke when it was measured."""
    decisive = rows[(rows["objective"] == goal["objectives"][0])].sort_values("rank")
    best = decisive["configuration_id"].iloc[0]
    for limit in goal["limits"]:
        values = rows.loc[(rows["objective"] == limit["objective"]) & (rows["configuration_id"] == best), "measured"]
        value = _value(values.iloc[0])
        if value is None or (value <= limit["value"]) == limit["at_most"]:
            continue
        quantity, unit = objectives.split(limit["objective"])
        yield Finding("limit_broken", {"quantity": quantity, "unit": unit, "measured": value, "limit": limit["value"]})


def _engine_default(
    objective: str, best: pd.Series, description: EnvironmentDescription, own: EngineDefaultFacts | None
) -> Iterator[Finding]:
    """Find how the best configuration compares with the engine left alone, if that was tried."""
    if own is None:
        return
    engine = description.get("engine")
    if own["measured"] is None:
        yield Finding("engine_default_failed", {"engine": engine, "error": own["error"]})
        return
    quantity, unit = objectives.split(objective)
    facts = {"quantity": quantity, "unit": unit, "engine": engine, "own": float(own["measured"])}
    yield Finding("engine_default", {**facts, "measured": _value(best["measured"]), "default": bool(best["default"])})


def _value(value: object) -> float | None:
    return None if pd.isna(value) else float(value)  # type: ignore[arg-type,call-overload]
