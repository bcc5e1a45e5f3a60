"""Read parts of dataset.parquet: environments, configurations, or some columns, never all of a large table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from perftransfer.dataset import tables
from perftransfer.dataset.merge import ENVIRONMENT_COLUMNS, columns_of


def environments(path: Path | str) -> pd.DataFrame:
    """One row per environment, in the order of the study: its name and description."""
    return tables.PartitionedTable(path).firsts(ENVIRONMENT_COLUMNS)


def configurations(path: Path | str) -> pd.DataFrame:
    """One row per configuration of the study, sorted: ``configuration_id`` and the options."""
    columns = ["configuration_id", *(option.name for option in tables.options(path))]
    rows = tables.PartitionedTable(path)
    parts = [
        rows.read(environment, columns)[new].drop_duplicates("configuration_id")
        for environment, new in _first_seen(rows)
    ]
    return pd.concat(parts or [tables.read(path, columns)]).sort_values("configuration_id", ignore_index=True)


def configuration_ids(path: Path | str) -> pd.Index:
    """Every ``configuration_id`` of the study, sorted."""
    rows = tables.PartitionedTable(path)
    parts = [rows.read(environment, ["configuration_id"])[new] for environment, new in _first_seen(rows)]
    if not parts:
        return pd.Index([], dtype="str")
    result: pd.Index = pd.Index(pd.concat(parts)["configuration_id"]).unique().sort_values()
    return result


def _first_seen(rows: tables.PartitionedTable) -> Iterator[tuple[str, pd.Series]]:
    """Yield environments with configurations that none before had, and which of their rows those are."""
    last, seen = None, pd.Index([], dtype="str")
    for environment in rows.environments:
        ids = rows.read(environment, ["configuration_id"])["configuration_id"]
        # Most environments are measured in the same configurations as the one before.
        if last is None or not ids.equals(last):
            last, new = ids, ~ids.isin(seen)
            if new.any():
                seen = seen.append(pd.Index(ids[new].unique()))
                yield environment, new


def by_environment(path: Path | str, objectives: Sequence[str]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield each environment, with the values of these objectives, their spread and number of processes."""
    available = set(tables.columns(path))
    columns = [name for objective in objectives for name in columns_of(objective) if name in available]
    rows = tables.PartitionedTable(path)
    for environment in rows.environments:
        yield environment, rows.read(environment, columns)


def by_configuration(path: Path | str, objective: str) -> pd.DataFrame:
    """Values of an objective: a row per configuration, sorted, and a column per environment, in the order of the study.

    NaN where it was not measured. Values take eight bytes each; in addition, only the configurations of one environment
    are in memory.
    """
    ids = configuration_ids(path)
    rows = tables.PartitionedTable(path)
    values = np.full((len(ids), len(rows.environments)), np.nan)
    if objective in tables.columns(path):
        for column, environment in enumerate(rows.environments):
            frame = rows.read(environment, ["configuration_id", objective])
            values[ids.get_indexer(pd.Index(frame["configuration_id"])), column] = frame[objective]
    return pd.DataFrame(values, index=ids, columns=pd.Index(rows.environments, name="environment"), copy=False)


@dataclass(frozen=True, eq=False)
class Excerpt:
    """Some configurations in some environments of a dataset of any size.

    configurations: ``configuration_id`` and the options, a row each, sorted. by_objective: of each objective its
    values, a row for each of these configurations in this order, a column per environment; NaN where it was not
    measured. all_configurations, all_environments: how many the dataset has.
    """

    configurations: pd.DataFrame
    by_objective: Mapping[str, pd.DataFrame]
    all_configurations: int
    all_environments: int


def excerpt(
    path: Path | str, objectives: Sequence[str], *, most_configurations: int, most_environments: int
) -> Excerpt:
    """Read at most so many configurations and environments, evenly spread over all of them in their order.

    Ids of configurations are hashes, so this is as good as a random sample. An environment that is left out
    is not read. Objectives that the dataset does not have are left out.
    """
    everything = configurations(path)
    rows, available = tables.PartitionedTable(path), set(tables.columns(path))
    named = [rows.environments[i] for i in _spread(len(rows.environments), most_environments)]
    sample = everything.iloc[_spread(len(everything), most_configurations)].reset_index(drop=True)
    ids, present = pd.Index(sample["configuration_id"]), [name for name in objectives if name in available]
    values = {name: np.full((len(sample), len(named)), np.nan) for name in present}
    for column, environment in enumerate(named):
        frame = rows.read(environment, ["configuration_id", *present])
        positions = ids.get_indexer(pd.Index(frame["configuration_id"]))
        for name in present:
            values[name][positions[positions >= 0], column] = frame[name].to_numpy(float)[positions >= 0]
    by_objective = {name: pd.DataFrame(matrix, columns=pd.Index(named)) for name, matrix in values.items()}
    return Excerpt(sample, by_objective, len(everything), len(rows.environments))


def _spread(n: int, most: int) -> np.ndarray:
    """Return positions of at most ``most`` of ``n`` rows, evenly spread, with the first and the last."""
    return np.arange(n) if n <= most else np.linspace(0, n - 1, most).round().astype(int)


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
