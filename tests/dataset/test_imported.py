"""Checks how published tables are mapped, and what a person reads when that fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from perftransfer import yaml_file
from perftransfer.dataset import imported, tables
from perftransfer.dataset.params import ObjectiveMapping, OptionMapping
from perftransfer.dataset.published import PublishedFile
from perftransfer.errors import UserError
from perftransfer.space.options import configuration_id

ROOT = Path(__file__).parents[2]


def convert(table: pd.DataFrame, **changes: Any) -> Any:
    arguments = {"rows": {}, "options": {"a": {}}, "objectives": {"y_s": {}}} | changes
    arguments["options"] = {name: OptionMapping(**mapping) for name, mapping in arguments["options"].items()}
    arguments["objectives"] = {name: ObjectiveMapping(**mapping) for name, mapping in arguments["objectives"].items()}
    return imported.convert(table, **{"where": "t.csv", "environment": "e", **arguments})


def frame(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame(columns)


@pytest.fixture(autouse=True)
def no_datasets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATASETS", raising=False)


@pytest.mark.parametrize("name", ["tx2-xception-200px", "tx2-xception-600px"])
def test_the_papers_tables_are_mapped_by_the_smoke_study(
    datasets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("DATASETS", str(datasets))
    mapping = yaml_file.read(ROOT / "config" / "smoke.yaml")["imports"]["tx2"]
    entry = mapping["environments"][name]
    path = PublishedFile(entry["file"], entry["address"], entry["sha256"]).locate(tmp_path)
    source = pd.read_csv(path)
    table, options, _ = convert(
        imported.read(path), environment=name, options=mapping["options"], objectives=mapping["objectives"]
    )
    assert list(table) == [
        "environment", "configuration_id", "inference_time_s", "cores_on", "core_freq", "gpu_freq", "emc_freq",
    ]  # fmt: skip
    assert len(table) == table["configuration_id"].nunique() == 768
    assert set(table["environment"]) == {name}
    assert [len(option.levels) for option in options] == [4, 12, 4, 4]
    assert all(option.ordered and list(option.levels) == sorted(option.levels) for option in options)
    assert options[0].levels == (0, 1, 2, 3)
    assert [option.default for option in options] == table.iloc[0, 3:].tolist()
    assert table["inference_time_s"].tolist() == source["inference_time"].tolist()
    assert table["cores_on"].tolist() == source[["core1_status", "core2_status", "core3_status"]].sum(axis=1).tolist()
    assert table.loc[5, "configuration_id"] == configuration_id(dict(table.loc[5].iloc[3:]))
    tables.write(tmp_path / "t.parquet", table, options=options)
    pd.testing.assert_frame_equal(tables.read(tmp_path / "t.parquet"), table)
    assert list(tmp_path.iterdir()) == [tmp_path / "t.parquet"]


@pytest.mark.parametrize(
    ("file", "environment", "objective", "n"),
    [
        ("help_nb201.parquet", "1080ti_1", "y_latency_ms", 15_625),
        ("deeparch.parquet", "azure|Adiac", "y_inference_time_s", 4096),
    ],
)  # fmt: skip
def test_rows_pick_one_environment_of_many(datasets: Path, file: str, environment: str, objective: str, n: int) -> None:
    source = imported.read(next(datasets.rglob(file)))
    columns = [column for column in source if str(column).startswith("opt_")]
    table, options, _ = convert(
        source,
        rows={"env_id": environment},
        options={column.removeprefix("opt_"): {"column": column} for column in columns},
        objectives={"time": {"column": objective, "factor": 2}},
    )
    picked = source[source["env_id"] == environment]
    assert len(table) == n
    assert np.array_equal(table["time"], 2 * picked[objective])
    assert [set(option.levels) for option in options] == [set(picked[column]) for column in columns]


def test_a_number_picks_rows_whatever_its_type() -> None:
    source = frame(px=[100.0, 200.0, 200.0], a=[1, 1, 2], y_s=[1, 2, 3])
    for value in (200, 200.0, "200"):
        assert convert(source, rows={"px": value})[0]["y_s"].tolist() == [2, 3]


def test_columns_units_levels_and_defaults_follow_the_mapping() -> None:
    table, (option,), _ = convert(
        frame(speed=["slow", "fast"], t=[5, 7]),
        options={"a": {"column": "speed", "levels": ["slow", "medium", "fast"], "ordered": True, "default": "fast"}},
        objectives={"y_ms": {"column": "t", "factor": 1000}},
    )
    assert table[["a", "y_ms"]].to_numpy().tolist() == [["slow", 5000.0], ["fast", 7000.0]]
    assert (option.levels, option.ordered, option.default) == (("slow", "medium", "fast"), True, "fast")


def test_a_level_is_written_as_the_study_declares_it() -> None:
    table, (option,), _ = convert(frame(a=[1.0, 2.0], y_s=[1, 2]), options={"a": {"levels": [2, 1]}})
    assert (table["a"].tolist(), option.levels, option.default) == ([1, 2], (2, 1), 1)
    assert table["a"].dtype == "int64"


@pytest.mark.parametrize(
    ("source", "changes", "message"),
    [
        (frame(thread=[1], y_s=[1]), {"options": {"threads": {}}},
         "t.csv: unknown column 'threads'. Allowed: thread, y_s. Did you mean 'thread'?"),
        (frame(a=[1], y_=[1]), {}, "t.csv: unknown column 'y_s'. Allowed: a, y_. Did you mean 'y_'?"),
        (frame(a=[1], y_s=[1]), {"rows": {"env": "x"}}, "t.csv: unknown column 'env'"),
        (frame(a=[1], y_s=[1]), {"options": {"a": {"columns": ["a", "c"]}}}, "t.csv: unknown column 'c'"),
        (frame(a=[1, 3], y_s=[1, 2]), {"options": {"a": {"levels": [1, 2]}}},
         "t.csv: row 2: a: unknown level '3'. Allowed: 1, 2"),
        (frame(a=[1], y_s=[1]), {"options": {"a": {"default": 2}}},
         "t.csv: option a: default: unknown level 2. Allowed: 1"),
        (frame(a=[1, 2, 1], y_s=[1, 2, 3]), {}, "t.csv: environment e: row 3 is a duplicate configuration"),
        (frame(a=[1, None], y_s=[1, 2]), {}, "t.csv: row 2: option a is empty"),
        (frame(a=[1, 1], b=[1, None], y_s=[1, 2]), {"options": {"a": {"columns": ["a", "b"]}}},
         "t.csv: row 2: option a is empty"),
        (frame(a=[1], y_s=[1]), {"rows": {"a": 2}}, "t.csv: environment e: no row has a = 2"),
        (frame(a=[], y_s=[]), {}, "t.csv: environment e: the table has no rows"),
        # Rows are counted in the file, not among those picked.
        (frame(env=[0, 0, 1, 1], a=[1, 2, 1, 1], y_s=1), {"rows": {"env": 1}}, "row 4 is a duplicate"),
        (frame(env=[0, 1], a=[1, None], y_s=1), {"rows": {"env": 1}}, "row 2: option a is empty"),
        (frame(env=[0, 1], a=[1, 3], y_s=1), {"rows": {"env": 1}, "options": {"a": {"levels": [1], "default": 1}}},
         "row 2: a: unknown level"),
    ],
)  # fmt: skip
def test_a_mapping_that_does_not_fit_its_table_is_bad_input(
    source: pd.DataFrame, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError) as error:
        convert(source, **changes)
    assert message in str(error.value)


def test_an_objective_that_is_no_number_is_missing() -> None:
    assert convert(frame(a=[1, 2], y_s=["3", "failed"]))[0]["y_s"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("name", "content"), [("t.csv", b""), ("t.csv", b"a\n\xff\n"), ("t.csv", b'a,b\n1,2,3,4\n"'), ("t.parquet", b"?")]
)
def test_a_file_that_is_no_table_is_bad_input(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=f"{name}: not a readable"):
        imported.read(tmp_path / name)
    with pytest.raises(UserError, match="nowhere"):
        imported.read(tmp_path / f"nowhere{name}")


def board(*clocks: int) -> pd.DataFrame:
    return frame(clock=list(clocks), y_s=[float(clock) for clock in clocks])


def test_levels_by_rank_make_clocks_of_unlike_boards_the_same_option() -> None:
    ordinal = {"options": {"clock": {"ordered": True, "by_rank": True}}}
    (tx1, option, ranked), (tx2, other, _) = (
        convert(board(*clocks), **ordinal) for clocks in ((614, 76, 998), (1300, 114, 675))
    )
    assert tx1["clock"].tolist() == [2, 1, 3]
    assert tx2["clock"].tolist() == [3, 1, 2]
    assert option[0].levels == other[0].levels == (1, 2, 3)
    assert (option[0].default, other[0].default) == (2, 3)
    assert ranked == {"clock": [76, 614, 998]}
    # The same rank is the same configuration, whatever the clock.
    assert set(tx1["configuration_id"]) == set(tx2["configuration_id"])


def test_ranks_follow_the_order_that_the_study_gives() -> None:
    levels = ["slow", "medium", "fast"]
    mapping = {"ordered": True, "by_rank": True, "levels": levels, "default": "medium"}
    table, (option,), ranked = convert(frame(a=["fast", "slow"], y_s=[1, 2]), options={"a": mapping})
    assert table["a"].tolist() == [3, 1]
    assert option.default == 2
    assert ranked == {"a": levels}


def test_numbers_are_turned_into_the_unit_that_they_have_elsewhere() -> None:
    table, (option,), _ = convert(
        frame(hz=[345600000, 2035200000], y_s=[1.0, 2.0]),
        options={"mhz": {"column": "hz", "factor": 1e-6, "ordered": True, "default": 2035.2}},
    )
    assert option.levels == (345.6, 2035.2)
    assert table["mhz"].tolist() == [345.6, 2035.2]


@pytest.mark.parametrize("wrong", [True, "fast", float("inf")])
def test_a_factor_needs_numbers(wrong: Any) -> None:
    table = frame(a=pd.Series([1, wrong], dtype=object), y_s=[1.0, 2.0])
    with pytest.raises(UserError, match=rf"t\.csv: row 2: option a is {wrong!r}; a factor needs numbers"):
        convert(table, options={"a": {"factor": 0.5}})
