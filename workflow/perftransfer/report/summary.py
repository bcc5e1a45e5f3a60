"""The tables that were written as files, as the page shows them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from perftransfer import objectives
from perftransfer.report.finding import Finding
from perftransfer.results.formatting import NOTHING, in_reading_order, number, strategy_title
from perftransfer.results.table import Cell, Table

#: The summary that has a section of its own, and the one that stands among the findings on each objective.
CLAIMS = "claims"
NEEDED = "needed"


@dataclass(frozen=True, eq=False)
class Summary:
    """A table of the study: the name of its file, what stands above and below it, and the rows to be shown."""

    name: str
    title: str
    caption: str
    frame: pd.DataFrame


def as_table(summary: Summary) -> Table:
    """Return all of a summary, column by column."""
    frame = summary.frame
    wordy = [i for i, name in enumerate(frame) if frame[name].map(lambda value: isinstance(value, str)).any()]
    rows = [[Cell(_written(value)) for value in row] for row in frame.itertuples(index=False)]
    return Table(summary.caption, [str(name).replace("_", " ") for name in frame], rows, frozenset(wordy))


def claims_table(claims: Summary) -> Table:
    """Return the claims with a line for each budget."""
    rows = [
        [
            Cell(row["claim"]),
            Cell(objectives.label(row["objective"]) if row["objective"] else NOTHING),
            Cell(row["verdict"], row["note"], strong=True),
            Cell(row["finding"].replace(" measurements:", ":").replace("; ", "\n")),
            Cell(row["number"].replace("; ", "\n")),
        ]
        for row in claims.frame.fillna("").astype(str).to_dict("records")
    ]
    head = ["claim of the paper", "objective", "verdict", "what these data say, by budget", "number"]
    return Table(claims.caption, head, rows, frozenset({0, 1, 2, 3}))


def needed_table(needed: Summary, objective: str) -> Table | None:
    """Return what is said of one objective, strategies in reading order; None if there is nothing."""
    own = needed.frame[needed.frame["objective"] == objective].drop(columns="objective")
    # Errors that nobody reaches, but for the first of them, tell nothing more.
    errors = [name for name in own if name not in ("strategy", "learner")]
    reached = [name for name in errors if own[name].astype(str).str.replace(",", "").str.isdigit().any()]
    last = errors.index(reached[-1]) + 1 if reached else 0
    own = own.drop(columns=errors[last + 1 :])
    rows = []
    for name in in_reading_order(own["strategy"]):
        title = strategy_title(name)
        for _, learner, *texts in own[own["strategy"] == name].itertuples(index=False):
            strategy = Cell(name, title if title != name else "")
            rows.append([strategy, Cell(learner or NOTHING), *(Cell(_written(text)) for text in texts)])
    return Table(needed.caption, [str(name) for name in own], rows, frozenset({1})) if rows else None


def verdicts(claims: Summary) -> list[Finding]:
    """Group the claims by verdict."""
    return [
        Finding("verdict", {"verdict": str(verdict), "n": len(group), "claims": list(group["claim"].unique())})
        for verdict, group in claims.frame.groupby("verdict", sort=False)
    ]


def _written(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float) or math.isnan(value):
        return NOTHING
    return f"{value:,.0f}" if value == int(value) and abs(value) >= 1 else number(value, 3)


def of_name(summaries: Sequence[Summary], name: str) -> Summary | None:
    """Return the summary of that name; None if the study does without it or it has no rows."""
    return next((summary for summary in summaries if summary.name == name and len(summary.frame)), None)
