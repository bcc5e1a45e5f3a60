"""Tables that are longer than memory: put together from parts, and read a few rows at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import perftransfer

#: Rows from which on a row group is written: few enough to hold them, many enough to read them fast.
ROWS = 2**17


def stack(path: Path, parts: Iterable[pa.Table], rows: int = ROWS) -> int:
    """Write ``parts``, tables of one schema, into one table (zstd, by way of a temporary name); return its rows.

    Row groups are filled up to ``rows``; with 1 each part is one, and who reads can pass over those of others. The
    bytes depend on the parts and their order alone.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    written = 0
    for group in _filled(parts, rows):
        if not written:
            group = group.replace_schema_metadata({"perftransfer.version": perftransfer.__version__})
            writer = pq.ParquetWriter(temporary, group.schema, compression="zstd")
        writer.write_table(group.cast(writer.schema))
        written += len(group)
    writer.close()
    temporary.replace(path)
    return written


def parts_of(paths: Iterable[Path | str]) -> Iterator[pa.Table]:
    """Yield the row groups of Parquet files, one after the other; an empty table where a file has none."""
    for path in paths:
        with pq.ParquetFile(path) as file:
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


class Rows:
    """Rows of a table by the value of one column, read one value at a time.

    path: of a table that was stacked so that no row group holds two values of ``column``, a text.
    """

    def __init__(self, path: Path, column: str) -> None:
        self._file = pq.ParquetFile(path)
        at = self._file.schema_arrow.names.index(column)
        self._groups: dict[str, list[int]] = {}
        for group in range(self._file.num_row_groups):
            found = self._file.metadata.row_group(group).column(at).statistics
            if found.min != found.max:
                raise ValueError(f"{path}: row group {group} holds both {found.min} and {found.max} in {column}")
            self._groups.setdefault(found.min, []).append(group)

    @property
    def found(self) -> list[str]:
        """Values of the column, in the order in which they stand in the table."""
        return list(self._groups)

    def read(self, value: str) -> pd.DataFrame:
        """Rows with this value."""
        frame: pd.DataFrame = self._file.read_row_groups(self._groups[value]).to_pandas()
        return frame
