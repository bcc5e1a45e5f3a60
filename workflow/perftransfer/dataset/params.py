"""Parameters of the jobs that import published tables and merge all environments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

from perftransfer.space.options import INACTIVE, Level


class EnvironmentDescription(TypedDict, total=False):
    """Description of an environment; keys that are unknown for a published table are missing or None.

    cores: as text, since "all" is a value. n_cores: their number, where it is needed and known. kind: whether it is
    measured here or was published. The others are columns of the environment sheet.
    """

    environment: str
    hardware: str
    emulated: bool
    cores: str | None
    n_cores: int | None
    engine: str | None
    network: str | None
    space: str
    batch: int | None
    image_px: int | None
    sizes: str
    inputs: str
    settings: str
    measurements: str
    kind: Literal["measured", "imported"]


@dataclass(frozen=True)
class TableFormat:
    """How a text file holds a table; None, or 0, for what is to be found out.

    separator: of cells. decimal, thousands: separators in numbers. comment: what a line begins with that is no row.
    skip_rows: lines above the header. encoding: by its name in Python.
    """

    separator: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    comment: str | None = None
    skip_rows: int = 0
    encoding: str | None = None


@dataclass(frozen=True)
class OptionMapping:
    """How an option is read from a published table.

    column: default is the option's name. columns: to be added up, where nested options are one (how many cores are on).
    type: what the levels are, "number" or "text"; None: numbers if all are written as programs write numbers. inactive:
    cells that say that the option has no effect in their row. factor: turns the column's numbers into the unit that the
    option has elsewhere. by_rank: replace levels by their ranks, 1 the lowest. levels: in their order; default: those
    found, sorted. default: default is the first row's. relative_to: size of the environment by which levels are divided
    when environments are compared.
    """

    column: str | None = None
    columns: Sequence[str] | None = None
    type: Literal["number", "text"] | None = None
    inactive: Sequence[Level] = ()
    factor: float | None = None
    ordered: bool = False
    by_rank: bool = False
    levels: Sequence[Level] | None = None
    default: Level | None = None
    relative_to: str | None = None

    @property
    def marks(self) -> tuple[Level, ...]:
        """Cells of rows in which the option has no effect: those that the study names, and our own word for it."""
        return (*self.inactive, INACTIVE)


@dataclass(frozen=True)
class ObjectiveMapping:
    """How an objective is read from a published table.

    column: default is the objective's name. factor: turns its values into the unit in the objective's name. maximize:
    whether more of it is better; None for what its name says.
    """

    column: str | None = None
    factor: float = 1.0
    maximize: bool | None = None


@dataclass(frozen=True)
class FileParams:
    """Where a published file is. sha256: of what it holds; None for whatever it holds."""

    address: str | None
    sha256: str | None


@dataclass(frozen=True)
class EnvironmentRows:
    """Which rows of a file are an environment. rows: values of columns that pick them."""

    file: str
    rows: Mapping[str, Level]


@dataclass(frozen=True)
class ImportParams:
    """Where published tables are, and how they are mapped.

    files: by their names. environments: by their names. options, objectives: by their names; a ``*`` in an option's
    name, and in its column's, stands for any text. missing: cells of objectives that mean that a measurement failed.
    replicates: what several rows of a configuration are. code: digest of the code of the job.
    """

    files: Mapping[str, FileParams]
    environments: Mapping[str, EnvironmentRows]
    options: Mapping[str, OptionMapping]
    objectives: Mapping[str, ObjectiveMapping]
    code: str
    table: TableFormat = TableFormat()
    missing: Sequence[Level] = ()
    replicates: Literal["median", "error"] = "median"


@dataclass(frozen=True)
class MergeParams:
    """Which environments are merged, in their order. code: digest of the code of the job."""

    environments: Mapping[str, EnvironmentDescription]
    objectives: Sequence[str]
    code: str
