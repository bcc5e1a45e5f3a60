"""Checks that tables come back as they were written, and are written wholly or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import perftransfer
from perftransfer.dataset import tables
from perftransfer.errors import UserError
from perftransfer.space.options import Option

OPTIONS = (
    Option("threads", (1, 2, 4), True, 1),
    Option("share", (0.1, 0.5, 2.0), True, 0.5),
    Option("spinning", (True, False), False, True),
    Option("mode", ("sequential", "parallel"), False, "sequential"),
    Option("inner", (1, 2), True, 1, conditional=True),
    Option("pinned", (True, False), False, False, conditional=True),
    Option("mixed", (1, "auto"), False, "auto"),
)
CONFIGURATIONS = st.fixed_dictionaries(
    {o.name: st.sampled_from([*o.levels, *([None] if o.conditional else [])]) for o in OPTIONS}
)


def table() -> pd.DataFrame:
    return pd.DataFrame({"n": [1, 2], "x": [0.5, None], "text": ["a", None], "yes": [True, False]})


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "new" / "t.parquet"
    tables.write(path, table(), options=OPTIONS, metadata={"host": {"b": 1, "a": [2]}})
    pd.testing.assert_frame_equal(tables.read(path), table())
    assert list(tables.read(path, ["x"])) == ["x"]
    assert tables.options(path) == OPTIONS
    facts = tables.metadata(path)
    assert (facts["version"], facts["host"]) == (perftransfer.__version__, '{"a": [2], "b": 1}')


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    for name, metadata in (("a", {"p": 1, "q": {"r": 2, "s": 3}}), ("other-name", {"p": 1, "q": {"s": 3, "r": 2}})):
        tables.write(tmp_path / name / f"{name}.parquet", table(), options=OPTIONS, metadata=metadata)
    first, second = (path.read_bytes() for path in sorted(tmp_path.rglob("*.parquet")))
    assert first == second


def test_a_table_that_cannot_be_written_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    tables.write(path, table())
    before = path.read_bytes()
    with pytest.raises(Exception, match="Conversion failed"):
        tables.write(path, pd.DataFrame({"x": [1, "a", object()]}))
    assert [file.name for file in tmp_path.iterdir()] == ["t.parquet"]
    assert path.read_bytes() == before


def test_a_table_of_several_frames_is_that_of_all_of_them_in_parts(tmp_path: Path) -> None:
    frames = [table().assign(n=[i, i + 1]) for i in range(3)]
    rows = tables.write_groups(tmp_path / "t.parquet", iter(frames), options=OPTIONS, metadata={"m": 1})
    tables.write(tmp_path / "whole.parquet", pd.concat(frames, ignore_index=True), options=OPTIONS, metadata={"m": 1})
    assert rows == 6
    pd.testing.assert_frame_equal(tables.read(tmp_path / "t.parquet"), tables.read(tmp_path / "whole.parquet"))
    assert tables.metadata(tmp_path / "t.parquet") == tables.metadata(tmp_path / "whole.parquet")
    assert pq.ParquetFile(tmp_path / "t.parquet").metadata.num_row_groups == 3


def test_frames_that_cannot_be_made_leave_the_old_table_and_nothing_else(tmp_path: Path) -> None:
    def frames() -> Iterator[pd.DataFrame]:
        yield table()
        raise UserError("no more")

    tables.write(tmp_path / "t.parquet", table())
    before = (tmp_path / "t.parquet").read_bytes()
    with pytest.raises(UserError, match="no more"):
        tables.write_groups(tmp_path / "t.parquet", frames())
    assert [file.name for file in tmp_path.iterdir()] == ["t.parquet"]
    assert (tmp_path / "t.parquet").read_bytes() == before


def test_text_is_written_wholly(tmp_path: Path) -> None:
    tables.write_text(tmp_path / "new" / "t.yaml", "ü\n")
    assert (tmp_path / "new" / "t.yaml").read_bytes() == "ü\n".encode()
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["t.yaml"]


@pytest.mark.parametrize("reader", [tables.read, tables.options, tables.metadata])
def test_a_file_that_is_missing_or_no_table_is_bad_input(tmp_path: Path, reader: Any) -> None:
    with pytest.raises(UserError, match=r"t\.parquet: there is no such file"):
        reader(tmp_path / "t.parquet")
    tables.write(tmp_path / "good.parquet", table())
    good = (tmp_path / "good.parquet").read_bytes()
    for garbage in (b"", b"no table", b"PAR1" * 10, good[: len(good) // 2], good[:-40] + b"\xff" * 32 + good[-8:]):
        (tmp_path / "t.parquet").write_bytes(garbage)
        with pytest.raises(UserError, match=r"t\.parquet: not a readable Parquet file"):
            reader(tmp_path / "t.parquet")


def test_a_file_that_tells_nothing_of_its_options_is_bad_input(tmp_path: Path) -> None:
    tables.write(tmp_path / "t.parquet", table())
    with pytest.raises(UserError, match="has no schema of its option columns"):
        tables.options(tmp_path / "t.parquet")


@given(configurations=st.lists(CONFIGURATIONS, min_size=1, max_size=5))
def test_configurations_come_back_with_their_types(
    tmp_path_factory: pytest.TempPathFactory, configurations: list[dict[str, Any]]
) -> None:
    named = {f"c{i}": configuration for i, configuration in enumerate(configurations)}
    path = tmp_path_factory.mktemp("tables") / "c.parquet"
    tables.write(path, tables.configurations_frame(named, OPTIONS), options=OPTIONS)
    back = tables.configurations_of(tables.read(path), tables.options(path))
    assert back == named
    for name, configuration in named.items():
        assert {key: type(back[name][key]) for key in configuration} == {k: type(v) for k, v in configuration.items()}


def test_columns_keep_the_type_of_their_levels_and_conditional_ones_are_text() -> None:
    values = {"threads": 2, "share": 0.5, "spinning": True, "mode": "parallel", "mixed": 1}
    frame = tables.configurations_frame(
        {"a": {**values, "inner": 2, "pinned": True}, "b": {**values, "inner": None, "pinned": None}}, OPTIONS
    )
    kinds = {name: str(kind) for name, kind in frame.dtypes.items()}
    assert kinds == {
        "configuration_id": "str", "threads": "int64", "share": "float64", "spinning": "bool", "mode": "str",
        "inner": "str", "pinned": "str", "mixed": "str",
    }  # fmt: skip
    assert frame["inner"].tolist() == ["2", "inactive"]
    assert frame["pinned"].tolist() == ["true", "inactive"]


def test_tables_are_stacked_in_the_order_given(tmp_path: Path) -> None:
    frames = {
        "b": pd.DataFrame({"x": [1.0], "y": ["b"]}),
        "a": pd.DataFrame({"x": [2.0]}),
        "c": pd.DataFrame({"x": []}),
    }
    for name, frame in frames.items():
        tables.write(tmp_path / f"{name}.parquet", frame)
    paths = [tmp_path / f"{name}.parquet" for name in frames]
    stacked = tables.concatenate(paths)
    assert stacked["x"].tolist() == [1.0, 2.0]
    assert stacked["y"].isna().tolist() == [False, True]
    assert tables.concatenate(paths[2:]).empty
    assert tables.concatenate([]).empty


def test_no_text_of_a_csv_file_is_a_formula_and_each_is_read_back() -> None:
    texts = ["=1+1", "+fma", "-O3", "@x", "-1", "1e3", "'quoted", "plain", ""]
    frame = pd.DataFrame({"text": texts, "number": [-1.5] * len(texts)})
    lines = tables.csv_text(frame).splitlines()[1:]
    assert [line.partition(",")[0] for line in lines] == [
        "'=1+1", "'+fma", "'-O3", "'@x", "-1", "1e3", "'quoted", "plain", "",
    ]  # fmt: skip
    assert all(line.endswith(",-1.5") for line in lines)
    assert [tables.from_csv_text(line.partition(",")[0]) for line in lines] == texts
