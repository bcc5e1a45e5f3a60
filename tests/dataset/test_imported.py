"""Checks how published tables are mapped, and what a person reads when that fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from perftransfer import yaml_file
from perftransfer.dataset import imported, tables, text_table
from perftransfer.dataset.params import (
    EnvironmentRows,
    FileParams,
    ImportParams,
    ObjectiveMapping,
    OptionMapping,
)
from perftransfer.dataset.published import PublishedFile
from perftransfer.dataset.text_table import TextTable
from perftransfer.errors import UserError
from perftransfer.space.options import configuration_id

ROOT = Path(__file__).parents[2]


def convert(table: pd.DataFrame, **changes: Any) -> Any:
    (environment,) = convert_all({"t.csv": table}, **changes).values()
    return environment.frame, environment.options, environment.ranked


def convert_all(
    tables_by_name: dict[str, pd.DataFrame],
    *,
    options: dict[str, Any] | None = None,
    objectives: dict[str, Any] | None = None,
    environments: dict[str, EnvironmentRows] | None = None,
    environment: str = "e",
    rows: dict[str, Any] | None = None,
    **changes: Any,
) -> dict[str, imported.ImportedEnvironment]:
    """Import environments, by default one of all rows, the option ``a`` and the objective ``y_s``."""
    first = next(iter(tables_by_name))
    params = ImportParams(
        files={name: FileParams(None, None) for name in tables_by_name},
        environments=environments or {environment: EnvironmentRows(first, rows or {})},
        options={name: OptionMapping(**mapping) for name, mapping in (options or {"a": {}}).items()},
        objectives={name: ObjectiveMapping(**mapping) for name, mapping in (objectives or {"y_s": {}}).items()},
        code="",
        **changes,
    )
    return dict(imported.convert({name: TextTable(name, table) for name, table in tables_by_name.items()}, params))


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
        text_table.read(path).frame, environment=name, options=mapping["options"], objectives=mapping["objectives"]
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
    source = text_table.read(next(datasets.rglob(file))).frame
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
        (frame(a=[1, 2, 1], y_s=[1, 2, 3]), {"replicates": "error"},
         "t.csv: environment e: row 3 is a duplicate configuration"),
        (frame(a=[1, None], y_s=[1, 2]), {}, "t.csv: row 2: option a is empty"),
        (frame(a=[1, 1], b=[1, None], y_s=[1, 2]), {"options": {"a": {"columns": ["a", "b"]}}},
         "t.csv: row 2: option a is empty"),
        (frame(a=[1], y_s=[1]), {"rows": {"a": 2}}, "t.csv: environment e: rows: a: unknown value 2. Allowed: 1"),
        (frame(a=[], y_s=[]), {}, "t.csv: environment e: the table has no rows"),
        # Rows are counted in the file, not among those picked.
        (frame(env=[0, 0, 1, 1], a=[1, 2, 1, 1], y_s=1), {"rows": {"env": 1}, "replicates": "error"},
         "row 4 is a duplicate"),
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


@pytest.mark.parametrize("cell", ["failed", "", "inf", "nan", "0", "-1", "1e400", "12 ms", "1_000", "5%", "0x10"])
def test_a_cell_of_an_objective_that_is_no_number_above_0_is_an_error_that_names_its_row(cell: str) -> None:
    with pytest.raises(UserError) as error:
        convert(frame(a=["1", "2", "3"], y_s=["3", cell, "2"]))
    said = str(error.value)
    assert said.startswith("t.csv: environment e: y_s: 1 of 3 cells is not a finite number above 0: row 2: ")
    assert f"row 2: {cell!r}" in said


def test_wrong_cells_are_counted_and_the_first_are_named() -> None:
    with pytest.raises(
        UserError, match=r"y_s \(column t\): 4 of 5 cells are .*: row 2: 'x', row 3: 'y', row 4: '' \.\.\."
    ):
        convert(frame(a=["1", "2", "3", "4", "5"], t=["3", "x", "y", "", "0"]), objectives={"y_s": {"column": "t"}})


@pytest.mark.parametrize(("cell", "factor"), [("1e305", 1e6), ("1e-320", 1e-9)])
def test_a_value_that_a_factor_makes_infinite_or_0_is_an_error(cell: str, factor: float) -> None:
    with pytest.raises(UserError, match=f"above 0 after multiplication by .*: row 1: '{cell}'"):
        convert(frame(a=["1", "2"], y_s=[cell, "2"]), objectives={"y_s": {"factor": factor}})


def test_cells_that_the_study_lists_are_failed_measurements() -> None:
    table = frame(a=["1", "2", "3", "4", "5"], y_s=["3", "timeout", "-1.0", "", "inf"])
    environment = convert_all({"t.csv": table}, missing=["timeout", -1, "", "inf"])["e"]
    assert environment.frame["y_s"].isna().tolist() == [False, True, True, True, True]
    assert environment.frame["status"].tolist() == ["ok", "failed", "failed", "failed", "failed"]
    assert environment.frame["error"].tolist()[1:] == ["timeout", "-1.0", "empty", "inf"]
    (remark,) = environment.remarks
    assert remark == "t.csv: environment e: y_s: 4 of 5 rows failed: 1 timeout, 1 -1.0, 1 empty, first row 2"


def test_rows_of_the_same_configuration_are_replicates_of_which_the_median_is_the_value() -> None:
    table = frame(run=[1, 2, 3, 1, 1, 2], a=[1, 1, 1, 2, 3, 3], y_s=["1", "1.02", "1.5", "4", "OOM", "OOM"])
    environment = convert_all({"t.csv": table}, missing=["OOM"])["e"]
    rows = environment.frame.set_index("a")
    assert rows["y_s"].tolist()[:2] == [1.02, 4]
    assert rows["y_s_n"].tolist() == [3, 1, 0]
    assert rows.loc[1, "y_s_cv"] == pytest.approx(np.std([1, 1.02, 1.5], ddof=1) / np.mean([1, 1.02, 1.5]))
    assert rows["status"].tolist() == ["ok", "ok", "failed"]
    assert any(
        remark.startswith("t.csv: environment e: 2 configurations have 2 to 3 rows; their median is the value")
        and remark.endswith("different in such rows: run")
        for remark in environment.remarks
    )


def levels_of(*cells: Any, **mapping: Any) -> tuple[Any, ...]:
    table = frame(a=list(cells), y_s=[str(1 + i) for i in range(len(cells))])
    return convert(table, options={"a": mapping})[1][0].levels


@pytest.mark.parametrize(
    ("cells", "levels"),
    [
        (["1", "4", "2"], (1, 2, 4)),
        (["1.0", "2.0"], (1, 2)),
        (["1.5", "2", "0.25"], (0.25, 1.5, 2.0)),
        (["true", "False"], (False, True)),
        (["True", "on"], ("True", "on")),
        (["off", "on"], ("off", "on")),
        (["1.1", "1.10"], ("1.1", "1.10")),
        (["1.9", "1.10", "1.11"], ("1.10", "1.11", "1.9")),
        (["008", "010"], ("008", "010")),
        (["1e3", "2e3"], ("1e3", "2e3")),
        (["NA", "None", "nan", "null"], ("NA", "None", "nan", "null")),
        (["1:30", "2024-01-01"], ("1:30", "2024-01-01")),
        (["400000000000000000000000000", "2"], ("2", "400000000000000000000000000")),
    ],
)
def test_levels_are_numbers_only_if_all_are_written_as_numbers(cells: list[str], levels: tuple[Any, ...]) -> None:
    found = levels_of(*cells)
    assert found == levels
    assert [type(level) for level in found] == [type(level) for level in levels]


def test_the_study_says_what_levels_are() -> None:
    assert levels_of("0.50", "0.250", type="number", ordered=True) == (0.25, 0.5)
    assert levels_of("1", "2", "10", type="text") == ("1", "10", "2")
    assert levels_of("1000", "2000", levels=[1e3, 2e3]) == (1000, 2000)
    assert levels_of("off", "on", levels=["off", "on"], default="on") == ("off", "on")
    assert levels_of("128KB", "1MB", "2KB", levels=["2KB", "128KB", "1MB"], ordered=True) == ("2KB", "128KB", "1MB")


@pytest.mark.parametrize(
    ("cells", "mapping", "message"),
    [
        (
            ["2KB", "128KB"],
            {"ordered": True},
            "option a: ordered: true, but its levels are text: 128KB, 2KB. List them",
        ),
        (["0.50", "0.25"], {"ordered": True}, "if '0.50' is a number and no name, say type: number"),
        (["1", "auto"], {"ordered": True}, "'auto' is not a number"),
        (["1", "auto"], {"type": "number"}, "option a: 'auto' is not a number; remove type: number"),
        (["1.1", "1.10"], {"levels": [1.1, 2]}, "the cells '1.1' and '1.10' are both the level 1.1; quote the levels"),
        (["1", ""], {}, "row 2: option a is empty; if it has no effect there: inactive: ['']"),
        (["", ""], {"inactive": [""]}, "inactive in all rows"),
    ],
)
def test_levels_that_cannot_be_what_the_study_says_are_errors(
    cells: list[str], mapping: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError) as error:
        levels_of(*cells, **mapping)
    assert message in str(error.value)


def test_an_option_has_one_type_over_all_files() -> None:
    files = {"t.csv": frame(a=["1.0", "2.0"], y_s=["1", "2"]), "u.csv": frame(a=["1.0", "auto"], y_s=["3", "4"])}
    environments = {name: EnvironmentRows(f"{name}.csv", {}) for name in "tu"}
    both = convert_all(files, environments=environments)
    assert [both[name].options[0].levels for name in "tu"] == [("1.0", "2.0"), ("1.0", "auto")]
    assert both["t"].frame["configuration_id"][0] == both["u"].frame["configuration_id"][0]


def test_our_own_word_for_it_always_means_that_an_option_has_no_effect() -> None:
    table, options, _ = convert(
        frame(a=["x", "y", "y"], b=["inactive", "1", "2"], y_s=["1", "2", "3"]),
        options={"a": {}, "b": {"ordered": True}},
    )
    assert options[1].conditional
    assert options[1].levels == (1, 2)
    assert table["b"].tolist() == ["inactive", "1", "2"]


def test_an_empty_cell_may_mean_that_an_option_has_no_effect() -> None:
    table, options, _ = convert(
        frame(a=["x", "y", "y"], b=["", "1", "2"], y_s=["1", "2", "3"]), options={"a": {}, "b": {"inactive": [""]}}
    )
    assert options[1].conditional
    assert table["b"].tolist() == ["inactive", "1", "2"]


def test_a_version_picks_its_own_rows_only() -> None:
    source = frame(version=["1.1", "1.10", "1.2"], a=["1", "1", "1"], y_s=["1", "2", "3"])
    for value, expected in (("1.1", 1), ("1.10", 2)):
        assert convert(source, rows={"version": value})[0]["y_s"].tolist() == [expected]
    with pytest.raises(UserError, match=r"rows: version: 1.1 may be '1.1' or '1.10'; write it in quotes"):
        convert(source, rows={"version": 1.1})
    with pytest.raises(UserError, match=r"rows: version: unknown value 10"):
        convert(source, rows={"version": 10})


def test_a_pattern_stands_for_all_options_whose_columns_match() -> None:
    source = frame(opt_a=["1", "2"], **{"opt_B-c": ["x", "x"]}, y_s=["1", "2"])
    assert list(convert(source, options={"opt_*": {}})[0])[3:] == ["opt_a", "opt_b_c"]
    assert list(convert(source, options={"*": {"column": "opt_*"}})[0])[3:] == ["a", "b_c"]
    with pytest.raises(UserError, match="'opt_1' gives a name without a letter first"):
        convert(frame(opt_1=["1", "2"], y_s=["1", "2"]), options={"*": {"column": "opt_*"}})
    # What is used otherwise does not match.
    assert list(convert(source, options={"*": {}})[0])[3:] == ["opt_a", "opt_b_c"]
    with pytest.raises(
        UserError, match=r"t.csv: option knob_\*: no column matches 'knob_\*'. Columns: opt_a, opt_B-c, y_s"
    ):
        convert(source, options={"knob_*": {}})


def test_an_environment_may_lack_an_objective_that_others_have() -> None:
    table = frame(env=["p", "p", "q", "q"], a=["1", "2", "1", "2"], y_s=["1", "2", "3", "4"], e_mj=["5", "6", "", ""])
    both = convert_all(
        {"t.csv": table},
        objectives={"y_s": {}, "e_mj": {}},
        environments={name: EnvironmentRows("t.csv", {"env": name}) for name in "pq"},
    )
    assert "e_mj" in both["p"].frame
    assert "e_mj" not in both["q"].frame
    assert both["q"].remarks == ["t.csv: environment q: e_mj: was not measured there"]


def test_numbers_are_read_as_the_file_writes_them() -> None:
    table = frame(a=["0,5", "1,5"], y_s=["1.350,5", "850,25"])
    environment = convert_all({"t.csv": table}, options={"a": {"ordered": True}})["e"]
    assert environment.frame["y_s"].tolist() == [1350.5, 850.25]
    assert environment.options[0].levels == (0.5, 1.5)
    assert environment.remarks == ["t.csv: numbers are read with decimal separator ',', thousands separator '.'"]


@pytest.mark.parametrize(
    ("name", "content"), [("t.csv", b""), ("t.csv", b"a\n\xff\n"), ("t.csv", b'a,b\n1,2,3,4\n"'), ("t.parquet", b"?")]
)
def test_a_file_that_is_no_table_is_bad_input(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=f"{name}: not a readable"):
        text_table.read(tmp_path / name)
    with pytest.raises(UserError, match="nowhere"):
        text_table.read(tmp_path / f"nowhere{name}")


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


@pytest.mark.parametrize("wrong", ["True", "fast", "inf"])
def test_a_factor_needs_numbers(wrong: str) -> None:
    table = frame(a=["1", wrong], y_s=[1.0, 2.0])
    with pytest.raises(UserError, match=rf"t\.csv: row 2: option a is {wrong!r}; a factor or a sum needs numbers"):
        convert(table, options={"a": {"factor": 0.5}})
