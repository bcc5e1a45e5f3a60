"""Tables: each file of this folder is one, and the file's name is the table's name in a study.

A table's class is derived from ``interface.CsvTable``, or from ``interface.ReportTable`` if only the
report shows it. Listing and loading tables imports no library.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from perftransfer.catalogue import Catalogue
from perftransfer.lazy import pd
from perftransfer.results.evidence import Evidence
from perftransfer.results.table import PageTable
from perftransfer.tables.interface import CsvTable, ReportTable, Table

CATALOGUE: Catalogue[Table] = Catalogue(__name__, "Table", "table")


def names() -> list[str]:
    """Return the names of the tables that a study can name, sorted."""
    return [name for name in CATALOGUE.names() if CATALOGUE.load(name).csv]


@dataclass(frozen=True, eq=False)
class StudyTable:
    """A table of the study, and what the report shows of it."""

    name: str
    table: CsvTable
    frame: pd.DataFrame

    @classmethod
    def read(cls, path: Path) -> StudyTable:
        """Read a table's CSV file."""
        # Imported here: listing tables imports no library.
        from perftransfer.dataset.tables import from_csv_text

        # An empty cell is no value; what looks like a name for none may be a level of an option.
        frame = pd.read_csv(path, keep_default_na=False, na_values=[""])
        return cls.of(path.stem, frame.map(from_csv_text))

    @classmethod
    def of(cls, name: str, frame: pd.DataFrame) -> StudyTable:
        """Take the rows of a table."""
        table = CATALOGUE.load(name)()
        assert isinstance(table, CsvTable)
        return cls(name, table, table.for_report(frame))

    def cells(self, objective: str = "") -> PageTable | None:
        """Return what the page shows, of one objective where the table is shown by objective."""
        return self.table.on_page(self.frame, objective)


def find(tables: Sequence[StudyTable], name: str) -> StudyTable | None:
    """Return the table of that name; None if the study does without it or it has no rows."""
    return next((table for table in tables if table.name == name and len(table.frame)), None)


def in_section(section: str, evidence: Evidence, tables: Sequence[StudyTable]) -> Iterator[PageTable]:
    """Yield the tables of a section on one objective, ``shown`` being those that the study names."""
    for name in CATALOGUE.names():
        table = CATALOGUE.load(name)()
        if table.section == section:
            of_study = find(tables, name)
            if isinstance(table, ReportTable):
                cells = table.cells(evidence)
            else:
                cells = of_study.cells(evidence.objective) if of_study else None
            if cells is not None:
                yield cells
