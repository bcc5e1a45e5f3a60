"""Checks that environments become one table, and their options one schema."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from perftransfer.dataset import measured, tables
from perftransfer.dataset.merge import ENVIRONMENT_COLUMNS, check_objectives, import_remarks, merge, mixed_hosts
from perftransfer.errors import UserError
from perftransfer.space.options import INACTIVE, Option, configuration_id

THREADS = Option("threads", (1, 2), True, 1)
MODE = Option("mode", ("a", "b"), False, "a")
FIXED = Option("fixed", (True, False), False, True)
DESCRIPTION = {
    "hardware": "board", "emulated": False, "cores": "all", "engine": "e", "network": "n", "batch": 1, "image_px": 8,
}  # fmt: skip

Values = dict[tuple[Any, ...], list[float | None]]


class Study:
    """Files of environments, and their merger."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.descriptions: dict[str, dict[str, Any]] = {}
        self.measured: dict[str, Path] = {}
        self.imported: dict[str, Path] = {}

    def measure(self, name: str, options: tuple[Option, ...], values: Values, **description: Any) -> None:
        """values: latency of each process (None: it failed) by the levels of the options."""
        records = []
        for levels, latencies in values.items():
            chosen = dict(zip((option.name for option in options), levels, strict=True))
            for repeat, latency in enumerate(latencies):
                outcome = {"status": "failed"} if latency is None else {"status": "ok", "latency_ms": [latency]}
                records.append(
                    {"configuration_id": configuration_id(chosen), "repeat": repeat, "options": chosen, **outcome}
                )
        frame = measured.measurements(records, name, "e", options, batch=1)
        self.measured[name] = self.folder / f"{name}.parquet"
        self._add(name, self.measured[name], frame, options, description)

    def publish(
        self, name: str, options: tuple[Option, ...], values: dict[tuple[Any, ...], float], **extra: Any
    ) -> None:
        objective = extra.pop("objective", "latency_ms")
        chosen = [dict(zip((option.name for option in options), levels, strict=True)) for levels in values]
        frame = tables.configurations_frame(
            {configuration_id(configuration): configuration for configuration in chosen}, options
        )
        frame.insert(0, "environment", name)
        frame[objective] = list(values.values())
        self.imported[name] = self.folder / f"{name}.parquet"
        self._add(name, self.imported[name], frame, options, extra)

    def _add(
        self, name: str, path: Path, frame: pd.DataFrame, options: tuple[Option, ...], extra: dict[str, Any]
    ) -> None:
        tables.write(path, frame, options=options)
        self.descriptions[name] = {**DESCRIPTION, **extra}

    def merge(self, *objectives: str) -> tuple[pd.DataFrame, tuple[Option, ...], dict[str, Any]]:
        """Merge, and check that the result can be stored."""
        names = objectives or ["latency_ms"]
        parts, options, constant = merge(self.descriptions, self.measured, self.imported, names)
        frames = list(parts)
        path = self.folder / "dataset.parquet"
        rows = tables.write_groups(path, frames, options=options, metadata={"constant": constant})
        dataset = pd.concat(frames, ignore_index=True)
        assert (rows, dataset.shape) == (len(dataset), tables.read(path).shape)
        return dataset, options, constant


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study(tmp_path)


def levels(options: tuple[Option, ...]) -> list[tuple[Any, ...]]:
    return [option.levels for option in options]


def test_a_row_is_a_configuration_of_an_environment_with_value_spread_and_number(study: Study) -> None:
    study.measure("one", (THREADS,), {(1,): [4.0, 6.0], (2,): [3.0]}, hardware="pc", emulated=True, cores="1")
    dataset, options, constant = study.merge()
    assert list(dataset) == [
        *ENVIRONMENT_COLUMNS, "configuration_id", "threads", "latency_ms", "latency_ms_cv", "latency_ms_n",
    ]  # fmt: skip
    assert (options, constant) == ((THREADS,), {})
    row = dataset.set_index("threads").loc[1]
    assert (row["environment"], row["hardware"], row["emulated"], row["cores"]) == ("one", "pc", True, "1")
    assert (row["latency_ms"], row["latency_ms_n"]) == (5.0, 2)
    assert row["latency_ms_cv"] == pytest.approx(2**0.5 / 5)
    assert row["configuration_id"] == configuration_id({"threads": 1})


RELATIVE = replace(THREADS, relative_to="cores")


