"""Parquet files: written atomically, to the same bytes for the same content, with what they are in their metadata."""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import perftransfer
from perftransfer.errors import BadInput
from perftransfer.space import options as space_options
from perftransfer.space.options import INACTIVE, Level, Option

_PREFIX = "perftransfer."
# How many are read at once where all of a row group are looked at.
_ROWS = 65_536


def write(
    path: Path,
    frame: pd.DataFrame,
    *,
    options: Sequence[Option] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Write a table to ``path`` (zstd), by way of a temporary name.

    options: schema of the option columns, where there are any. metadata: further JSON values. Neither host, time nor
    path get into the file unless the caller puts them there.
    """
    write_groups(path, [frame], options=options, metadata=metadata)


def write_groups(
    path: Path,
    frames: Iterable[pd.DataFrame],
    *,
    options: Sequence[Option] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> int:
    """Write frames of the same columns and types, one after the other, as one table; return its number of rows.

    Only one of them needs to be in memory. Each is a row group of its own (several if it is long), so that who reads
    the table can skip those that do not matter. At least one frame; else as ``write``.
    """
    texts = {"version": perftransfer.__version__}
    if options is not None:
        texts["options"] = space_options.to_json(options)
    texts |= {key: json.dumps(value, sort_keys=True) for key, value in (metadata or {}).items()}
    named = {_PREFIX + key: text for key, text in texts.items()}
    stored = (pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(named) for frame in frames)
    first = next(stored)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    rows = 0
    try:
        with pq.ParquetWriter(temporary, first.schema, compression="zstd") as writer:
            for table in itertools.chain([first], stored):
                writer.write_table(table)
                rows += len(table)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    temporary.replace(path)
    return rows


def write_text(path: Path, text: str) -> None:
    """Write a text file by way of a temporary name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def read(
    path: Path | str, columns: Sequence[str] | None = None, environments: Collection[str] | None = None
) -> pd.DataFrame:
    """Read a table, or only some of its columns, or only the rows of some ``environments``.

    Row groups in which none of the environments can be are not read.

    Raises BadInput if the file is missing or no Parquet.
    """
    with _opened(path) as file:
        if environments is None:
            whole: pd.DataFrame = file.read(columns=columns).to_pandas()
            return whole
        wanted = columns if columns is None else list(dict.fromkeys([*columns, "environment"]))
        groups = [
            group
            for group, (first, last) in enumerate(_bounds(file, "environment"))
            if any(first <= name <= last for name in environments)
        ]
        frame: pd.DataFrame = file.read_row_groups(groups, columns=wanted).to_pandas()
    rows = frame[frame["environment"].isin(list(environments))].reset_index(drop=True)
    return rows if columns is None else rows[[name for name in columns if name in rows]]


def row_groups(path: Path | str) -> Iterator[Callable[[Sequence[str]], pd.DataFrame]]:
    """Open a table row group by row group: a function that reads columns of it.

    Raises BadInput if the file is missing or no Parquet.
    """
    with _opened(path) as file:

        def columns_of(group: int, columns: Sequence[str]) -> pd.DataFrame:
            frame: pd.DataFrame = file.read_row_group(group, columns=columns).to_pandas()
            return frame

        for group in range(file.num_row_groups):
            yield functools.partial(columns_of, group)


def first_of_each(path: Path | str, columns: Sequence[str]) -> pd.DataFrame:
    """Read the first row of each environment. ``columns``, ``environment`` among them, are all that is looked at.

    Where a row group is of one environment, as in the dataset, its other rows are not read.

    Raises BadInput if the file is missing or no Parquet.
    """
    with _opened(path) as file:
        batches = []
        for group, (first, last) in enumerate(_bounds(file, "environment")):
            rows = file.iter_batches(1 if first == last else _ROWS, [group], columns)
            batches += [next(rows)] if first == last else list(rows)
        frame: pd.DataFrame = pa.Table.from_batches(batches, batches[0].schema).to_pandas()
    return frame.drop_duplicates("environment", ignore_index=True)


def _bounds(file: pq.ParquetFile, column: str) -> Iterator[tuple[str, str]]:
    """The least and the greatest value of a column of text in each row group."""
    place = file.schema_arrow.get_field_index(column)
    for group in range(file.num_row_groups):
        found = file.metadata.row_group(group).column(place).statistics
        # Where nothing is told, anything may be.
        yield (found.min, found.max) if found is not None and found.has_min_max else ("", "\U0010ffff")


@contextmanager
def _opened(path: Path | str) -> Iterator[pq.ParquetFile]:
    try:
        # ParquetFile, not read_table: the latter brings pyarrow's dataset module, which takes a fifth of a second.
        with pq.ParquetFile(path) as file:
            yield file
    except FileNotFoundError as error:
        raise BadInput(f"{path}: there is no such file") from error
    except (pa.ArrowInvalid, OSError) as error:
        raise BadInput(f"{path}: no readable Parquet file: {error}") from error


def metadata(path: Path | str) -> dict[str, str]:
    """Return the file's own metadata, without the prefix of their names.

    Raises BadInput if the file is missing or no Parquet.
    """
    with _opened(path) as file:
        found = file.schema_arrow.metadata or {}
    decoded = {key.decode(): value.decode() for key, value in found.items()}
    return {key.removeprefix(_PREFIX): value for key, value in decoded.items() if key.startswith(_PREFIX)}


def distinct(path: Path | str, columns: Sequence[str]) -> dict[str, pd.Series]:
    """Return the different values of each column, in the order in which they are found; no other column is read.

    Raises BadInput if the file is missing or no Parquet.
    """
    with _opened(path) as file:
        table = file.read(columns=columns)
        return {name: table[name].unique().to_pandas() for name in columns}


def columns(path: Path | str) -> list[str]:
    """Return the names of the columns of a file.

    Raises BadInput if the file is missing or no Parquet.
    """
    with _opened(path) as file:
        return list(file.schema_arrow.names)


def options(path: Path | str) -> tuple[Option, ...]:
    """Schema of the option columns of a file.

    Raises BadInput if the file tells none, is missing, or is no Parquet.
    """
    text = metadata(path).get("options")
    if text is None:
        raise BadInput(f"{path}: tells nothing of its option columns (metadata {_PREFIX}options)")
    return space_options.from_json(text)


def configurations_frame(
    configurations: Mapping[str, Mapping[str, Level | None]], options: Sequence[Option]
) -> pd.DataFrame:
    """One row per configuration: ``configuration_id`` and its options.

    A column keeps the type of its levels; that of a conditional option is text, to hold the level "inactive".
    """
    columns: dict[str, list[Any]] = {"configuration_id": list(configurations)}
    for option in options:
        values = [configuration[option.name] for configuration in configurations.values()]
        mixed = len({type(level) for level in option.levels}) > 1
        as_text = option.conditional or mixed
        columns[option.name] = [space_options.level_text(value) for value in values] if as_text else values
    return pd.DataFrame(columns)


def configurations_of(frame: pd.DataFrame, options: Sequence[Option]) -> dict[str, dict[str, Level | None]]:
    """Undo ``configurations_frame``: option values by ``configuration_id``, None where an option is inactive."""
    out: dict[str, dict[str, Level | None]] = {}
    for row in frame.to_dict("records"):
        values: dict[str, Level | None] = {}
        for option in options:
            text = space_options.level_text(row[option.name])
            values[option.name] = None if text == INACTIVE else option.levels[option.texts.index(text)]
        out[str(row["configuration_id"])] = values
    return out


def concatenate(paths: Iterable[Path | str], columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Stack tables of the same kind in the order given; columns that one of them lacks stay empty there."""
    frames = [read(path, columns) for path in paths]
    filled = [frame for frame in frames if len(frame)] or frames[:1]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame()
