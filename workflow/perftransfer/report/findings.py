"""The sections of the report and the findings in each, and the few that the report opens with.

A further kind of finding is a function of ``Evidence``, named in a section here, and a macro of the kind's name in
``sentences.jinja``. Tables and figures name their section themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from perftransfer.report import findings_designs as designs
from perftransfer.report import findings_environments as environments
from perftransfer.report import findings_search as search
from perftransfer.report import findings_transfer as transfer
from perftransfer.report.finding import Finding
from perftransfer.report.study_file import ResolvedStudy
from perftransfer.results.evidence import Evidence
from perftransfer.results.formatting import capital, environment_labels

#: What finds something, or nothing, in the evidence on one objective.
Finder = Callable[[Evidence], Iterable[Finding]]

#: Findings that the report opens with.
MAX_LEAD = 5


@dataclass(frozen=True)
class Section:
    """A part of the report on each objective. several: whether it needs more than one environment."""

    name: str
    heading: str
    finders: Sequence[Finder]
    several: bool = True

    def findings(self, evidence: Evidence) -> list[Finding]:
        """Return what is found, in order."""
        return [finding for find in self.finders for finding in find(evidence)]


# About the comparison of strategies.
_ON_STRATEGIES = ("budget", "transfer", "designs")
SECTIONS = (
    Section("search", "Search for the best configuration", (search.how_soon,)),
    Section(
        "budget",
        "Error by number of measurements",
        (
            transfer.few_measurements, transfer.many_measurements, transfer.leaders, transfer.without_measurement,
            transfer.intervals, transfer.regret, transfer.best_learners, transfer.significant_strategies,
            transfer.excluded,
        ),
    ),
    Section(
        "transfer",
        "Where transfer helps and where it hurts",
        (transfer.no_comparison, transfer.how_often, transfer.where_it_hurts, transfer.extremes),
    ),
    Section(
        "designs",
        "Designs: choosing what to measure",
        (
            designs.at_every_budget, designs.at_each_budget, designs.fixed_size, designs.guided,
            designs.no_random_sample, designs.how_to_read, transfer.significant_designs,
        ),
    ),
    Section("alike", "Similarity of environments", (environments.span, environments.order, environments.distribution)),
    Section("influence", "Which options matter", (environments.what_matters, environments.stability), several=False),
    Section("noise", "Measurement noise", (environments.noise,), several=False),
)  # fmt: skip


def evidence_on(
    study: ResolvedStudy, tables: Mapping[str, pd.DataFrame], significance: pd.DataFrame | None = None
) -> dict[str, Evidence]:
    """Put together what is known about each objective.

    Parameters
    ----------
    study, tables
        The resolved study, and its tables by name.
    significance
        The table ``significance`` as the report shows it, if the study has it.
    """
    return {
        objective: Evidence(
            objective,
            **{name: tables[name] for name in ("ranges", "influence", "similarity", "transfer", "search")},
            labels=environment_labels(study["environments"]),
            significance=significance,
            maximize=objective in study["maximized"],
            scale=study["learning"]["scale"],
            design_budgets=study["evaluation"]["design_budgets"] if study["evaluation"]["designs"] else (),
        )
        for objective in study["objectives"]
    }


def sections(evidence: Evidence) -> list[Section]:
    """Return the sections that a report on this study has."""
    several, lacking = len(evidence.labels) > 1, () if evidence.compares_strategies else _ON_STRATEGIES
    return [
        section
        for section in SECTIONS
        if (several or not section.several)
        and section.name not in lacking
        and (section.name != "designs" or evidence.design_budgets)
        and (section.name != "search" or len(evidence.regrets))
    ]


def verdicts(claims: pd.DataFrame) -> list[Finding]:
    """Group the claims by verdict."""
    return [
        Finding("verdict", {"verdict": str(verdict), "n": len(group), "claims": list(group["claim"].unique())})
        for verdict, group in claims.groupby("verdict", sort=False)
    ]


def lead(
    evidence: Mapping[str, Evidence], recommended: Sequence[Finding] = (), quality: Sequence[Finding] = ()
) -> list[Finding]:
    """Choose at most five findings to open with, those that count most first.

    Parameters
    ----------
    evidence
        What is known about each objective.
    recommended
        What to run in the targets.
    quality
        What limits the trust in the measurements; it always has a place.
    """

    def on_each_objective(find: Finder) -> list[Finding]:
        return [
            finding.about(objective, capital(part.quantity) if len(evidence) > 1 else "")
            for objective, part in evidence.items()
            for finding in find(part)
        ]

    finders = (environments.span, search.how_soon, _best, _helps, environments.main_influence)
    last = [*quality, *on_each_objective(environments.too_noisy)][:1]
    first = [*recommended, *(finding for find in finders for finding in on_each_objective(find))]
    return [*first[: MAX_LEAD - len(last)], *last]


def _best(evidence: Evidence) -> list[Finding]:
    if not evidence.compares_strategies:
        return []
    return list(transfer.few_measurements(evidence)) or list(transfer.many_measurements(evidence))


def _helps(evidence: Evidence) -> list[Finding]:
    if not evidence.compares_strategies:
        return []
    return list(transfer.where_it_hurts(evidence))[-1:] or list(transfer.no_comparison(evidence))
