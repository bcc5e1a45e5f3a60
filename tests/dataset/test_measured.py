"""Checks what becomes of the journal's records, on numbers small enough for a pencil."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from tests_root import ROOT

from perftransfer.dataset import measured, tables
from perftransfer.errors import UserError
from perftransfer.space.option_space import OptionSpace
from perftransfer.space.options import Option

OPTIONS = (Option("threads", (1, 2), True, 1), Option("inner", ("a", "b"), False, "a", conditional=True))


def record(configuration: str, repeat: int, latencies: list[float] | None, **extra: Any) -> dict[str, Any]:
    common = {
        "record": "measurement",
        "environment_digest": "e",
        "configuration_id": configuration,
        "repeat": repeat,
        "protocol": "v1",
        "environment": "old name",
        "order": repeat,
        "started_at": "2026-01-01T00:00:00.000+00:00",
        "options": {"threads": 2, "inner": None},
    }
    if latencies is None:
        outcome: dict[str, Any] = {"status": "timeout", "error": "not finished after 1 s", "disturbed": None}
    else:
        outcome = {
            "status": "ok", "error": None, "latency_ms": latencies, "warmup_n": 3, "open_ms": 4.5,
            "external_cpu_share": 0.25, "disturbed": True,
        }  # fmt: skip
    return {**common, **outcome, **extra}


def table(*records: dict[str, Any]) -> pd.DataFrame:
    return measured.measurements(records, "new-name", "engine", OPTIONS, batch=4)


def test_latencies_are_summed_up() -> None:
    row = table(record("c", 0, [float(n) for n in range(11)])).iloc[0]
    assert row["latency_ms"] == 5.0
    assert [row[f"latency_ms_p{p}"] for p in (10, 50, 90, 99)] == pytest.approx([1.0, 5.0, 9.0, 9.9])
    assert row["throughput_per_s"] == 800.0
    assert (row["latency_ms_mad"], row["latency_ms_n"]) == (3.0, 11)
    assert (row["warmup_n"], row["open_ms"], row["external_cpu_share"], row["disturbed"]) == (3, 4.5, 0.25, True)
    assert (row["environment"], row["engine"], row["threads"], row["inner"]) == ("new-name", "engine", 2, "inactive")


def test_what_a_language_model_times_is_summed_up_over_requests_and_tokens() -> None:
    series = {"ttft_ms": [30.0, 10.0, 20.0], "tpot_ms": [2.0, 4.0], "itl_ms": [1.0, 2.0, 9.0], "tokens_per_s": [50.0]}
    row = table(record("c", 0, [1.0], series=series)).iloc[0]
    assert [row[name] for name in series] == [20.0, 3.0, 2.0, 50.0]
    assert [row[f"ttft_ms_p{p}"] for p in (50, 90, 99)] == pytest.approx([20.0, 28.0, 29.8])
    assert "tokens_per_s_p50" not in row
    assert np.isnan(table(record("c", 0, [1.0])).loc[0, "ttft_ms"])


def test_the_median_is_not_moved_by_an_outlier() -> None:
    row = table(record("c", 0, [3.0, 1.0, 1000.0, 2.0])).iloc[0]
    assert (row["latency_ms"], row["latency_ms_mad"]) == (2.5, 1.0)


def test_failed_measurements_are_rows_with_a_status_and_no_number() -> None:
    frame = table(record("a", 0, [1.0, 2.0]), record("b", 0, None))
    assert frame["status"].tolist() == ["ok", "timeout"]
    assert frame["error"].isna().tolist() == [True, False]
    failed = frame.iloc[1]
    assert failed["latency_ms_n"] == 0
    assert failed.filter(like="latency_ms").drop("latency_ms_n").isna().all()
    assert failed[["warmup_n", "open_ms", "disturbed"]].isna().all()


@pytest.mark.parametrize("records", [[record("a", 0, None)], [record("a", 0, None), record("b", 0, [1.0])], []])
def test_columns_have_their_types_even_if_everything_failed(tmp_path: Path, records: list[dict[str, Any]]) -> None:
    frame = table(*records)
    assert list(frame) == [*measured.COLUMNS, "threads", "inner"]
    assert len(frame) == len(records)
    tables.write(tmp_path / "m.parquet", frame, options=OPTIONS)
    stored = {field.name: str(field.type) for field in pq.read_schema(tmp_path / "m.parquet")}
    for name in ("latency_ms", "latency_ms_p10", "latency_ms_p99", "latency_ms_mad", "open_ms", "external_cpu_share"):
        assert stored[name] == "double"
    for name in ("latency_ms_n", "warmup_n"):
        assert stored[name] == "int64"
    assert stored["disturbed"] == "bool"
    assert {stored[name] for name in ("status", "error", "started_at")} <= {"string", "large_string"}


def test_every_latency_is_a_row_of_the_samples() -> None:
    frame = measured.samples([record("b", 1, [3.0, 1.0]), record("a", 0, None), record("a", 1, [2.0])])
    assert frame.to_numpy().tolist() == [["b", 1, 0, 3.0, 0], ["b", 1, 1, 1.0, 0], ["a", 1, 0, 2.0, 0]]
    empty = measured.samples([record("a", 0, None)])
    assert list(empty) == ["configuration_id", "repeat", "i", "latency_ms", "attempt"]
    assert empty.dtypes[["repeat", "i", "latency_ms"]].tolist() == ["int64", "int64", "float64"]


def test_undisturbed_processes_count_and_disturbed_ones_only_where_there_is_no_other() -> None:
    frame = table(
        record("calm", 0, [10.0], disturbed=False),
        record("calm", 1, [20.0], disturbed=False),
        record("calm", 2, [90.0], disturbed=True),
        record("unknown", 0, [5.0], disturbed=None),
        record("busy", 0, [7.0], disturbed=True),
        record("busy", 1, None),
        record("failed", 0, None),
    )
    values = measured.per_configuration(frame, ["latency_ms"])
    assert values["latency_ms"].to_dict() == {"busy": 7.0, "calm": 15.0, "unknown": 5.0}
    assert values["latency_ms_n"].to_dict() == {"busy": 1, "calm": 2, "unknown": 1}
    # Two values 10 and 20: the standard deviation with ddof=1 is 10 / sqrt(2).
    assert values.loc["calm", "latency_ms_cv"] == pytest.approx(10 / np.sqrt(2) / 15)
    assert np.isnan(values.loc["busy", "latency_ms_cv"])


def test_values_that_rest_on_disturbed_measurements_alone_are_counted() -> None:
    rows = [("a", "ok", True), ("a", "ok", False), ("b", "ok", True), ("b", "failed", None), ("c", "ok", None)]
    frame = pd.DataFrame(rows, columns=["configuration_id", "status", "disturbed"]).astype({"disturbed": "boolean"})
    assert measured.disturbance(frame) == {"measurements": 4, "disturbed": 2, "configurations": 3, "unreliable": 1}
    assert measured.disturbance(frame[:0])["unreliable"] == 0


def test_where_every_process_failed_there_are_no_values() -> None:
    values = measured.per_configuration(table(record("a", 0, None)), ["latency_ms"])
    assert values.empty
    assert values["latency_ms"].dtype == "float64"


@pytest.mark.parametrize("file", sorted((ROOT / "config/spaces").glob("*.yaml")), ids=lambda path: path.stem)
def test_no_shipped_option_is_called_like_a_column(file: Path) -> None:
    measured.check_names(OptionSpace.read(file).options)


def test_an_option_that_is_called_like_a_column_is_told() -> None:
    with pytest.raises(UserError, match="option disturbed: a column of the table of measurements"):
        measured.check_names([Option("disturbed", (True, False), False, True)])
