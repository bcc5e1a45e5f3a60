"""Checks that readers of the dataset get the part that they ask for, and look at no other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from perftransfer.dataset import row_groups, tables
from perftransfer.errors import UserError
from perftransfer.space.options import Option

OPTIONS = (Option("threads", (1, 2, 4), True, 1),)
# The last two have configurations that the others lack.
CONFIGURATIONS = {"c": "abd", "a": "abd", "b": "ac", "d": "ef"}


def rows(name: str) -> pd.DataFrame:
    ids = list(CONFIGURATIONS[name])
    described = {"environment": name, "hardware": f"board {name}", "emulated": name == "b" or None, "cores": "all"}
    frame = pd.DataFrame(
        {**described, "engine": "e", "network": None, "batch": 1, "image_px": 8}, index=range(len(ids))
    )
    frame = frame.assign(configuration_id=ids, threads=[1 + ord(letter) % 4 for letter in ids])
    for i, objective in enumerate(("latency_ms", "energy_mj")):
        frame[objective], frame[f"{objective}_cv"], frame[f"{objective}_n"] = i + np.arange(len(ids)), 0.1, 2
    return frame.astype({"emulated": "boolean", "network": "str"})


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    path = tmp_path / "dataset.parquet"
    tables.write_groups(path, map(rows, CONFIGURATIONS), options=OPTIONS)
    return path


def spoil(path: Path, *, but: str) -> None:
    """Overwrite the data of all row groups but that of one environment."""
    content = bytearray(path.read_bytes())
    metadata = pq.ParquetFile(path).metadata
    for group in range(metadata.num_row_groups):
        for i in range(metadata.num_columns):
            column = metadata.row_group(group).column(i)
            start = column.dictionary_page_offset or column.data_page_offset
            if metadata.row_group(group).column(0).statistics.min != but:
                content[start : start + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    path.write_bytes(content)


def test_the_rows_of_an_environment_are_read(dataset: Path) -> None:
    whole, rows = tables.read(dataset), tables.PartitionedTable(dataset)
    assert rows.environments == list(CONFIGURATIONS)
    for name in CONFIGURATIONS:
        expected = whole[whole["environment"] == name].reset_index(drop=True)
        pd.testing.assert_frame_equal(rows.read(name), expected, check_dtype=False)
        pd.testing.assert_frame_equal(rows.read(name, ["threads", "latency_ms"]), expected[["threads", "latency_ms"]])


def test_the_rows_of_other_environments_are_not_looked_at(dataset: Path) -> None:
    rows = tables.PartitionedTable(dataset).read("b")
    spoil(dataset, but="b")
    with pytest.raises(UserError):
        tables.read(dataset)
    pd.testing.assert_frame_equal(tables.PartitionedTable(dataset).read("b"), rows)


def test_environments_have_a_row_each_and_nothing_but_their_description(dataset: Path) -> None:
    result = row_groups.environments(dataset)
    expected = tables.read(dataset).drop_duplicates("environment", ignore_index=True)
    assert result["environment"].tolist() == list(CONFIGURATIONS)
    pd.testing.assert_frame_equal(result, expected[list(result)])


def test_configurations_have_a_row_each_whatever_environment_they_were_measured_in(dataset: Path) -> None:
    result = row_groups.configurations(dataset)
    assert result["configuration_id"].tolist() == list("abcdef")
    assert result["threads"].tolist() == [1 + ord(letter) % 4 for letter in "abcdef"]
    assert list(result) == ["configuration_id", "threads"]


def test_environments_come_one_by_one_with_the_objectives_asked_for(dataset: Path) -> None:
    result = dict(row_groups.by_environment(dataset, ["energy_mj", "never_measured"]))
    assert list(result) == list(CONFIGURATIONS)
    assert [list(frame) for frame in result.values()] == 4 * [["energy_mj", "energy_mj_cv", "energy_mj_n"]]
    assert [frame["energy_mj"].tolist() for frame in result.values()] == [[1, 2, 3], [1, 2, 3], [1, 2], [1, 2]]


def test_values_are_by_configuration_and_environment(dataset: Path) -> None:
    result = row_groups.by_configuration(dataset, "energy_mj")
    rows = tables.read(dataset)
    expected = rows.pivot_table("energy_mj", "configuration_id", "environment")[list(CONFIGURATIONS)]
    pd.testing.assert_frame_equal(result, expected, check_index_type=False, check_column_type=False)
    assert row_groups.by_configuration(dataset, "never_measured").isna().all(axis=None)


def test_tables_that_are_no_part_of_the_dataset_are_read_whole(dataset: Path, tmp_path: Path) -> None:
    tables.write(tmp_path / "transfer.parquet", pd.DataFrame({"mape": [1.0]}))
    files = {"dataset": dataset, "transfer": tmp_path / "transfer.parquet"}
    result = row_groups.read(["transfer", "environments", "configurations", "values"], files, "latency_ms")
    assert {name: frame.shape for name, frame in result.items()} == {
        "transfer": (1, 1), "environments": (4, 8), "configurations": (6, 2), "values": (6, 4),
    }  # fmt: skip


def test_an_excerpt_has_the_configurations_and_environments_asked_for(dataset: Path) -> None:
    whole = row_groups.excerpt(dataset, ["latency_ms", "power"], most_configurations=9, most_environments=9)
    assert list(whole.by_objective) == ["latency_ms"]
    wide = row_groups.by_configuration(dataset, "latency_ms")
    np.testing.assert_array_equal(whole.by_objective["latency_ms"], wide)
    assert list(whole.by_objective["latency_ms"].columns) == list(CONFIGURATIONS)
    pd.testing.assert_frame_equal(whole.configurations, row_groups.configurations(dataset))

    some = row_groups.excerpt(dataset, ["latency_ms", "energy_mj"], most_configurations=3, most_environments=2)
    assert list(some.configurations["configuration_id"]) == ["a", "c", "f"]
    for objective in ("latency_ms", "energy_mj"):
        wide = row_groups.by_configuration(dataset, objective).loc[["a", "c", "f"], ["c", "d"]]
        np.testing.assert_array_equal(some.by_objective[objective], wide)
    assert (some.all_configurations, some.all_environments) == (6, 4)
