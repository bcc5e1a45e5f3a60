"""Summaries: each module of this folder is a table that people read, and its name is the table's name.

A summary's module offers ``TITLE`` and ``CAPTION`` (plain text: what a row is, what was averaged over what, how
intervals are made), ``TABLES`` (which tables it reads: transfer, influence, similarity, ranges, timing, or those of
``dataset.row_groups``), ``make(tables, *, options, seed)``, which returns all rows in an order that depends on nothing
but the content (the CSV file), and ``shown(frame)``, which takes what ``make`` returned and returns what is worth
showing
in the report. Numbers are not rounded, but where ``shown`` puts several into one cell.
"""

from __future__ import annotations

from perftransfer import catalogue


def names() -> list[str]:
    """Return the names of all summaries, sorted."""
    return list(catalogue.modules(__name__))
