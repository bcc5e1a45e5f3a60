"""What a table is: one file with one class derived from ``CsvTable`` or ``ReportTable``."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Generic, TypedDict, TypeVar

from perftransfer.results.formatting import NOTHING, number
from perftransfer.results.table import Cell, PageTable

if TYPE_CHECKING:
    import pandas as pd

    from perftransfer.space.options import Option


class Inputs(TypedDict, total=False):
    """What tables read. A table gets those that it names in ``inputs``, and ``options`` and ``seed``.

    ``environments`` has one row per environment, in the order of the study. ``configurations``,
    ``ranges``, ``transfer``, ``search``, ``influence``, ``similarity`` and ``timing`` are the tables of these
    names. ``options`` are those of the study that vary, ``seed`` is that of what is drawn at random.
    """

    environments: pd.DataFrame
    configurations: pd.DataFrame
    ranges: pd.DataFrame
    transfer: pd.DataFrame
    search: pd.DataFrame
    influence: pd.DataFrame
    similarity: pd.DataFrame
    timing: pd.DataFrame
    options: Sequence[Option]
    seed: int


class Table(ABC):
    """What all tables have; derive a table from ``CsvTable`` or ``ReportTable``.

    Importing a table's file must be light, since a study is read with it: take libraries from
    ``lazy``.

    Attributes
    ----------
    title, caption
        Plain text. The caption says what a row is, what was averaged over what, and how intervals
        are made.
    section
        Section of the report in which it stands; by default among the tables at the end.
    csv
        Whether it is written as a CSV file, and a study can name it.
    """

    title: ClassVar[str]
    caption: ClassVar[str]
    section: ClassVar[str] = ""
    csv: ClassVar[bool]


class CsvTable(Table):
    """A table that is a CSV file, and stands in the report. The name of its file is its name in a study.

    Attributes
    ----------
    inputs
        Which of ``Inputs`` the table reads.
    several
        Whether it needs more than one environment, whatever it reads.
    """

    csv = True
    inputs: ClassVar[tuple[str, ...]]
    several: ClassVar[bool] = False

    @abstractmethod
    def compute(self, inputs: Inputs) -> pd.DataFrame:
        """Return all rows, in an order that depends on nothing but the content, without rounding."""

    def for_report(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return what is worth showing of all rows, by default all of them."""
        return frame

    def on_page(self, frame: pd.DataFrame, objective: str = "") -> PageTable | None:
        """Return the cells of what ``for_report`` returned; None if nothing is said of the objective."""
        wordy = [i for i, name in enumerate(frame) if frame[name].map(lambda value: isinstance(value, str)).any()]
        rows = [[Cell(written(value)) for value in row] for row in frame.itertuples(index=False)]
        return PageTable(self.caption, [str(name).replace("_", " ") for name in frame], rows, frozenset(wordy))


Data = TypeVar("Data")


class ReportTable(Table, Generic[Data]):
    """A table that only the report shows.

    ``Data`` is what it reads: in a section on one objective ``results.evidence.Evidence``.
    """

    csv = False

    @abstractmethod
    def cells(self, data: Data) -> PageTable | None:
        """Return what the page shows; None if there is nothing to show."""


def written(value: object) -> str:
    """Write a value of a table as the page shows it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float) or math.isnan(value):
        return NOTHING
    return f"{value:,.0f}" if value == int(value) and abs(value) >= 1 else number(value, 3)
