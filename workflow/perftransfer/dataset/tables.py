"""Parquet files, written atomically; the same content gives the same bytes. Schemas are in their metadata."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import perftransfer
from perftransfer.errors import UserError
from perftransfer.space import options as space_options
from perftransfer.space.options import INACTIVE, Configuration, Level, Option

_PREFIX = "perftransfer."
# What a formula of a spreadsheet begins with.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
#: Rows per row group of stacked tables: few enough to hold in memory, many enough to read fast.
ROWS = 2**16


def write(
    path: Path,
    frame: pd.DataFrame,
    *,
    options: Sequence[Option] | None = None,
    metadata: Mapping[str, object] | None = None,
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
    metadata: Mapping[str, object] | None = None,
) -> int:
    """Write frames of the same columns and types, one after the other, as one table; return its number of rows.

    Only one of them needs to be in memory. Each is a row group of its own (several if it is long), so that readers
    can skip the others. At least one frame; see ``write`` for the rest.
    """
    texts = {"version": perftransfer.__version__}
    if options is not None:
        texts["options"] = space_options.to_json(options)
    texts |= {key: json.dumps(value, sort_keys=True) for key, value in (metadata or {}).items()}
    stored = (pa.Table.from_pandas(frame, preserve_index=False) for frame in frames)
    return _write(path, stored, texts)


def stack(path: Path, parts: Iterable[pa.Table], rows: int = ROWS) -> int:
    """Write ``parts``, tables of one schema, one after the other, as one table (zstd); return its number of rows.

    Row groups are filled up to ``rows``; with 1 each part is one, so that readers can skip the others. The
    bytes depend only on the parts and their order.
    """
    return _write(path, _filled(parts, rows), {"version": perftransfer.__version__})


def read_row_groups(paths: Iterable[Path | str]) -> Iterator[pa.Table]:
    """Yield the row groups of Parquet files, one after the other; an empty table where a file has none."""
    for path in paths:
        with _opened(path) as file:
            if not file.num_row_groups:
                yield file.schema_arrow.empty_table()
            for group in range(file.num_row_groups):
                yield file.read_row_group(group)


def _filled(parts: Iterable[pa.Table], rows: int) -> Iterator[pa.Table]:
    waiting: list[pa.Table] = []
    for part in parts:
        waiting.append(part)
        if sum(map(len, waiting)) >= rows:
            yield pa.concat_tables(waiting).combine_chunks()
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting).combine_chunks()


def _write(path: Path, groups: Iterable[pa.Table], texts: Mapping[str, str]) -> int:
    """Write tables as row groups of one, with ``texts`` as its metadata, by way of a temporary name."""
    metadata = {_PREFIX + key: text for key, text in texts.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    rows, named = 0, (group.replace_schema_metadata(metadata) for group in groups)
    first = next(named)
    try:
        with pq.ParquetWriter(temporary, first.schema, compression="zstd") as writer:
            for group in itertools.chain([first], named):
                writer.write_table(group)
                rows += len(group)
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


def csv_text(frame: pd.DataFrame) -> str:
    """Write a table as CSV in which no text is a formula to a spreadsheet: an apostrophe stands before such texts.

    >>> print(csv_text(pd.DataFrame({"level": ["-O3", "-1", "x"]})), end="")
    level
    '-O3
    -1
    x
    """
    text: str = frame.map(_escaped).to_csv(index=False)
    return text


def from_csv_text(value: object) -> object:
    """Return the cell of which ``csv_text`` has written a value."""
    is_escaped = isinstance(value, str) and value[:1] == "'" and value[1:2] in _FORMULA
    return value[1:] if isinstance(value, str) and is_escaped else value


def _escaped(value: object) -> object:
    if not isinstance(value, str) or not value.startswith(_FORMULA):
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value


def read(path: Path | str, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read a table.

    Raises UserError if the file is missing or is not a Parquet file.
    """
    with _opened(path) as file:
        table = file.read(columns=columns)
        # Text of damaged bytes would be found out later, or never.
        table.validate(full=True)
        frame: pd.DataFrame = table.to_pandas()
    return frame


