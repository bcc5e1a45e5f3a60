"""Checks that merging environment by environment gives what merging them all at once would give."""

from __future__ import annotations

import multiprocessing
import random
import re
import statistics
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from perftransfer.dataset import measured, tables
from perftransfer.dataset.merge import merge
from perftransfer.space.options import INACTIVE, Option, configuration_id, level_text

SCHEMA = (
    Option("threads", (1, 2, 4, 8), True, 1),
    Option("share", (0.5, 1.0, 2.0), True, 0.5),
    Option("mode", ("a", "b", "c"), False, "a"),
    Option("spinning", (True, False), False, True),
    Option("inner", (1, 2), True, 1, conditional=True),
    Option("fixed", ("only",), False, "only"),
)
DESCRIPTION = {
    "hardware": "board", "emulated": False, "cores": "all", "engine": "e", "network": "n", "batch": 1, "image_px": 8,
}  # fmt: skip


def measurements(name: str, schema: tuple[Option, ...], chance: random.Random) -> pd.DataFrame:
    records = []
    for _ in range(chance.randint(3, 8)):
        chosen = {o.name: chance.choice([*o.levels, *([None] if o.conditional else [])]) for o in schema}
        for repeat in range(chance.randint(1, 3)):
            outcome: dict[str, Any] = {"status": "ok", "latency_ms": [chance.uniform(1, 9)]}
            records.append(
                {"configuration_id": configuration_id(chosen), "repeat": repeat, "options": chosen}
                | (outcome if chance.random() < 0.9 else {"status": "failed"})
                | {"disturbed": chance.choice([True, False, None])}
            )
    return measured.measurements(records, name, "e", schema, batch=1)


def plainly(frames: dict[str, pd.DataFrame], schemas: dict[str, tuple[Option, ...]]) -> list[dict[str, Any]]:
    """The rows of the dataset, one after the other, options as text."""
    rows = []
    for name, frame in frames.items():
        for _, group in frame.groupby("configuration_id"):
            texts = {o.name: level_text(group[o.name].iloc[0]) for o in schemas[name]}
            ok = group[group["status"] == "ok"]
            calm = ok[[mark is not True for mark in ok["disturbed"].astype(object)]]
            values = (calm if len(calm) else ok)["latency_ms"].tolist()
            rows.append(
                {
                    "environment": name,
                    **{o.name: texts.get(o.name, INACTIVE) for o in SCHEMA},
                    "latency_ms": statistics.median(values) if values else np.nan,
                    "latency_ms_cv": statistics.stdev(values) / statistics.mean(values) if values[1:] else np.nan,
                    "latency_ms_n": len(values) or np.nan,
                }
            )
    varying = {
        o.name
        for o in SCHEMA
        if len({row[o.name] for row in rows} - {INACTIVE}) > 1
        or any(len({row[o.name] for row in rows if row["environment"] == name}) > 1 for name in frames)
    }
    rows = [{key: value for key, value in row.items() if key in varying or key not in names_of(SCHEMA)} for row in rows]
    alike = all(names_of(schema) == names_of(SCHEMA) for schema in schemas.values())
    for row in rows:
        expected = {o.name: row.get(o.name, "only") for o in SCHEMA if o.name in varying or alike}
        row["configuration_id"] = configuration_id(
            {key: value for key, value in expected.items() if value != INACTIVE or alike}
        )
    return sorted(rows, key=lambda row: (list(frames).index(row["environment"]), row["configuration_id"]))


def names_of(schema: tuple[Option, ...]) -> list[str]:
    return [option.name for option in schema]


@pytest.mark.parametrize("seed", range(4))
def test_environments_of_unlike_options_are_merged_as_if_all_at_once(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    frames, schemas, files = {}, {}, {}
    for i in chance.sample(range(20), 20):
        name = f"e{i}"
        # Those with an even seed have all options everywhere.
        schemas[name] = tuple(o for o in SCHEMA if seed % 2 == 0 or o.name == "threads" or chance.random() < 0.7)
        frames[name] = measurements(name, schemas[name], chance)
        files[name] = tmp_path / f"{name}.parquet"
        tables.write(files[name], frames[name], options=schemas[name])
    merged_frames, options, constant = merge(dict.fromkeys(files, DESCRIPTION), files, {}, ["latency_ms"])
    tables.write_groups(tmp_path / "dataset.parquet", merged_frames, options=options)
    dataset = tables.read(tmp_path / "dataset.parquet")
    expected = pd.DataFrame(plainly(frames, schemas))
    assert set(names_of(options)) | set(constant) == set(names_of(SCHEMA))
    assert set(dataset) == {*DESCRIPTION, *expected}
    for name in names_of(options):
        assert dataset[name].map(level_text).tolist() == expected[name].tolist(), name
    for name in ("environment", "configuration_id"):
        assert dataset[name].tolist() == expected[name].tolist()
    for name in ("latency_ms", "latency_ms_cv", "latency_ms_n"):
        np.testing.assert_allclose(dataset[name].astype(float), expected[name], rtol=1e-12)
    types = dict.fromkeys(names_of(options), "str")
    if seed % 2 == 0:
        types |= {"threads": "int64", "share": "float64", "spinning": "bool"}
    assert {name: str(dataset[name].dtype) for name in types} == types | {"threads": "int64"}
    groups = pq.ParquetFile(tmp_path / "dataset.parquet").metadata
    assert groups.num_row_groups == len(files)


def merged(files: dict[str, Path], out: Path) -> int:
    """Merge, and return the peak of this process's resident memory in KiB."""
    frames, options, _ = merge(dict.fromkeys(files, DESCRIPTION), files, {}, ["latency_ms"])
    tables.write_groups(out, frames, options=options)
    # Not ru_maxrss: a process that was just started has its parent's.
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert peak is not None
    return int(peak[1])


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from /proc")
def test_memory_does_not_grow_with_the_number_of_environments(tmp_path: Path) -> None:
    levels = np.indices((25, 20, 20)).reshape(3, -1)
    options = tuple(Option(name, tuple(range(n)), True, 0) for name, n in (("x", 25), ("y", 20), ("z", 20)))
    settings = dict(zip("xyz", levels, strict=True))
    frame = pd.DataFrame({"configuration_id": [f"{i:012x}" for i in range(levels.shape[1])], **settings})
    frame["status"], frame["disturbed"] = "ok", False
    frame["latency_ms"] = np.random.default_rng(0).lognormal(size=len(frame))
    tables.write(tmp_path / "one.parquet", pd.concat([frame, frame], ignore_index=True), options=options)
    peaks = {}
    for n in (4, 40):
        files = {f"simulated-{i}": tmp_path / "one.parquet" for i in range(n)}
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            peaks[n] = pool.submit(merged, files, tmp_path / f"{n}.parquet").result()
        assert pq.ParquetFile(tmp_path / f"{n}.parquet").metadata.num_rows == n * len(frame)
    # 36 more environments of 20,000 measurements and 10,000 rows: 100 MiB as one frame, were they all held.
    assert peaks[40] - peaks[4] < 40 * 1024, peaks
