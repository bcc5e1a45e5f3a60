"""From the journal's records to tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

import numpy as np
import pandas as pd

from perftransfer.dataset.tables import option_columns
from perftransfer.errors import UserError
from perftransfer.measuring.records import Measurement, Sentinel
from perftransfer.objectives import GENERATION, GENERATION_PERCENTILES, PERCENTILES
from perftransfer.space.options import Option

#: Columns of measurements/<environment>.parquet before the options.
COLUMNS = (
    "environment", "engine", "configuration_id", "repeat", "attempt", "order", "status", "error", "started_at",
    "latency_ms", "latency_ms_p10", "latency_ms_p50", "latency_ms_p90", "latency_ms_p99", "latency_ms_mad",
    "latency_ms_n", "throughput_per_s", *GENERATION, *GENERATION_PERCENTILES,
    "warmup_n", "warmup_ms", "steady", "relative_ci", "stopped", "open_ms", "peak_memory_mib", "external_cpu_share",
    "steal_cpu_share", "throttle_events", "throttled_periods", "cpu_mhz", "cpu_mhz_change", "disturbed", "energy_mj",
    "energy_resolution", "energy_n", "energy_covers", "energy_missing",
)  # fmt: skip


def check_names(options: Sequence[Option]) -> None:
    """Raise UserError for an option with the name of a column of the table of measurements."""
    for option in options:
        if option.name in COLUMNS:
            raise UserError(
                f"option {option.name}: a column of the table of measurements has that name; give it another one"
            )


def _summary(latencies: Sequence[float]) -> dict[str, float | int]:
    values = np.asarray(latencies, dtype=float)
    if not len(values):
        return {"latency_ms_n": 0}
    median = float(np.median(values))
    percentiles = (10, *PERCENTILES)
    return {
        "latency_ms": median,
        **{f"latency_ms_p{p}": float(x) for p, x in zip(percentiles, np.percentile(values, percentiles), strict=True)},
        "latency_ms_mad": float(np.median(np.abs(values - median))),
        "latency_ms_n": len(values),
    }


def _generation(series: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Return medians and percentiles of what an engine of language models timed."""
    medians = {name: float(np.median(series[name])) for name in GENERATION if series.get(name)}
    percentiles = {
        column: float(np.percentile(series[name], percent))
        for column, (name, percent) in GENERATION_PERCENTILES.items()
        if series.get(name)
    }
    return medians | percentiles


def measurements(
    records: Sequence[Measurement], environment: str, engine: str, options: Sequence[Option], batch: int
) -> pd.DataFrame:
    """Return one row per measurement: its status, median latency and spread in ms, and its options.

    What an engine of language models times besides is the median over requests, tokens or rounds (``GENERATION``).

    ``throughput_per_s`` is in inputs per second: ``batch``, the inputs of one inference, by the median latency.
    """
    rows: list[dict[str, object]] = [
        {
            "attempt": 0,
            **record,
            **_summary(record.get("latency_ms", ())),
            **_generation(record.get("series", {})),
            "environment": environment,
            "engine": engine,
        }
        for record in records
    ]
    for row, record in zip(rows, records, strict=True):
        latency = row.get("latency_ms") if record.get("latency_ms") else None
        row["latency_ms"] = latency
        row["throughput_per_s"] = None if latency is None else 1000 * batch / float(latency)  # type: ignore[arg-type]
    frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype(
        {
            "latency_ms_n": "Int64",
            "warmup_n": "Int64",
            "throttle_events": "Int64",
            "throttled_periods": "Int64",
            "energy_n": "Int64",
        }
        | {"disturbed": "boolean", "steady": "boolean"}
        | {name: "float64" for name in COLUMNS if name.startswith("latency_ms") and name != "latency_ms_n"}
        | dict.fromkeys(
            (
                "throughput_per_s",
                *GENERATION,
                *GENERATION_PERCENTILES,
                "warmup_ms",
                "relative_ci",
                "open_ms",
                "peak_memory_mib",
                "external_cpu_share",
                "steal_cpu_share",
                "cpu_mhz",
                "cpu_mhz_change",
                "energy_mj",
                "energy_resolution",
            ),
            "float64",
        )
        | dict.fromkeys(("status", "error", "started_at", "stopped", "energy_covers", "energy_missing"), "str")
    )
    return pd.concat([frame, option_columns([record["options"] for record in records], options)], axis=1)


def samples(records: Sequence[Measurement]) -> pd.DataFrame:
    """One row per inference, in the order in which it was done."""
    return pd.DataFrame(
        [
            (record["configuration_id"], record["repeat"], i, latency, record.get("attempt", 0))
            for record in records
            for i, latency in enumerate(record.get("latency_ms", ()))
        ],
        columns=["configuration_id", "repeat", "i", "latency_ms", "attempt"],
    ).astype({"repeat": "int64", "attempt": "int64", "i": "int64", "latency_ms": "float64"})


def sentinels(records: Sequence[Sentinel], environment: str) -> pd.DataFrame:
    """One row per measurement of the sentinel configuration: when, what became of it, its median latency in ms."""
    rows = [
        (environment, record["started_at"], record["status"], record.get("disturbed"), _median(record))
        for record in records
    ]
    frame = pd.DataFrame(rows, columns=["environment", "started_at", "status", "disturbed", "latency_ms"])
    return frame.astype({"disturbed": "boolean", "latency_ms": "float64", "started_at": "str", "status": "str"})


def _median(record: Sentinel) -> float | None:
    latencies = record.get("latency_ms")
    return float(np.median(latencies)) if latencies else None


class Disturbance(TypedDict):
    """Measurements that succeeded, and how many of them others disturbed.

    configurations: that have a value; unreliable: those of them of which every process was disturbed, so that the value
    rests on disturbed measurements alone.
    """

    measurements: int
    disturbed: int
    configurations: int
    unreliable: int


def disturbance(measurements: pd.DataFrame) -> Disturbance:
    """Count the measurements that succeeded, and those that others disturbed."""
    good = measurements[measurements["status"] == "ok"]
    disturbed = good["disturbed"].fillna(False).astype(bool)
    every = disturbed.groupby(good["configuration_id"]).all()
    return Disturbance(
        measurements=len(good), disturbed=int(disturbed.sum()), configurations=len(every), unreliable=int(every.sum())
    )


def per_configuration(measurements: pd.DataFrame, objectives: Sequence[str]) -> pd.DataFrame:
    """Value, spread and number of processes of each configuration, indexed by ``configuration_id``, sorted.

    The value is the median over its undisturbed processes (over all, where every one was disturbed); the spread
    ``…_cv`` is the coefficient of variation over the same processes, missing where there is only one. A configuration
    of which no process succeeded has no row.
    """
    ok = measurements["status"].eq("ok").to_numpy(dtype=bool)
    calm = ok & ~measurements["disturbed"].fillna(False).to_numpy(dtype=bool)
    # Numbers are quicker to group by than text, and all objectives share them.
    numbers, ids = pd.factorize(measurements["configuration_id"], sort=True)
    without_calm = np.bincount(numbers[calm], minlength=len(ids)) == 0
    used = calm | (ok & without_calm[numbers])
    columns = {}
    for objective in objectives:
        groups = measurements.loc[used, objective].groupby(numbers[used], sort=True)
        columns[objective] = groups.median()
        columns[f"{objective}_cv"] = groups.std(ddof=1) / groups.mean()
        columns[f"{objective}_n"] = groups.size()
    frame = pd.DataFrame(columns)
    return frame.set_index(pd.Index(ids[frame.index.to_numpy()], name="configuration_id"))