def test_an_option_is_compared_relative_to_a_size_of_the_environment(study: Study) -> None:
    """Two threads on two cores are what one thread is on one core."""
    study.measure("one", (RELATIVE, MODE), {(t, m): [10.0 * t] for t in (1, 2) for m in "ab"}, n_cores=1)
    # Here, the option does not say so: what one environment says holds for all.
    study.publish("two", (THREADS, MODE), {(t, m): 5.0 * t for t in (1, 2) for m in "ab"}, n_cores=2)
    dataset, options, _ = study.merge()
    assert [(option.name, option.levels) for option in options] == [
        ("threads_per_core", (0.5, 1, 2)), ("mode", ("a", "b")),
    ]  # fmt: skip
    assert "threads" not in dataset
    ids = dataset.groupby("environment")["configuration_id"].apply(set)
    (common,) = {frozenset(ids["one"] & ids["two"])}
    rows = dataset[dataset["configuration_id"].isin(common)]
    assert set(rows["threads_per_core"]) == {1}
    assert rows.groupby("environment")["latency_ms"].unique().map(list).to_dict() == {"one": [10.0], "two": [10.0]}
    assert configuration_id({"threads_per_core": 0.5, "mode": "a"}) in ids["two"]


def test_measured_environments_are_compared_by_number_if_asked_to(study: Study) -> None:
    for name, cores in (("one", 1), ("two", 2)):
        study.measure(name, (RELATIVE,), {(t,): [1.0 * t] for t in (1, 2)}, n_cores=cores)
    _, options, _ = merge(study.descriptions, study.measured, {}, ["latency_ms"], relative_to_sizes=False)
    assert [(option.name, option.levels) for option in options] == [("threads", (1, 2))]


def test_a_size_that_is_not_known_is_asked_for(study: Study) -> None:
    study.measure("one", (RELATIVE,), {(1,): [1.0], (2,): [2.0]}, n_cores=1)
    study.measure("two", (RELATIVE,), {(1,): [1.0], (2,): [2.0]}, n_cores=None)
    with pytest.raises(UserError, match="two: option threads is compared relative to cores, which is not"):
        study.merge()


def test_environments_keep_the_order_of_the_study_and_configurations_are_sorted(study: Study) -> None:
    for name in ("z", "a", "m"):
        study.measure(name, (THREADS, MODE), {(t, m): [1.0] for t in (2, 1) for m in "ba"})
    dataset, _, _ = study.merge()
    assert list(dict.fromkeys(dataset["environment"])) == ["z", "a", "m"]
    for _, rows in dataset.groupby("environment"):
        assert rows["configuration_id"].is_monotonic_increasing


def test_options_that_never_vary_are_dropped_and_listed_with_their_value(study: Study) -> None:
    inner = Option("inner", (1, 2), True, 1, conditional=True)
    # All levels that are declared count for nothing: what was measured does.
    for name in ("one", "two"):
        study.measure(name, (FIXED, THREADS, inner), {(False, 1, None): [1.0], (False, 2, None): [2.0]})
    dataset, options, constant = study.merge()
    assert options == (THREADS,)
    assert constant == {"fixed": False, "inner": INACTIVE}
    assert "fixed" not in dataset
    assert "inner" not in dataset


def test_an_option_that_varies_only_between_environments_is_kept(study: Study) -> None:
    study.measure("one", (THREADS, MODE), {(1, "a"): [1.0], (2, "a"): [2.0]})
    study.measure("two", (THREADS, MODE), {(1, "b"): [1.0], (2, "b"): [2.0]})
    assert study.merge()[1] == (THREADS, MODE)


def test_levels_are_united_in_order(study: Study) -> None:
    def options(*levels: tuple[Any, ...]) -> tuple[Option, ...]:
        return tuple(Option(name, numbers, True, numbers[0]) for name, numbers in zip("xyz", levels, strict=True))

    study.publish("one", options((1, 4), ("low", "high"), (1, 2)), {(1, "low", 1): 1.0, (4, "high", 2): 2.0})
    study.publish(
        "two",
        options((2, 8), ("lowest", "low", "medium", "high", "highest"), (1, 2)),
        {(2, "medium", 1): 1.0, (8, "lowest", 2): 2.0},
    )
    merged = levels(study.merge()[1])
    assert merged[0] == (1, 2, 4, 8)
    assert [level for level in merged[1] if level != "lowest"] == ["low", "medium", "high", "highest"]
    assert sorted(merged[1]) == sorted({"low", "high", "medium", "lowest", "highest"})
    assert merged[2] == (1, 2)


def test_the_same_number_of_another_type_is_the_same_level(study: Study) -> None:
    study.publish("one", (THREADS,), {(1,): 1.0, (2,): 2.0})
    study.publish("two", (Option("threads", (1.0, 2.0), True, 1.0),), {(1.0,): 1.0, (2.0,): 2.0})
    dataset, options, _ = study.merge()
    assert levels(options) == [(1, 2)]
    assert dataset["configuration_id"].nunique() == 2


