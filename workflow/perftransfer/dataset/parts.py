"""The parts of dataset.parquet that its readers need: of many rows, nobody loads all columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from perftransfer.dataset import tables
from perftransfer.dataset.merge import ENVIRONMENT_COLUMNS, columns_of


def environments(path: Path | str) -> pd.DataFrame:
    """One row per environment, in the order of the study: its name and description."""
    return tables.Rows(path).firsts(ENVIRONMENT_COLUMNS)


def configurations(path: Path | str) -> pd.DataFrame:
    """One row per configuration of the study, sorted: ``configuration_id`` and the options."""
    columns = ["configuration_id", *(option.name for option in tables.options(path))]
    rows = tables.Rows(path)
    found = [
        rows.read(environment, columns)[new].drop_duplicates("configuration_id")
        for environment, new in _first_seen(rows)
    ]
    return pd.concat(found).sort_values("configuration_id", ignore_index=True)


def configuration_ids(path: Path | str) -> pd.Index:
    """Every ``configuration_id`` of the study, sorted."""
    rows = tables.Rows(path)
    found = [rows.read(environment, ["configuration_id"])[new] for environment, new in _first_seen(rows)]
    return pd.Index(pd.concat(found)["configuration_id"]).unique().sort_values()


def _first_seen(rows: tables.Rows) -> Iterator[tuple[str, pd.Series]]:
    """Yield environments with configurations that none before had, and which of their rows those are."""
    last, known = None, pd.Index([], dtype="str")
    for environment in rows.environments:
        ids = rows.read(environment, ["configuration_id"])["configuration_id"]
        # Most environments are measured in the same configurations as the one before.
        if last is None or not ids.equals(last):
            last, new = ids, ~ids.isin(known)
            if new.any():
                known = known.append(pd.Index(ids[new].unique()))
                yield environment, new


def by_environment(path: Path | str, objectives: Sequence[str]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield each environment, with the values of these objectives, their spread and number of processes."""
    known = set(tables.columns(path))
    columns = [name for objective in objectives for name in columns_of(objective) if name in known]
    rows = tables.Rows(path)
    for environment in rows.environments:
        yield environment, rows.read(environment, columns)


def by_configuration(path: Path | str, objective: str) -> pd.DataFrame:
    """Values of an objective: a row per configuration, sorted, and a column per environment, in the order of the study.

    NaN where it was not measured, and everywhere if nobody measured it. Eight bytes for each: only the configurations
    of one environment are in memory beside them.
    """
    ids = configuration_ids(path)
    rows = tables.Rows(path)
    values = np.full((len(ids), len(rows.environments)), np.nan)
    if objective in tables.columns(path):
        for column, environment in enumerate(rows.environments):
            frame = rows.read(environment, ["configuration_id", objective])
            values[ids.get_indexer(pd.Index(frame["configuration_id"])), column] = frame[objective]
    return pd.DataFrame(values, index=ids, columns=pd.Index(rows.environments, name="environment"), copy=False)


def read(names: Sequence[str], files: Mapping[str, Path | str], objective: str = "") -> dict[str, pd.DataFrame]:
    """Read tables by their names: ``environments``, ``configurations``, ``values`` of the dataset, else of ``files``.

    ``values`` are those of ``by_configuration``, of ``objective``.
    """
    readers: dict[str, Callable[[], pd.DataFrame]] = {
        "environments": lambda: environments(files["dataset"]),
        "configurations": lambda: configurations(files["dataset"]),
        "values": lambda: by_configuration(files["dataset"], objective),
    }
    return {name: readers[name]() if name in readers else tables.read(files[name]) for name in names}
