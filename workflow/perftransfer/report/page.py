"""The page itself: one HTML file that needs nothing else."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
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
from perftransfer.report import findings, findings_measuring, findings_recommendation, protocol
from perftransfer.report.figure_file import FigureFile
from perftransfer.report.finding import Finding, sentence
from perftransfer.report.findings_environments import configurations as n_configurations
from perftransfer.report.findings_measuring import SIMULATED
from perftransfer.report.study_file import ResolvedStudy
from perftransfer.results.evidence import Evidence
from perftransfer.results.formatting import NOTHING
from perftransfer.results.table import Cell, PageTable
from perftransfer.tables import StudyTable, find, in_section
from perftransfer.tables.failures import Failures

TEMPLATE = "page.html.jinja"

_DESCRIPTION = {
    "hardware": "hardware", "cores": "cores", "engine": "engine", "network": "network", "batch": "batch",
    "image_px": "image (px)",
}  # fmt: skip
_HOST = {
    "processor": "processor", "architecture": "architecture", "cpus": "CPUs", "usable_cpus": "usable CPUs",
    "instruction_sets": "instruction sets", "caches": "caches", "governor": "frequency governor", "gpus": "GPUs",
    "gpu_driver": "GPU driver", "memory_gib": "memory (GiB)", "virtual_machine": "virtual machine",
    "container": "container", "system": "system", "python": "Python",
}  # fmt: skip
# Shown where there is one.
_HOST_LIMITS = {"cpu_quota": "CPU quota of the container", "memory_limit_gib": "memory of the container (GiB)"}
# Where findings are shown that no figure shows.
_ANCHORS = {"recommended": "recommendation", "poor_measurements": "measurements"}


@dataclass(frozen=True)
class _Section:
    """A section on one objective: each static figure with the id of its interactive counterpart, if any."""

    id: str
    heading: str
    findings: Sequence[Finding]
    interactive: Sequence[Interactive]
    figures: Sequence[tuple[FigureFile, str | None]]
    tables: Sequence[PageTable]


def render(
    *,
    study: ResolvedStudy,
    tables: Mapping[str, pd.DataFrame],
    measurements: Iterable[pd.DataFrame],
    hosts: Mapping[str, HostRecord],
    figures: Sequence[FigureFile],
    study_tables: Sequence[StudyTable],
    constant_options: Mapping[str, object],
    commands: Sequence[str],
    excerpt: Excerpt,
    import_remarks: Sequence[str] = (),
    recommended: Sequence[findings_recommendation.Recommended] = (),
    drawings: Path | None = None,
) -> str:
    """Return the page as HTML: nothing is looked up elsewhere, no time; the same input gives the same text.

    Parameters
    ----------
    study
        The resolved study as plain values.
    tables
        ranges, sentinels, transfer, search, influence, similarity.
    measurements
        Of one environment after the other (``findings_measuring.columns``); one at a time is looked at.
    hosts
        Descriptions of the machines by environment, empty where all is imported.
    figures, study_tables
        Those that the study names.
    constant_options
        Options that never varied, and their values.
    commands
        Shell commands that make this study again.
    excerpt
        Configurations to look at, see ``excerpt_of``.
    import_remarks
        What was dropped, summarised or found out when published tables were imported.
    recommended
        What to run in targets, where the study has some.
    drawings
        Folder for SVG and PDF of interactive figures that have no static one.

    Raises
    ------
    UserError
        If a figure's file cannot be read.
    """
    outcomes = findings_measuring.Outcomes.of(measurements, study["objectives"])
    significance, claims = find(study_tables, "significance"), find(study_tables, "claims")
    evidence = findings.evidence_on(study, tables, significance.frame if significance else None)
    environments = pd.DataFrame(list(study["environments"]))
    inputs = cast(Inputs, {**tables, "environments": environments, "excerpt": excerpt, "maximized": study["maximized"]})
    drawn = {objective: figures_of_study.interactive(inputs, objective) for objective in evidence}
    interactive = [*chain.from_iterable(part.figures for part in recommended), *chain.from_iterable(drawn.values())]
    if drawings is not None:
        for figure in interactive:
            if figure.still not in {file.name for file in figures}:
                figure.write(drawings)
    sections = {
        objective: [_section(part, facts, figures, drawn[objective], study_tables) for part in findings.sections(facts)]
        for objective, facts in evidence.items()
    }
    in_sections = {id(file) for parts in sections.values() for part in parts for file, _ in part.figures}
    at_a_glance = [file for file in figures if file.objective == ALL_OBJECTIVES]
    sizes = n_configurations(tables["ranges"])
    lead = findings.lead(
        evidence, findings_recommendation.main_findings(recommended), list(findings_measuring.quality(outcomes))
    )
    ids = {part.id for parts in sections.values() for part in parts}
    return _template().render(
        study=study,
        version=perftransfer.__version__,
        compares=len(study["environments"]) > 1,
        compares_strategies=len(tables["transfer"]) > 0,
        any_simulated=any(row.get("engine") == SIMULATED for row in protocol.everywhere(study)),
        overview=protocol.overview(study, sizes.astype(int).tolist()),
        lead=[(finding, _anchor(finding, ids)) for finding in lead],
        left_out=protocol.left_out(study),
        at_a_glance=at_a_glance,
        verdicts=claims and findings.verdicts(claims.frame),
        claims=claims and claims.cells(),
        tables=[(table, table.cells()) for table in study_tables if not table.table.section and len(table.frame)],
        environments=_environments(study, sizes),
        objectives=[(name, objectives.label(name), parts) for name, parts in sections.items()],
        other_figures=[file for file in figures if id(file) not in in_sections and file not in at_a_glance],
        outcomes=[
            *findings_measuring.outcomes(outcomes),
            *findings_measuring.imports(import_remarks),
            *findings_measuring.drift(tables["sentinels"]),
            *chain.from_iterable(outcomes.days.values()),
        ],
        failures=Failures().cells(outcomes.failures),
        measured=protocol.how_measured(study, constant_options),
        evaluated=protocol.how_evaluated(study),
        limitations=protocol.limitations(study, hosts, tested=significance is not None),
        fed=_fed(hosts),
        machines=_machines(hosts),
        commands=list(commands),
        recommended=list(recommended),
        interactive=interactive,
        rows=_vega.ROWS,
        vega=_vega.script() if interactive else "",
    )


def _section(
    section: findings.Section,
    evidence: Evidence,
    figures: Sequence[FigureFile],
    interactive: Sequence[Interactive],
    study_tables: Sequence[StudyTable],
) -> _Section:
    counterparts = {figure.still: figure.name for figure in interactive}
    files = [file for file in figures if (file.objective, file.section) == (evidence.objective, section.name)]
    return _Section(
        f"{evidence.objective}-{section.name}",
        section.heading,
        section.findings(evidence),
        [figure for figure in interactive if figure.section == section.name],
        [(file, counterparts.get(file.name)) for file in files],
        list(in_section(section.name, evidence, study_tables)),
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


def _anchor(finding: Finding, ids: Collection[str]) -> str:
    """Return the id of the section that shows a finding's figure, "" if there is none."""
    if finding.kind in _ANCHORS:
        return _ANCHORS[finding.kind]
    section = figures_of_study.CATALOGUE.load(finding.figure).section if finding.figure else ""
    anchor = f"{finding.facts.get('objective')}-{section}"
    return anchor if anchor in ids else ""


