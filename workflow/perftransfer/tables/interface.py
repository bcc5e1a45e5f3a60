"""What a table is: one file with one class derived from ``Table``."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from perftransfer.results.table import Cell, PageTable
from perftransfer.space.options import Option

if TYPE_CHECKING:
    import pandas as pd

#: Tables by name, as a table names them in ``inputs``.
Inputs = Mapping[str, "pd.DataFrame"]


class Table(ABC):
    """A table that people read, as a CSV file and in the report.

    The name of its file is its name in a study. Importing the file must be light, since a study is
    read with it: take libraries from ``lazy`` and ``tables._lazy``.

    Attributes
    ----------
    title, caption
        Plain text. The caption says what a row is, what was averaged over what, and how intervals
        are made.
    inputs
        What the table reads: ``environments`` (one row per environment, in the order of the study),
        ``configurations``, and the tables ``ranges``, ``transfer``, ``influence``, ``similarity``
        and ``timing``.
    folded
        Whether it stands among the tables at the end of the report; others have a place of their
        own in it.
    several
        Whether it needs more than one environment, whatever it reads.
    """

    title: ClassVar[str]
    caption: ClassVar[str]
    inputs: ClassVar[tuple[str, ...]]
    folded: ClassVar[bool] = True
    several: ClassVar[bool] = False

    @abstractmethod
    def compute(self, inputs: Inputs, *, options: Sequence[Option] = (), seed: int = 0) -> pd.DataFrame:
        """Return all rows, in an order that depends on nothing but the content, without rounding.

        Parameters
        ----------
        inputs
            Those named in ``inputs``.
        options
            Options of the study that vary.
        seed
            Of what is drawn at random.
        """

    def for_report(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return what is worth showing of all rows, by default all of them."""
        return frame

    def on_page(self, shown: pd.DataFrame, objective: str = "") -> PageTable | None:
        """Return the cells of what ``for_report`` returned; None if nothing is said of the objective."""
        wordy = [i for i, name in enumerate(shown) if shown[name].map(lambda value: isinstance(value, str)).any()]
        rows = [[Cell(written(value)) for value in row] for row in shown.itertuples(index=False)]
        return PageTable(self.caption, [str(name).replace("_", " ") for name in shown], rows, frozenset(wordy))


def written(value: object) -> str:
    """Write a value of a table as the page shows it."""
    from perftransfer.results.formatting import NOTHING, number

    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float) or math.isnan(value):
        return NOTHING
    return f"{value:,.0f}" if value == int(value) and abs(value) >= 1 else number(value, 3)