def test_an_option_that_is_conditional_in_one_environment_is_conditional_in_the_study(study: Study) -> None:
    study.publish("one", (THREADS,), {(1,): 1.0, (2,): 2.0})
    study.measure("two", (Option("threads", (1, 2), True, 1, conditional=True),), {(1,): [1.0], (None,): [2.0]})
    dataset, (option,), _ = study.merge()
    assert option.conditional
    assert sorted(dataset["threads"]) == ["1", "1", "2", INACTIVE]
    assert all(option.code(level) >= 0 for level in dataset["threads"])


def test_an_option_that_an_environment_lacks_is_inactive_there(study: Study) -> None:
    study.publish("one", (THREADS,), {(1,): 1.0, (2,): 2.0})
    study.publish("two", (MODE, THREADS), {("a", 1): 3.0, ("b", 2): 4.0})
    dataset, options, constant = study.merge()
    assert [(option.name, option.conditional) for option in options] == [("threads", False), ("mode", True)]
    assert dataset["mode"].tolist() == [INACTIVE, INACTIVE, "a", "b"]
    assert sorted(dataset["threads"]) == [1, 1, 2, 2]
    assert constant == {}


def test_an_option_with_one_level_wherever_it_exists_decides_nothing(study: Study) -> None:
    study.publish("one", (THREADS, FIXED), {(1, True): 1.0, (2, True): 2.0})
    study.publish("two", (THREADS,), {(1,): 3.0, (2,): 4.0})
    dataset, options, constant = study.merge()
    assert [option.name for option in options] == ["threads"]
    assert constant == {"fixed": True}
    assert "fixed" not in dataset
    # Without it the same settings are the same configuration, in the order of their digits in each environment.
    ids = dataset.groupby("environment", sort=False)["configuration_id"].agg(list)
    assert ids["one"] == ids["two"] == sorted(configuration_id({"threads": n}) for n in (1, 2))


def test_an_option_that_is_called_like_a_column_is_told(study: Study) -> None:
    study.publish("one", (THREADS, Option("cores", (1, 2), True, 1)), {(1, 1): 1.0, (2, 2): 2.0})
    with pytest.raises(UserError, match="option cores: a column of the dataset has that name"):
        study.merge()


def test_yes_and_no_stay_levels_where_another_environment_has_numbers(study: Study) -> None:
    study.publish("one", (Option("mode", (True, False), False, True),), {(True,): 1.0, (False,): 2.0})
    study.publish("two", (Option("mode", (1, 2), False, 1),), {(1,): 1.0, (2,): 2.0})
    assert sorted(study.merge()[0]["mode"]) == ["1", "2", "false", "true"]


def test_options_of_which_none_varies_leave_one_configuration(study: Study) -> None:
    study.publish("one", (FIXED,), {(True,): 1.0})
    study.publish("two", (Option("other", ("x",), False, "x"),), {("x",): 2.0})
    dataset, options, constant = study.merge()
    assert (options, constant) == ((), {"fixed": True, "other": "x"})
    assert dataset["configuration_id"].tolist() == [configuration_id({})] * 2


def test_measured_and_published_environments_stand_in_one_table(study: Study) -> None:
    study.publish("published", (THREADS,), {(1,): 10.0, (2,): 20.0}, cores=None, engine=None)
    study.measure("measured", (THREADS,), {(1,): [4.0, 6.0], (2,): [None]})
    dataset, _, _ = study.merge()
    rows = dataset.set_index(["environment", "threads"])
    assert rows["latency_ms"].to_dict()[("published", 2)] == 20.0
    assert rows.loc[("published", 1), ["latency_ms_cv", "latency_ms_n", "cores", "engine"]].isna().all()
    assert rows.loc[("measured", 1), "latency_ms_n"] == 2


def test_a_configuration_that_failed_is_a_row_without_a_value(study: Study) -> None:
    study.measure("some", (THREADS,), {(1,): [None, None], (2,): [None, 3.0]})
    study.measure("all", (THREADS,), {(1,): [None], (2,): [None]})
    dataset, _, _ = study.merge()
    values = dataset.set_index(["environment", "threads"])["latency_ms"]
    assert len(values) == 4
    assert values.dropna().to_dict() == {("some", 2): 3.0}


