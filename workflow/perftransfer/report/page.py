"""The page itself: one HTML file that needs nothing else."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import cast

import jinja2
import pandas as pd

import perftransfer
from perftransfer import figures as figures_of_study
from perftransfer import objectives
from perftransfer.dataset import row_groups
from perftransfer.dataset.row_groups import Excerpt
from perftransfer.figures import _vega, configurations
from perftransfer.figures._vega import Interactive
from perftransfer.figures.interface import ALL_OBJECTIVES, Inputs
from perftransfer.measuring.records import HostRecord
from perftransfer.report import (
    findings,
    findings_environments,
    findings_measuring,
    findings_recommendation,
    protocol,
)
from perftransfer.report.figure_file import FigureFile
from perftransfer.report.finding import Finding, sentence
from perftransfer.report.study_file import ResolvedStudy
from perftransfer.results.aggregate import Results
from perftransfer.results.formatting import NOTHING
from perftransfer.tables import Shown, find

TEMPLATE = "page.html.jinja"

_HOST = {
    "processor": "processor",
    "architecture": "architecture",
    "cpus": "CPUs",
    "usable_cpus": "CPUs that could be used",
    "instruction_sets": "instruction sets",
    "caches": "caches",
    "governor": "frequency governor",
    "gpus": "GPUs",
    "gpu_driver": "GPU driver",
    "memory_gib": "memory (GiB)",
    "virtual_machine": "virtual machine",
    "container": "container",
    "system": "system",
    "python": "Python",
}


def render(
    *,
    study: ResolvedStudy,
    tables: Mapping[str, pd.DataFrame],
    measurements: Iterable[pd.DataFrame],
    hosts: Mapping[str, HostRecord],
    figures: Sequence[FigureFile],
    study_tables: Sequence[Shown],
    constant_options: Mapping[str, object],
    commands: Sequence[str],
    excerpt: Excerpt,
    recommended: Sequence[findings_recommendation.Recommended] = (),
    drawings: Path | None = None,
) -> str:
    """Return the page as HTML: nothing is looked up elsewhere, no time; the same input gives the same text.

    study: the resolved study as plain values. tables: ranges, sentinels, transfer, influence, similarity.
    measurements: of one environment after the other (``findings_measuring.columns``); one at a time is looked at.
    hosts: descriptions of the machines by environment, empty where all is imported. study_tables: those that it names.
    constant_options: options that never varied, and their values. commands: shell commands that make this
    study again. excerpt: configurations to look at, see ``excerpt_of``. recommended: what to run in targets, where the
    study has some. drawings: folder for SVG and PDF of interactive figures that have no static one.

    Raises UserError if a figure's file cannot be read.
    """
    measured = findings_measuring.Outcomes.of(measurements, study["objectives"])
    results = {objective: Results.of(tables["transfer"], objective) for objective in study["objectives"]}
    environments = pd.DataFrame(list(study["environments"]))
    inputs = cast(Inputs, {**tables, "environments": environments, "excerpt": excerpt})
    by_objective = [
        _Objective(
            objective,
            findings.sections(study, tables, objective, found, study_tables),
            figures,
            figures_of_study.interactive(inputs, objective),
        )
        for objective, found in results.items()
    ]
    opening = findings.lead(
        study,
        tables,
        results,
        findings_recommendation.main_findings(recommended),
        findings_measuring.quality(measured),
    )
    answering = [one for part in recommended for one in part.figures]
    answering += [one for part in by_objective for one in part.figures]
    if drawings is not None:
        for one in answering:
            if one.still not in {figure.name for figure in figures}:
                one.write(drawings)
    at_a_glance = [figure for figure in figures if figure.objective == ALL_OBJECTIVES]
    shown = {id(figure) for figure in at_a_glance} | {id(figure) for part in by_objective for figure in part.shown}
    claims = find(study_tables, "claims")
    return _template().render(
        study=study,
        version=perftransfer.__version__,
        compares=len(study["environments"]) > 1,
        everywhere=protocol.everywhere(study),
        overview=protocol.overview(study, findings_environments.configurations(tables["ranges"]).astype(int).tolist()),
        lead=[(finding, _anchor(finding, by_objective)) for finding in opening],
        left_out=protocol.left_out(study),
        at_a_glance=at_a_glance,
        verdicts=claims and findings.verdicts(claims.frame),
        claims=claims and claims.cells(),
        tables=[(one, one.cells()) for one in study_tables if one.table.folded and len(one.frame)],
        environments=_environments(study, findings_environments.configurations(tables["ranges"])),
        simulated=findings_measuring.SIMULATED,
        objectives=by_objective,
        other_figures=[figure for figure in figures if id(figure) not in shown],
        outcomes=[
            *findings_measuring.outcomes(measured),
            *findings_measuring.drift(tables["sentinels"]),
            *itertools.chain.from_iterable(measured.days.values()),
        ],
        failures=findings_measuring.failures(measured),
        measured=protocol.how_measured(study, constant_options),
        evaluated=protocol.how_evaluated(study),
        limitations=protocol.limitations(study, hosts, tested=find(study_tables, "significance") is not None),
        machines=_machines(hosts),
        commands=list(commands),
        recommended=list(recommended),
        interactive=answering,
        rows=_vega.ROWS,
        vega=_vega.script() if answering else "",
    )


def excerpt_of(dataset: Path | str, objectives: Sequence[str]) -> Excerpt:
    """Read as many configurations and environments as a page can hold (some MB), see ``row_groups.excerpt``."""
    environments = _vega.ENVIRONMENTS
    each = configurations.VALUES // (environments * max(1, len(objectives)))
    return row_groups.excerpt(
        dataset,
        objectives,
        most_configurations=min(configurations.CONFIGURATIONS, max(1, each)),
        most_environments=environments,
    )


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"tight": tight, "sentence": sentence}
    return environment.get_template(TEMPLATE)


def _anchor(finding: Finding, by_objective: Sequence[_Objective]) -> str:
    """Return the id of the section that shows a finding's figure, "" if there is none."""
    if finding.kind == "recommended":
        return "recommendation"
    if finding.kind == "poor_measurements":
        return "measurements"
    for part in by_objective:
        for section, _, _ in part.parts:
            about = finding.values.get("objective")  # noqa: PD011
            if part.name == about and finding.figure in section.figures:
                return f"{part.name}-{section.name}"
    return ""


