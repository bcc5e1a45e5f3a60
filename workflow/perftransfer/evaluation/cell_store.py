"""Cells that were evaluated, kept from run to run, so that only new ones are evaluated.

No rule declares these files: Snakemake does not delete them when it runs a job again. There is one file per
objective and target in a strategy's folder. Its cells have a digest each of what they depend on, and the file has
the digest of what all of them depend on. A file begins with the checksum of the rest.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from perftransfer.evaluation.cells import SCHEMA, TIMING_COLUMNS, CellKey

LOG = logging.getLogger(__name__)

#: Suffix of the files.
SUFFIX = ".cells"
SECONDS = TIMING_COLUMNS[-1]
DIGEST = "digest"
#: Columns of a file: those of a cell, the seconds of its fit, and the digest of what it depends on.
STORED = SCHEMA.append(pa.field(SECONDS, pa.float64())).append(pa.field(DIGEST, pa.large_string()))
_DEPENDS_ON = b"depends_on"


def digest_of(*parts: object) -> str:
    """Return 16 hexadecimal digits of plain values."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class CellStore:
    """Kept cells of one strategy, in a folder of their own.

    A cell can be used again if it has the same key, and depends on the same as before. One that depends on something
    else is removed as soon as its target is evaluated. Cells of other budgets, repeats or learners remain: they can be
    used when a study names these again.
    """

    folder: Path

    def read(self, objective: str, target: str, depends_on: str) -> pa.Table:
        """Read the cells of a target, columns ``STORED``, that depend on what they have in common.

        A file that is damaged or depends on something else counts as empty.
        """
        path = self._path(objective, target)
        try:
            checksum, _, content = path.read_bytes().partition(b"\n")
            if checksum.decode() != hashlib.sha256(content).hexdigest():
                raise ValueError("its checksum does not match its content")
            with pa.ipc.open_stream(content) as reader:
                table = reader.read_all()
            if not table.schema.equals(STORED):
                raise ValueError("its columns are not those expected")
        except FileNotFoundError:
            return STORED.empty_table()
        except (OSError, ValueError, pa.ArrowException) as error:
            LOG.warning(f"{path}: skipped, its cells are evaluated again: {error}")
            return STORED.empty_table()
        if (table.schema.metadata or {}).get(_DEPENDS_ON) != depends_on.encode():
            return STORED.empty_table()
        return table.replace_schema_metadata(None)

    def write(self, objective: str, target: str, depends_on: str, cells: pa.Table) -> None:
        """Replace the cells of a target, by way of a temporary name."""
        sink = pa.BufferOutputStream()
        cells = cells.combine_chunks().replace_schema_metadata({_DEPENDS_ON: depends_on.encode()})
        with pa.ipc.new_stream(sink, cells.schema) as writer:
            writer.write_table(cells)
        content = sink.getvalue().to_pybytes()
        path = self._path(objective, target)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.tmp")
        temporary.write_bytes(hashlib.sha256(content).hexdigest().encode() + b"\n" + content)
        temporary.replace(path)

    def remove_others(self, objectives: Sequence[str], environments: Sequence[str]) -> None:
        """Remove files of other objectives and targets than a study has: nothing in them can be used again."""
        if not self.folder.is_dir():
            return
        names = {self._path(objective, target).name for objective in objectives for target in environments}
        names |= {f".{name}.tmp" for name in names}
        for path in self.folder.iterdir():
            if path.name not in names:
                path.unlink(missing_ok=True)

    def _path(self, objective: str, target: str) -> Path:
        return self.folder / f"{objective}.{target}{SUFFIX}"


def stored(
    cells: pd.DataFrame, seconds: pd.DataFrame, digests: Mapping[tuple[str | None, str | None], str]
) -> pa.Table:
    """Convert what ``cells.evaluate`` returns to a table with columns ``STORED``.

    digests: of what the cells of a source and learner depend on.
    """
    frame = cells.assign(**{SECONDS: seconds[SECONDS]})
    table = pa.Table.from_pandas(frame, STORED.remove(len(STORED) - 1), preserve_index=False)
    pairs = zip(table.column("source").to_pylist(), table.column("learner").to_pylist(), strict=True)
    column = pa.array([digests[pair] for pair in pairs], STORED.field(DIGEST).type)
    return table.append_column(STORED.field(DIGEST), column).replace_schema_metadata(None)


def usable(cells: pa.Table, digests: Mapping[tuple[str | None, str | None], str]) -> pa.Table:
    """Select the cells that can be used, now or by another study of the same data.

    Parameters
    ----------
    cells
        Kept cells, columns ``STORED``.
    digests
        What the cells of a source and learner depend on now. Those of others may be used again.
    """
    pairs = zip(*(cells.column(name).to_pylist() for name in ("source", "learner", DIGEST)), strict=True)
    mask = [digests.get((source, learner), digest) == digest for source, learner, digest in pairs]
    return cells if all(mask) else cells.filter(pa.array(mask, pa.bool_()))


def keys_of(cells: pa.Table) -> list[CellKey]:
    """List the key of each cell."""
    return list(map(CellKey, *(cells.column(name).to_pylist() for name in CellKey._fields)))


def select(cells: pa.Table, keys: Collection[CellKey]) -> pa.Table:
    """Return the cells with these keys, in the order of the keys."""
    rows = {key: row for row, key in enumerate(keys_of(cells))}
    return cells.take(pa.array([rows[key] for key in keys], pa.int64()))
