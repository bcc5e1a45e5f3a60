"""The parts of dataset.parquet that its readers need: of many rows, nobody loads all columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from perftransfer.dataset import tables
from perftransfer.dataset.merge import ENVIRONMENT_COLUMNS, columns_of


def environments(path: Path | str) -> pd.DataFrame:
    """One row per environment, in the order of the study: its name and description."""
    return tables.Rows(path).firsts(ENVIRONMENT_COLUMNS)


def configurations(path: Path | str) -> pd.DataFrame:
    """One row per configuration of the study, sorted: ``configuration_id`` and the options."""
    columns = ["configuration_id", *(option.name for option in tables.options(path))]
    found: list[pd.DataFrame] = []
    last, known = None, pd.Index([], dtype="str")
    rows = tables.Rows(path)
    for environment in rows.environments:
        ids = rows.read(environment, ["configuration_id"])["configuration_id"]
        # Most environments are measured in the same configurations as the one before.
        if last is None or not ids.equals(last):
            last, unknown = ids, ~ids.isin(known)
            if unknown.any():
                found.append(rows.read(environment, columns)[unknown].drop_duplicates("configuration_id"))
                known = known.append(pd.Index(found[-1]["configuration_id"]))
    return pd.concat(found).sort_values("configuration_id", ignore_index=True)


def values(path: Path | str, objectives: Sequence[str] | None = None) -> pd.DataFrame:
    """``environment, configuration_id``, and each objective (default: all) with its spread and number of processes."""
    others = {*ENVIRONMENT_COLUMNS, "configuration_id", *(option.name for option in tables.options(path))}
    columns = [name for name in tables.columns(path) if name not in others]
    if objectives is not None:
        columns = [name for objective in objectives for name in columns_of(objective) if name in columns]
    return tables.read(path, ["environment", "configuration_id", *columns])


def read(
    names: Sequence[str], files: Mapping[str, Path | str], objectives: Sequence[str] | None = None
) -> dict[str, pd.DataFrame]:
    """Read tables by their names: ``environments``, ``configurations``, ``values`` of the dataset, else of ``files``.

    objectives: whose values are wanted (default: all).
    """
    readers: dict[str, Callable[[], pd.DataFrame]] = {
        "environments": lambda: environments(files["dataset"]),
        "configurations": lambda: configurations(files["dataset"]),
        "values": lambda: values(files["dataset"], objectives),
    }
    return {name: readers[name]() if name in readers else tables.read(files[name]) for name in names}
