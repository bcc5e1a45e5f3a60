"""All findings of a study: sections for each objective, and the few that the report opens with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from perftransfer import objectives
from perftransfer.report import (
    findings_designs,
    findings_environments,
    findings_transfer,
    tables_environments,
    tables_transfer,
)
from perftransfer.report.finding import Finding
from perftransfer.report.study_file import ResolvedStudy
from perftransfer.results.aggregate import Results
from perftransfer.results.formatting import environment_labels
from perftransfer.results.table import PageTable
from perftransfer.tables import Shown, find

#: Findings that the report opens with.
MAX_LEAD = 5


@dataclass(frozen=True)
class Section:
    """Findings under a heading, the names of the figures that show them, and tables."""

    name: str
    heading: str
    findings: Sequence[Finding]
    figures: Sequence[str]
    tables: Sequence[PageTable]


def sections(
    study: ResolvedStudy,
    tables: Mapping[str, pd.DataFrame],
    objective: str,
    results: Results,
    study_tables: Sequence[Shown],
) -> list[Section]:
    """Return the findings on one objective; ``results`` are those of the evaluation."""
    labels = environment_labels(study["environments"])
    ranges, influence, similarity = tables["ranges"], tables["influence"], tables["similarity"]
    tested, needed = find(study_tables, "significance"), find(study_tables, "needed")

    def significant(family: str) -> list[Finding]:
        return [] if tested is None else findings_transfer.significance(tested.frame, objective, family)

    def kept(*found: PageTable | None) -> list[PageTable]:
        return [table for table in found if table is not None]

    alone = [
        Section(
            "influence",
            "Which options matter",
            [
                *findings_environments.what_matters(influence, objective, study["learning"]["scale"]),
                *findings_environments.stability(similarity, objective),
            ],
            ["influence", "influence_stability"],
            kept(tables_environments.influence(influence, objective, labels)),
        ),
        Section(
            "noise",
            "Measurement noise",
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
            "Error by number of measurements",
            [
                *findings_transfer.few_measurements(results),
                *findings_transfer.many_measurements(results),
                *findings_transfer.leaders(results),
                *findings_transfer.without_measurement(results, labels),
                *findings_transfer.intervals(tables["transfer"], objective),
                *findings_transfer.regret(results, objective),
                *findings_transfer.best_learners(results),
                *significant("strategies"),
                *findings_transfer.excluded(results),
            ],
            ["error_against_budget", "ranking", "learner_comparison", "intervals"],
            kept(
                tables_transfer.errors(results),
                needed.cells(objective) if needed else None,
                tables_transfer.by_learner(results),
            ),
        ),
        Section(
            "transfer",
            "Where transfer helps and where it hurts",
            [
                *findings_transfer.no_comparison(results),
                *findings_transfer.how_often(results),
                *findings_transfer.where_it_hurts(results, labels),
                *findings_transfer.extremes(results, labels),
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
            "Similarity of environments",
            [
                *findings_environments.span(ranges, objective),
                *findings_environments.order(similarity, objective, labels),
                *findings_environments.distribution(similarity, objective, labels),
            ],
            ["source_against_target", "similarity"],
            [],
        ),
        *alone,
    ]


def _designs(
    study: ResolvedStudy, transfer: pd.DataFrame, objective: str, significant: Sequence[Finding]
) -> list[Section]:
    """Return the section on designs, if the study compares any."""
    if not study["evaluation"]["designs"]:
        return []
    compared = findings_designs.findings(Results.of_designs(transfer, objective), study["evaluation"]["design_budgets"])
    return [Section("designs", "Designs: choosing what to measure", [*compared, *significant], ["designs"], [])]


def verdicts(claims: pd.DataFrame) -> list[Finding]:
    """Group the claims by verdict."""
    return [
        Finding("verdict", {"verdict": str(verdict), "n": len(group), "claims": list(group["claim"].unique())})
        for verdict, group in claims.groupby("verdict", sort=False)
    ]


def lead(
    study: ResolvedStudy,
    tables: Mapping[str, pd.DataFrame],
    results_of: Mapping[str, Results],
    recommended: Sequence[Finding] = (),
    quality: Sequence[Finding] = (),
) -> list[Finding]:
    """Choose at most five findings to open with, those that count most first.

    Parameters
    ----------
    study, tables
        The resolved study, and its tables by name.
    results_of
        Results of the evaluation by objective.
    recommended
        What to run in the targets.
    quality
        What limits the trust in the measurements; it always has a place.
    """
    labels = environment_labels(study["environments"])
    several = len(study["objectives"]) > 1
    ranked: list[list[Finding]] = [[], [], [], []]
    noisy: list[Finding] = []
    for objective in study["objectives"]:
        results = results_of[objective]
        ranges, influence = tables["ranges"], tables["influence"]
        helps: list[Finding] = []
        best: list[Finding] = []
        if len(study["environments"]) > 1:
            few = findings_transfer.few_measurements(results)
            best = few or findings_transfer.many_measurements(results)
            helps = findings_transfer.where_it_hurts(results, labels)[-1:] or findings_transfer.no_comparison(results)
        groups = (
            findings_environments.span(ranges, objective),
            best,
            helps,
            findings_environments.main_influence(influence, objective),
        )
        prefix = objectives.split(objective)[0].capitalize() if several else ""
        for place, group in zip(ranked, groups, strict=True):
            place += [finding.of_objective(objective, prefix) for finding in group]
        noisy += [
            finding.of_objective(objective, prefix)
            for finding in findings_environments.too_noisy(ranges, objective, labels)
        ]
    last = [*quality, *noisy][:1]
    first = [*recommended, *(finding for place in ranked for finding in place)]
    return [*first[: MAX_LEAD - len(last)], *last]
