"""What a study found, as data; ``sentences.jinja`` puts each kind into words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from perftransfer.results import formatting


@dataclass(frozen=True)
class Finding:
    """A fact that the results support.

    Attributes
    ----------
    kind
        Name of the macro in ``sentences.jinja`` that words it.
    facts
        Plain numbers, names, lists and mappings of them.
    figure, table
        Name of the figure or table that shows it, ``""`` for none.
    """

    kind: str
    facts: Mapping[str, object] = field(default_factory=dict)
    figure: str = ""
    table: str = ""

    def about(self, objective: str, prefix: str = "") -> Finding:
        """Return it with the objective that it is about, and a prefix for its sentence."""
        return replace(self, facts={**self.facts, "objective": objective, "prefix": prefix})


def sentence(finding: Finding) -> str:
    """Put a finding into words: plain text on one line."""
    text = str(getattr(_templates(), finding.kind)(finding.facts))
    prefix = finding.facts.get("prefix")
    return (f"{prefix}: " if prefix else "") + re.sub(r"\s+", " ", text).strip()


@cache
def _templates() -> Any:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), undefined=jinja2.StrictUndefined, autoescape=False
    )
    environment.filters |= {
        "number": formatting.number,
        "percent": formatting.percent,
        "correlation": formatting.correlation,
        "count": formatting.count,
        "listed": formatting.listed,
        "sentence_case": formatting.capital,
        "learner_title": formatting.learner_title,
        "full_strategy": formatting.full_strategy,
    }
    environment.globals["between"] = formatting.between
    return environment.get_template("sentences.jinja").module