def test_an_objective_that_an_environment_lacks_is_missing_there(study: Study) -> None:
    study.publish("published", (THREADS,), {(1,): 10.0, (2,): 20.0}, objective="energy_mj")
    study.measure("measured", (THREADS,), {(1,): [4.0], (2,): [5.0]})
    for objectives in (("latency_ms", "energy_mj"), ("energy_mj", "latency_ms"), ("energy_mj",)):
        dataset, _, _ = study.merge(*objectives)
        assert list(dataset)[-3 * len(objectives) :: 3] == list(objectives)
        counts = dataset.groupby("environment")[list(objectives)].count()
        assert counts.loc["published", "energy_mj"] == 2
        assert counts.loc["measured", "energy_mj"] == 0


@pytest.mark.parametrize("failed", [False, True])
def test_columns_have_their_types_whatever_is_missing(study: Study, failed: bool) -> None:
    study.measure("one", (THREADS, MODE, FIXED), {(1, "a", True): [None], (2, "b", False): [None if failed else 1.0]})
    study.publish("two", (THREADS, MODE, FIXED), {(1, "a", True): 1.0}, batch=None, emulated=None, network=None)
    dataset, _, _ = study.merge()
    assert {name: str(kind) for name, kind in dataset.dtypes.items()} == {
        "environment": "str", "hardware": "str", "emulated": "boolean", "cores": "str", "engine": "str",
        "network": "str", "batch": "Int64", "image_px": "Int64", "configuration_id": "str", "threads": "int64",
        "mode": "str", "fixed": "bool", "latency_ms": "float64", "latency_ms_cv": "float64", "latency_ms_n": "float64",
    }  # fmt: skip


def test_energy_that_could_not_be_counted_stops_with_the_reason(study: Study) -> None:
    for name in ("one", "two"):
        study.measure(name, (THREADS,), {(1,): [4.0], (2,): [5.0]})
        frame = tables.read(study.measured[name]).assign(energy_missing="RAPL: no such folder")
        tables.write(study.measured[name], frame, options=(THREADS,))
    with pytest.raises(UserError, match=r"environment one: energy_mj could not be measured \(RAPL: no such folder\)"):
        study.merge("energy_mj")
    study.merge("latency_ms")


def test_an_environment_of_two_states_of_its_machine_is_told(study: Study) -> None:
    for name, changes in (("one", {"system": ["Linux 6.1", "Linux 6.9"]}), ("two", {})):
        study.measure(name, (THREADS,), {(1,): [4.0], (2,): [5.0]})
        frame = tables.read(study.measured[name])
        tables.write(study.measured[name], frame, options=(THREADS,), metadata={"host_changes": changes})
    assert mixed_hosts(study.measured) == ["environment one: measured with more than one system: Linux 6.1; Linux 6.9"]


def test_spread_and_number_of_published_repetitions_are_kept(study: Study) -> None:
    study.publish("a", (THREADS,), {(1,): 5.0, (2,): 4.0})
    frame = tables.read(study.imported["a"]).assign(latency_ms_cv=[0.1, np.nan], latency_ms_n=[3.0, 1.0])
    tables.write(study.imported["a"], frame, options=(THREADS,))
    study.publish("b", (THREADS,), {(1,): 7.0, (2,): 6.0})
    merged = study.merge("latency_ms")[0].set_index(["environment", "threads"])
    assert merged.loc["a", "latency_ms_cv"].tolist() == pytest.approx([0.1, np.nan], nan_ok=True)
    assert merged.loc["a", "latency_ms_n"].tolist() == [3, 1]
    assert merged.loc["b", ["latency_ms_cv", "latency_ms_n"]].isna().all(axis=None)


def test_it_is_said_which_environments_lack_an_objective(tmp_path: Path) -> None:
    values = {"a": [1.0, 2.0], "b": [None, 3.0], "c": [None, None]}
    frames = [pd.DataFrame({"environment": name, "y_s": pd.Series(y, dtype=float)}) for name, y in values.items()]
    path = tmp_path / "dataset.parquet"
    tables.write_groups(path, frames, options=())
    assert check_objectives(path, ["y_s"], several=True) == ["y_s was not measured in 1 of 3: c"]
    tables.write_groups(path, frames[::2], options=())
    with pytest.raises(UserError, match="objective y_s was measured only in a"):
        check_objectives(path, ["y_s"], several=True)
    assert check_objectives(path, ["y_s"], several=False) == ["y_s was not measured in 1 of 2: c"]


def test_what_imports_remarked_is_told_once(tmp_path: Path) -> None:
    files = {}
    for name, remarks in {"a": ["t.csv: one", "t.csv: a"], "b": ["t.csv: one"], "c": None}.items():
        files[name] = tmp_path / f"{name}.parquet"
        metadata = {} if remarks is None else {"remarks": remarks}
        tables.write(files[name], pd.DataFrame({"x": [1]}), metadata=metadata)
    assert import_remarks(files) == ["t.csv: one", "t.csv: a"]
