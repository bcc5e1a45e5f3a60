"""Checks that readers of the dataset get the part that they ask for, and look at no other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from perftransfer.dataset import parts, tables
from perftransfer.errors import BadInput
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
    frame = frame.assign(configuration_id=ids, threads=[1 + ord(one) % 4 for one in ids])
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
    whole, rows = tables.read(dataset), tables.Rows(dataset)
    assert rows.environments == list(CONFIGURATIONS)
    for name in CONFIGURATIONS:
        wanted = whole[whole["environment"] == name].reset_index(drop=True)
        pd.testing.assert_frame_equal(rows.read(name), wanted, check_dtype=False)
        pd.testing.assert_frame_equal(rows.read(name, ["threads", "latency_ms"]), wanted[["threads", "latency_ms"]])


def test_the_rows_of_other_environments_are_not_looked_at(dataset: Path) -> None:
    rows = tables.Rows(dataset).read("b")
    spoil(dataset, but="b")
    with pytest.raises(BadInput):
        tables.read(dataset)
    pd.testing.assert_frame_equal(tables.Rows(dataset).read("b"), rows)


def test_environments_have_a_row_each_and_nothing_but_their_description(dataset: Path) -> None:
    found = parts.environments(dataset)
    wanted = tables.read(dataset).drop_duplicates("environment", ignore_index=True)
    assert found["environment"].tolist() == list(CONFIGURATIONS)
    pd.testing.assert_frame_equal(found, wanted[list(found)])


def test_configurations_have_a_row_each_whatever_environment_they_were_measured_in(dataset: Path) -> None:
    found = parts.configurations(dataset)
    assert found["configuration_id"].tolist() == list("abcdef")
    assert found["threads"].tolist() == [1 + ord(one) % 4 for one in "abcdef"]
    assert list(found) == ["configuration_id", "threads"]


def test_values_are_those_of_the_objectives_asked_for(dataset: Path) -> None:
    keys, columns = ["environment", "configuration_id"], ["energy_mj", "energy_mj_cv", "energy_mj_n"]
    assert list(parts.values(dataset, ["energy_mj"])) == [*keys, *columns]
    assert list(parts.values(dataset)) == [*keys, "latency_ms", "latency_ms_cv", "latency_ms_n", *columns]
    assert list(parts.values(dataset, ["all"])) == keys
    assert len(parts.values(dataset)) == sum(map(len, CONFIGURATIONS.values()))


def test_tables_that_are_no_part_of_the_dataset_are_read_whole(dataset: Path, tmp_path: Path) -> None:
    tables.write(tmp_path / "transfer.parquet", pd.DataFrame({"mape": [1.0]}))
    files = {"dataset": dataset, "transfer": tmp_path / "transfer.parquet"}
    found = parts.read(["transfer", "dataset", "values"], files, ["latency_ms"])
    assert {name: len(frame) for name, frame in found.items()} == {"transfer": 1, "dataset": 10, "values": 10}
    assert "energy_mj" not in found["values"]
