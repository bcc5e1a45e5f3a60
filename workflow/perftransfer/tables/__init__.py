"""Tables: each file of this folder is one, and the file's name is the table's name in a study.

A table's class is derived from ``interface.Table``. Listing and loading tables imports no library.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from perftransfer.catalogue import Catalogue
from perftransfer.results.table import PageTable
from perftransfer.tables.interface import Table

if TYPE_CHECKING:
    import pandas as pd

CATALOGUE: Catalogue[Table] = Catalogue(__name__, "Table", "table")


@dataclass(frozen=True, eq=False)
class Shown:
    """A table of the study, and what the report shows of it."""

    name: str
    table: Table
    frame: pd.DataFrame

    @classmethod
    def read(cls, path: Path) -> Shown:
        """Read a table's CSV file."""
        import pandas as pd

        table = CATALOGUE.load(path.stem)()
        # An empty cell is no value; what looks like a name for none may be a level of an option.
        frame = pd.read_csv(path, keep_default_na=False, na_values=[""])
        return cls(path.stem, table, table.for_report(frame))

    def cells(self, objective: str = "") -> PageTable | None:
        """Return what the page shows, of one objective where the table is shown by objective."""
        return self.table.on_page(self.frame, objective)


def find(shown: Sequence[Shown], name: str) -> Shown | None:
    """Return the table of that name; None if the study does without it or it has no rows."""
    return next((one for one in shown if one.name == name and len(one.frame)), None)
