"""Measurements without a result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from perftransfer.results.formatting import listed
from perftransfer.results.table import Cell, PageTable
from perftransfer.tables.interface import ReportTable

_LONGEST = 300  # characters of an error's text


@dataclass
class Failure:
    """Measurements that ended with the same status, which is not ok."""

    measurements: int = 0
    configurations: set[str] = field(default_factory=set)
    environments: list[str] = field(default_factory=list)
    error: str = ""


class Failures(ReportTable[Mapping[str, Failure]]):
    """Measurements without a result, by status."""

    title = "Failures"
    caption = "Measurements without a result, and the first error of each kind."
    section = "measurements"

    def cells(self, data: Mapping[str, Failure]) -> PageTable | None:
        """Return a row per status."""
        rows = []
        for status, failure in sorted(data.items()):
            error = failure.error or "no text"
            error = error if len(error) <= _LONGEST else f"{error[:_LONGEST]} …"
            counts = f"{failure.measurements:,}", f"{len(failure.configurations):,}"
            rows.append([*map(Cell, (status, *counts, listed(failure.environments, most=3), error))])
        head = ["status", "measurements", "configurations", "environments", "first error"]
        return PageTable(self.caption, head, rows, frozenset({3, 4})) if rows else None
