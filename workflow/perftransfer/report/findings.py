"""All that is said of a study: sections for each objective, and the lead that sums them up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from perftransfer import objectives
from perftransfer.report import (
    findings_against_rs,
    findings_designs,
    findings_environments,
    findings_influence,
    findings_intervals,
    findings_measuring,
    findings_significance,
    findings_similarity,
    findings_transfer,
    tables_environments,
    tables_transfer,
)
from perftransfer.report.summary import NEEDED, Summary, needed_table, of_name
from perftransfer.report.table import Table
from perftransfer.results.aggregate import Results
from perftransfer.results.formatting import between, count, environment_labels, listed

_LONGEST_LEAD = 6


@dataclass(frozen=True)
class Section:
    """Sentences under a heading, the names of the figures that support them, and tables."""

    name: str
    heading: str
    sentences: Sequence[str]
    figures: Sequence[str]
    tables: Sequence[Table]


def sections(
    study: Mapping[str, Any],
    tables: Mapping[str, pd.DataFrame],
    objective: str,
    results: Results,
    summaries: Sequence[Summary],
) -> list[Section]:
    """Return what was found on one objective; ``results`` are those of the evaluation."""
    labels = environment_labels(study["environments"])
    ranges, influence, similarity = tables["ranges"], tables["influence"], tables["similarity"]
    tested, needed = of_name(summaries, "significance"), of_name(summaries, NEEDED)

    def significant(family: str) -> list[str]:
        return [] if tested is None else findings_significance.of_family(tested.frame, objective, family)

    def kept(*found: Table | None) -> list[Table]:
        return [table for table in found if table is not None]

    alone = [
        Section(
            "influence",
            "Which options matter",
            [
                *findings_influence.what_matters(influence, objective, study["learning"]["scale"]),
                *findings_similarity.stability(similarity, objective),
            ],
            ["influence", "influence_stability"],
            kept(tables_environments.influence(influence, objective, labels)),
        ),
        Section(
            "noise",
            "How noisy the values are",
            findings_environments.noise(ranges, objective, results, labels),
            ["noise"],
            kept(tables_environments.values(ranges, objective, labels)),
        ),
    ]
    if len(study["environments"]) == 1:
        return alone
    return [
        Section(
            "budget",
            "How many measurements for which error",
            [
                *findings_transfer.few_measurements(results),
                *findings_transfer.many_measurements(results),
                *findings_transfer.leaders(results),
                *findings_transfer.without_measurement(results, labels),
                *findings_intervals.held(tables["transfer"], objective),
                *findings_transfer.regret(results, objective),
                *findings_transfer.best_learners(results),
                *significant("strategies"),
                *findings_transfer.left_out(results),
            ],
            ["error_against_budget", "ranking", "learner_comparison", "intervals"],
            kept(
                tables_transfer.errors(results),
                None if needed is None else needed_table(needed, objective),
                tables_transfer.by_learner(results),
            ),
        ),
        Section(
            "transfer",
            "Where transfer helps, and where it hurts",
            [
                *findings_transfer.no_comparison(results),
                *findings_against_rs.how_often(results),
                *findings_against_rs.where_it_hurts(results, labels),
                *findings_against_rs.extremes(results, labels),
            ],
            ["error_per_target"],
            kept(
                tables_transfer.against_baseline(results),
                tables_transfer.by_target(results, ranges, objective, labels),
            ),
        ),
        *_designs(study, tables["transfer"], objective, significant("designs")),
        Section(
            "alike",
            "How alike the environments are",
            [
                *findings_environments.span(ranges, objective),
                *findings_similarity.order(similarity, objective, labels),
                *findings_similarity.distribution(similarity, objective, labels),
            ],
            ["source_against_target", "similarity"],
            [],
        ),
        *alone,
    ]


def _designs(
    study: Mapping[str, Any], transfer: pd.DataFrame, objective: str, significant: Sequence[str]
) -> list[Section]:
    """Return the section on designs, if the study compares any."""
    if not study["evaluation"]["designs"]:
        return []
    results, asked = Results.of_designs(transfer, objective), study["evaluation"]["design_budgets"]
    return [
        Section(
            "designs",
            "How to choose what to measure",
            [
                *findings_designs.at_every_budget(results, asked),
                *findings_designs.at_each_budget(results, asked),
                *findings_designs.of_a_fixed_size(results, asked),
                *findings_designs.guided(results, asked),
                *findings_designs.no_random_sample(results),
                *findings_designs.how_to_read(results, asked),
                *significant,
            ],
            ["designs"],
            [],
        )
    ]


def lead(study: Mapping[str, Any], tables: Mapping[str, pd.DataFrame], results_of: Mapping[str, Results]) -> list[str]:
    """Sum the study up in at most six sentences: what there is, then the main findings, those that count most first.

    results_of: results of the evaluation by objective.
    """
    labels = environment_labels(study["environments"])
    several = len(study["objectives"]) > 1
    first: list[str] = []
    second: list[str] = []
    for objective in study["objectives"]:
        results = results_of[objective]
        main = [
            *findings_transfer.few_measurements(results)[:1],
            *findings_transfer.many_measurements(results),
            *findings_transfer.no_comparison(results),
        ]
        if len(study["environments"]) == 1:
            main = []
        prefix = f"{objectives.split(objective)[0].capitalize()}: " if several else ""
        first += [prefix + sentence for sentence in main[: 1 if several else 2]]
        rest = [
            *findings_against_rs.where_it_hurts(results, labels)[-1:],
            *findings_transfer.without_measurement(results, labels)[:1],
            *findings_influence.in_short(tables["influence"], objective),
            *findings_environments.span(tables["ranges"], objective),
        ]
        second += [prefix + sentence for sentence in rest]
    return [overview(study, tables), *first, *second][:_LONGEST_LEAD]


def overview(study: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> str:
    """Say how many environments there are, where their values come from, and how many configurations each has."""
    environments = study["environments"]
    simulated = [row for row in environments if row.get("engine") == findings_measuring.SIMULATED]
    measured = [row for row in environments if row["kind"] == "measured" and row not in simulated]
    imported = [row for row in environments if row["kind"] == "imported"]
    sizes = findings_environments.configurations(tables["ranges"])
    pool = f" with {between(str(sizes.min()), str(sizes.max()))} configurations each" if len(sizes) else ""
    kinds = {"measured": measured, "imported": imported, "simulated": simulated}
    found = {kind: len(rows) for kind, rows in kinds.items() if rows}
    what = f"{next(iter(found))} environment" if len(found) == 1 else "environment"
    mixed = f": {listed(f'{n} {kind}' for kind, n in found.items())}" if len(found) > 1 else ""
    emulated = sum(row.get("emulated") is True for row in environments)
    if not emulated:
        mark = ""
    elif emulated == 1:
        mark = "; 1 of them is emulated, a restriction of the same machine"
    else:
        mark = f"; {emulated} of them are emulated, restrictions of the same machine"
    if len(environments) == 1:
        return f"One environment is known{pool.removesuffix(' each')}{mark.replace('1 of them', 'it')}."
    return f"This study compares {count(len(environments), what)}{pool}{mixed}{mark}."
