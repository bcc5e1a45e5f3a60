from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from perftransfer.dataset import tables
from perftransfer.dataset.tables import PartitionedTable, read_row_groups, stack

PARTS = [pa.table({"environment": [f"n{i}"] * (i + 1), "value": [float(i)] * (i + 1)}) for i in range(5)]
WHOLE = pa.concat_tables(PARTS)


def test_parts_become_one_table_in_their_order(tmp_path):
    path = tmp_path / "new/whole.parquet"
    assert stack(path, PARTS, rows=4) == 15
    assert pq.read_table(path).equals(WHOLE.replace_schema_metadata(pq.read_schema(path).metadata))
    assert [path.name for path in path.parent.iterdir()] == ["whole.parquet"]
    assert "version" in tables.metadata(path)
    with pq.ParquetFile(path) as file:
        assert [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)] == [6, 4, 5]


def test_the_bytes_do_not_hang_on_what_files_the_parts_came_from(tmp_path):
    files = [tmp_path / f"{i}.parquet" for i in range(5)]
    for file, part in zip(files, PARTS, strict=True):
        pq.write_table(part, file)
    stack(tmp_path / "a.parquet", PARTS)
    stack(tmp_path / "b.parquet", read_row_groups(files))
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_tables_without_rows_leave_the_columns(tmp_path):
    empty = PARTS[0].slice(0, 0)
    for name in ("one", "two"):
        assert (
            stack(
                tmp_path / f"{name}.parquet", [empty] if name == "one" else read_row_groups([tmp_path / "one.parquet"])
            )
            == 0
        )
        assert list(pd.read_parquet(tmp_path / f"{name}.parquet")) == ["environment", "value"]


def test_rows_of_one_value_are_read_alone(tmp_path):
    stack(tmp_path / "t.parquet", [*PARTS, PARTS[1]], rows=1)
    rows = PartitionedTable(tmp_path / "t.parquet")
    assert rows.environments == ["n0", "n1", "n2", "n3", "n4"]
    assert rows.read("n3")["value"].tolist() == [3.0] * 4
    assert rows.read("n1")["value"].tolist() == [1.0] * 4


def test_a_row_group_of_two_environments_is_refused(tmp_path):
    stack(tmp_path / "t.parquet", PARTS)
    with pytest.raises(ValueError, match="row group 0 holds rows of both n0 and n4"):
        PartitionedTable(tmp_path / "t.parquet")