def tight(text: str) -> str:
    """Keep a number and its unit on one line."""
    return re.sub(r"(?<=\d) (?=%|s\b|ms\b)", "\u00a0", text)


class _Objective:
    """What was found on one objective, its figures beside the sections that they support."""

    def __init__(
        self,
        name: str,
        sections: Sequence[findings.Section],
        figures: Sequence[FigureFile],
        interactive: Sequence[Interactive],
    ) -> None:
        self.name = name
        self.label = objectives.label(name)
        self.figures = interactive
        own = [figure for figure in figures if figure.objective == name]
        instead = {one.still: one.name for one in interactive if one.still}
        # Each section with its static figures, each of these with its interactive counterpart, if any.
        self.parts = [
            (
                part,
                [(figure, instead.get(figure.name)) for figure in own if figure.name in part.figures],
                [one for one in interactive if one.section == part.name],
            )
            for part in sections
        ]
        self.shown = [figure for _, found, _ in self.parts for figure, _ in found]


def _environments(study: ResolvedStudy, sizes: pd.Series) -> list[dict[str, object]]:
    return [
        {
            **row,
            **{
                key: NOTHING if row.get(key) is None else row[key]
                for key in ("hardware", "cores", "engine", "network", "batch", "image_px")
            },
            "emulated": row.get("emulated") is True,
            "configurations": f"{int(sizes.get(row['environment'], 0)):,}",
        }
        for row in study["environments"]
    ]


def _machines(hosts: Mapping[str, HostRecord]) -> list[tuple[list[str], list[tuple[str, str]]]]:
    """Return each machine (with its software) once: the environments measured on it, and its description."""
    found: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for environment, host in hosts.items():
        facts = [(title, _said(host.get(key))) for key, title in _HOST.items()]
        facts += [(f"{library} version", str(version)) for library, version in (host.get("versions") or {}).items()]
        found.setdefault(tuple(facts), []).append(environment)
    return [(environments, list(facts)) for facts, environments in found.items()]


def _said(value: object) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {text}" for name, text in value.items()) or "unknown"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
