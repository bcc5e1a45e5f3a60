"""What a figure is: one file with one class derived from ``Figure``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypedDict, TypeVar

from perftransfer import objectives
from perftransfer.figures._lazy import mpl

if TYPE_CHECKING:
    import pandas as pd

    from perftransfer.dataset.row_groups import Excerpt
    from perftransfer.figures._target import Target
    from perftransfer.figures._vega import Interactive

Data = TypeVar("Data")

#: Objective of a figure that shows all of them.
ALL_OBJECTIVES = "all"


class NothingToShow(Exception):
    """The inputs hold nothing to draw; the message says why."""


class Inputs(TypedDict, total=False):
    """What figures read. A figure gets those that it names in ``inputs``.

    ``environments`` has one row per environment, in the order of the study. ``values`` are those of
    the objective, configurations x environments. ``transfer``, ``search``, ``influence``, ``similarity`` and
    ``ranges`` are the tables of these names. ``excerpt``, ``maximized`` (objectives of which more is
    better) and ``target`` are for interactive figures of the report only.
    """

    environments: pd.DataFrame
    values: pd.DataFrame
    ranges: pd.DataFrame
    transfer: pd.DataFrame
    search: pd.DataFrame
    influence: pd.DataFrame
    similarity: pd.DataFrame
    excerpt: Excerpt
    maximized: Collection[str]
    target: Target


class Figure(ABC, Generic[Data]):
    """A figure: what it draws (``select``), and how, as a still one, an interactive one, or both.

    The name of its file is its name in a study. ``select`` computes all that is drawn, once, and
    returns it as a dataclass; ``draw`` and ``interactive`` compute nothing else. The file must not
    import pandas or matplotlib when it is imported: take them from ``lazy`` and ``figures._lazy``.

    Attributes
    ----------
    title, caption
        Plain text.
    inputs
        Which of ``Inputs`` the figure reads.
    section
        Section of the report in which it stands; by default under "More figures".
    still
        Whether there is a still figure, which a study can name in ``figures``.
    across_objectives
        Whether the figure shows all objectives at once: it is drawn once, for ``ALL_OBJECTIVES``,
        and stands near the top of the report.
    several
        Whether it needs more than one environment.
    """

    title: ClassVar[str]
    caption: ClassVar[str]
    inputs: ClassVar[tuple[str, ...]]
    section: ClassVar[str] = ""
    still: ClassVar[bool] = True
    across_objectives: ClassVar[bool] = False
    several: ClassVar[bool] = False

    @abstractmethod
    def select(self, inputs: Inputs, objective: str) -> Data:
        """Return what is drawn.

        Raises
        ------
        NothingToShow
            If there is nothing.
        """

    def draw(self, data: Data) -> mpl.Figure:
        """Return the still figure. It is called under our settings of matplotlib."""
        raise NotImplementedError

    def interactive(self, data: Data) -> Interactive | None:
        """Return the interactive figure; None if there is none."""
        return None

    def draw_or_explain(self, inputs: Inputs, objective: str) -> mpl.Figure:
        """Return the still figure, one that says why if there is nothing to show."""
        with mpl.settings():
            try:
                return self.draw(self.select(inputs, objective))
            except NothingToShow as reason:
                return mpl.empty(self.heading(objective), str(reason))

    def heading(self, objective: str) -> str:
        """Return the title with the objective and its unit, if it is one."""
        if objective == ALL_OBJECTIVES:
            return self.title
        return f"{self.title}: {objectives.label(objective)}"


#: A figure, whatever it draws.
AnyFigure = Figure[Any]
