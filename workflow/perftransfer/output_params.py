"""Parameters of the jobs that draw figures, write tables and the report, or only put files together.

They are here because a study passes them on, and is below figures and report.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class CollectParams:
    """Of a job that puts files together. code: digest of its code."""

    code: str


@dataclass(frozen=True)
class FigureParams:
    """Of a figure. caption: for Snakemake's own report. code: digest of the figure's code."""

    caption: str
    code: str


@dataclass(frozen=True)
class TableParams:
    """Of a table. seed: of what is drawn for it. code: digest of the table's code."""

    seed: int
    code: str


@dataclass(frozen=True)
class ReportParams:
    """Of the report. commands: that make the study again. code: digest of the code of report, figures and tables."""

    commands: Sequence[str]
    code: str