class PartitionedTable:
    """A table to be read environment by environment: no row group holds rows of two environments.

    Raises UserError if the file is missing or is not a Parquet file.
    """

    def __init__(self, path: Path | str) -> None:
        self._path = path
        self._groups: dict[str, list[int]] = {}
        with _opened(path) as file:
            index = file.schema_arrow.names.index("environment")
            for group in range(file.num_row_groups):
                if not file.metadata.row_group(group).num_rows:
                    continue
                statistics = file.metadata.row_group(group).column(index).statistics
                if statistics.min != statistics.max:
                    raise ValueError(
                        f"{path}: row group {group} holds rows of both {statistics.min} and {statistics.max}"
                    )
                self._groups.setdefault(statistics.min, []).append(group)
            # The metadata is read once for all environments.
            self._metadata = file.metadata

    @property
    def environments(self) -> list[str]:
        """Environments, in the order of the table."""
        return list(self._groups)

    def with_values(self, column: str) -> list[str]:
        """Return the environments in which a column is not empty, in the order of the table."""
        index = self._metadata.schema.to_arrow_schema().names.index(column)

        def has_value(group: int) -> bool:
            rows = self._metadata.row_group(group)
            return bool(rows.column(index).statistics.null_count < rows.num_rows)

        return [name for name, groups in self._groups.items() if any(map(has_value, groups))]

    def read(self, environment: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Rows of an environment. Raises UserError if they cannot be read."""
        with _opened(self._path, self._metadata) as file:
            frame: pd.DataFrame = file.read_row_groups(self._groups[environment], columns=columns).to_pandas()
        return frame

    def firsts(self, columns: Sequence[str]) -> pd.DataFrame:
        """Read the first row of each environment, and no others. Raises UserError if they cannot be read."""
        with _opened(self._path, self._metadata) as file:
            batches = [next(file.iter_batches(1, groups[:1], columns)) for groups in self._groups.values()]
        if not batches:
            return read(self._path, columns)
        frame: pd.DataFrame = pa.Table.from_batches(batches).to_pandas()
        return frame


@contextmanager
def _opened(path: Path | str, metadata: pq.FileMetaData | None = None) -> Iterator[pq.ParquetFile]:
    try:
        # ParquetFile, not read_table: the latter imports pyarrow's dataset module, which takes a fifth of a second.
        with pq.ParquetFile(path, metadata=metadata) as file:
            yield file
    except FileNotFoundError as error:
        raise UserError(f"{path}: there is no such file") from error
    except (pa.ArrowException, OSError, ValueError, LookupError, TypeError) as error:
        # Damaged bytes end in any of these, in pyarrow or in what reads the metadata of pandas.
        raise UserError(f"{path}: not a readable Parquet file: {error}") from error


def metadata(path: Path | str) -> dict[str, str]:
    """Return the file's own metadata, without the prefix of their names.

    Raises UserError if the file is missing or is not a Parquet file.
    """
    with _opened(path) as file:
        content = file.schema_arrow.metadata or {}
    decoded = {key.decode(): value.decode() for key, value in content.items()}
    return {key.removeprefix(_PREFIX): value for key, value in decoded.items() if key.startswith(_PREFIX)}


def distinct(path: Path | str, columns: Sequence[str]) -> dict[str, pd.Series]:
    """Return the different values of each column, in the order in which they are found; no other column is read.

    Raises UserError if the file is missing or is not a Parquet file.
    """
    with _opened(path) as file:
        table = file.read(columns=columns)
        return {name: table[name].unique().to_pandas() for name in columns}


def columns(path: Path | str) -> list[str]:
    """Return the names of the columns of a file.

    Raises UserError if the file is missing or is not a Parquet file.
    """
    with _opened(path) as file:
        return list(file.schema_arrow.names)


def options(path: Path | str) -> tuple[Option, ...]:
    """Schema of the option columns of a file.

    Raises UserError if the file has no schema, is missing, or is not a Parquet file.
    """
    text = metadata(path).get("options")
    if text is None:
        raise UserError(f"{path}: has no schema of its option columns (metadata {_PREFIX}options)")
    return space_options.from_json(text)


def option_columns(configurations: Sequence[Configuration], options: Sequence[Option]) -> pd.DataFrame:
    """Return a row per configuration and a column per option.

    A column has the type of its levels, or is text if they have several types or the option may be inactive.
    """
    columns = {option.name: [configuration[option.name] for configuration in configurations] for option in options}
    for option in options:
        if option.conditional or len({type(level) for level in option.levels}) > 1:
            columns[option.name] = list(map(space_options.level_text, columns[option.name]))
    return pd.DataFrame(columns)


def configurations_frame(configurations: Mapping[str, Configuration], options: Sequence[Option]) -> pd.DataFrame:
    """Return a row per configuration: ``configuration_id`` and ``option_columns``."""
    frame = option_columns(list(configurations.values()), options)
    frame.insert(0, "configuration_id", list(configurations))
    return frame


def configurations_of(frame: pd.DataFrame, options: Sequence[Option]) -> dict[str, dict[str, Level | None]]:
    """Undo ``configurations_frame``: option values by ``configuration_id``, None for inactive options."""
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