def tight(text: str) -> str:
    """Keep a number and its unit on one line."""
    return re.sub(r"(?<=\d) (?=%|s\b|ms\b)", "\u00a0", text)


def _environments(study: ResolvedStudy, sizes: pd.Series) -> PageTable:
    rows = []
    for row in study["environments"]:
        name, simulated = row["environment"], row.get("engine") == SIMULATED
        description = (NOTHING if row.get(key) is None else str(row.get(key)) for key in _DESCRIPTION)
        rows.append(
            [
                Cell(name, emulated=row.get("emulated") is True, simulated=simulated),
                *map(Cell, (*description, f"{int(sizes.get(name, 0)):,}", SIMULATED if simulated else row["kind"])),
            ]
        )
    caption = "Each environment is a target, and a source for the others."
    return PageTable(
        caption if len(rows) > 1 else "The environment of this study.",
        ["environment", *_DESCRIPTION.values(), "configurations", "values"],
        rows,
        frozenset({1, 3, 4, 8}),
    )


def _fed(hosts: Mapping[str, HostRecord]) -> PageTable | None:
    """Return the table of what the inputs of networks got; environments with the same input share a row."""
    rows: dict[tuple[str, ...], dict[str, list[str]]] = {}
    for environment, host in hosts.items():
        for precision, inputs in (host.get("fed") or {}).items():
            for fed in inputs:
                text = (fed["name"], " x ".join(map(str, fed["shape"])) or "a single value", fed["type"], fed["filled"])
                rows.setdefault(text, {}).setdefault(environment, []).append(precision)
    if not rows:
        return None
    caption = "What the inputs of the networks were fed. Journals of earlier versions do not have it."
    cells = [
        [*map(Cell, text), Cell(", ".join(f"{name} ({', '.join(levels)})" for name, levels in environments.items()))]
        for text, environments in rows.items()
    ]
    return PageTable(caption, ["input", "shape", "type", "filled with", "environments"], cells, frozenset(range(5)))


def _machines(hosts: Mapping[str, HostRecord]) -> list[PageTable]:
    """Return a table for each machine (with its software): the environments measured on it, and its description."""
    machines: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for environment, host in hosts.items():
        facts = [(title, _written(host.get(key))) for key, title in _HOST.items()]
        facts += [(title, _written(host.get(key))) for key, title in _HOST_LIMITS.items() if host.get(key) is not None]
        facts += [(f"{library} version", str(version)) for library, version in (host.get("versions") or {}).items()]
        machines.setdefault(tuple(facts), []).append(environment)
    return [
        PageTable(
            f"Measured for this study: {', '.join(names)}.",
            [],
            [[Cell(title), Cell(text)] for title, text in facts],
            frozenset({1}),
        )
        for facts, names in machines.items()
    ]


def _written(value: object) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {text}" for name, text in value.items()) or "unknown"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
