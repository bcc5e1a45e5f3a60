"""The page itself: one HTML file that needs nothing else."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

import perftransfer
from perftransfer import objectives
from perftransfer.errors import BadInput
from perftransfer.report import findings, findings_measuring, protocol
from perftransfer.report.results import Results
from perftransfer.report.words import NOTHING, known

TEMPLATE = "page.html.jinja"

# Points per CSS pixel.
_PIXEL = 0.75
_WIDTH = re.compile(r"<svg\b[^>]*?\swidth=\"([0-9.]+)(pt|px)?\"")

_HOST = {
    "processor": "processor",
    "architecture": "architecture",
    "cpus": "CPUs",
    "usable_cpus": "CPUs that could be used",
    "memory_gib": "memory (GiB)",
    "virtual_machine": "virtual machine",
    "system": "system",
    "python": "Python",
}


@dataclass(frozen=True)
class FigureFile:
    """A figure that was drawn for an objective: its name, what stands above and below it, and its SVG file."""

    name: str
    objective: str
    title: str
    caption: str
    svg: Path

    @cached_property
    def _content(self) -> bytes:
        try:
            return self.svg.read_bytes()
        except OSError as error:
            raise BadInput(f"{self.svg}: the figure cannot be read: {error.strerror}") from error

    @property
    def data(self) -> str:
        """The SVG as base64. Embedded as an image, its ids cannot collide with those of another."""
        return base64.b64encode(self._content).decode("ascii")

    @property
    def width_px(self) -> int | None:
        """Width at which its type has the size it was set in; None if the file does not tell."""
        found = _WIDTH.search(self._content[:4000].decode("utf-8", "replace"))
        if found is None:
            return None
        return round(float(found[1]) / (_PIXEL if found[2] == "pt" else 1))

    @property
    def alternative(self) -> str:
        """What stands for the figure where it cannot be seen."""
        what = "all objectives" if self.objective == "all" else objectives.label(self.objective)
        return f"{self.title}: {what}. The sentences above say what it shows."


def render(
    *,
    study: Mapping[str, Any],
    tables: Mapping[str, pd.DataFrame],
    hosts: Mapping[str, Mapping[str, Any]],
    figures: Sequence[FigureFile],
    constant_options: Mapping[str, object],
    commands: Sequence[str],
) -> str:
    """Return the page as HTML: no script, no outside address, no time; the same input gives the same text.

    study: the resolved study as plain values. tables: dataset, measurements, transfer, influence. hosts: descriptions
    of the machines by environment, empty where all is imported. constant_options: options that never varied, and their
    values. commands: shell commands that make this study again.

    Raises BadInput if a figure's file cannot be read.
    """
    results = {objective: Results.of(tables["transfer"], objective) for objective in study["objectives"]}
    by_objective = [
        _Objective(objective, findings.sections(study, tables, objective, found), figures)
        for objective, found in results.items()
    ]
    shown = {id(figure) for part in by_objective for figure in part.shown}
    return _template().render(
        study=study,
        version=perftransfer.__version__,
        lead=findings.lead(study, tables, results),
        environments=_environments(study, tables["dataset"]),
        simulated=findings_measuring.SIMULATED,
        objectives=by_objective,
        other_figures=[figure for figure in figures if id(figure) not in shown],
        outcomes=findings_measuring.outcomes(tables["measurements"]),
        failures=findings_measuring.failures(tables["measurements"]),
        measured=protocol.how_measured(study, constant_options),
        evaluated=protocol.how_evaluated(study),
        not_claimed=protocol.not_claimed(study, hosts),
        machines=_machines(hosts),
        commands=list(commands),
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
    environment.filters["tight"] = tight
    return environment.get_template(TEMPLATE)


def tight(text: str) -> str:
    """Keep a number and its unit on one line."""
    return re.sub(r"(?<=\d) (?=%|s\b|ms\b)", "\u00a0", text)


class _Objective:
    """What was found on one objective, its figures beside the sections that they support."""

    def __init__(self, name: str, sections: Sequence[findings.Section], figures: Sequence[FigureFile]) -> None:
        self.name = name
        self.label = objectives.label(name)
        own = [figure for figure in figures if figure.objective == name]
        self.parts = [(part, [figure for figure in own if figure.name in part.figures]) for part in sections]
        self.shown = [figure for _, found in self.parts for figure in found]


def _environments(study: Mapping[str, Any], dataset: pd.DataFrame) -> list[dict[str, Any]]:
    sizes = known(dataset, ["environment"])["environment"].value_counts()
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


def _machines(hosts: Mapping[str, Mapping[str, Any]]) -> list[tuple[list[str], list[tuple[str, str]]]]:
    """Return each machine (with its software) once: the environments measured on it, and its description."""
    found: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for environment, host in hosts.items():
        facts = [(title, _said(host.get(key))) for key, title in _HOST.items()]
        facts += [(f"{library} version", str(version)) for library, version in (host.get("versions") or {}).items()]
        found.setdefault(tuple(facts), []).append(environment)
    return [(environments, list(facts)) for facts, environments in found.items()]


def _said(value: object) -> str:
    if value is None:
        return "not known"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
