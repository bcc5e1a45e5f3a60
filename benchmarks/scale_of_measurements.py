"""Count what a study of many rows takes: seconds, memory, and room on disk.

    PYTHONPATH=workflow python benchmarks/scale_of_measurements.py 100000 1000000

Files of simulated measurements, with the columns that the rule ``benchmark`` writes, and the merging of them to
``dataset.parquet``; then, from it, what figures read of the environments, what the rules ``ranges`` and ``similarity``
do, what the report counts, and what the rules ``train`` (with one regression tree) and ``influence`` do for one
environment. Each in a process of its own, whose seconds, CPU seconds and peak of resident memory are shown.
"""

from __future__ import annotations

import argparse
import multiprocessing
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from perftransfer.dataset import measured, row_groups, tables
from perftransfer.dataset.merge import merge
from perftransfer.evaluation.influence_table import influence_table
from perftransfer.evaluation.ranges import ranges_table
from perftransfer.evaluation.similarity import similarity_table
from perftransfer.evaluation.training import predictions, train
from perftransfer.report import findings_measuring
from perftransfer.space.options import INACTIVE, Option, configuration_id, configuration_ids, level_text

OPTIONS = (
    Option("intra_op_threads", (1, 2, 3, 4, 6, 8, 12, 16), True, 2),
    Option("spinning", (True, False), False, True),
    Option("spin_duration_us", (-1, 100, 1000), False, -1),
    Option("dynamic_block_base", (0, 1, 4), True, 0),
    Option("graph_optimization_level", ("disabled", "basic", "extended", "layout", "all"), True, "all"),
    Option("prepacking", (True, False), False, True),
    Option("memory_arena", (True, False), False, True),
    Option("memory_pattern", (True, False), False, True),
    Option("huge_pages", (True, False), False, False),
    Option("precision", ("fp32", "int8"), False, "fp32"),
    Option("execution_mode", ("sequential", "parallel"), False, "sequential"),
    Option("inter_op_threads", (1, 2, 4), True, 1, conditional=True),
)
_REPEATS = 2
_DESCRIPTION = {
    "hardware": "simulated", "emulated": False, "cores": "all", "engine": "simulated", "network": "none", "batch": 1,
    "image_px": 224,
}  # fmt: skip


def configurations(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Draw ``n`` different configurations, as the table of measurements holds them."""
    *free, mode, inner = OPTIONS
    sizes = [*(len(option.levels) for option in free), 1 + len(inner.levels)]
    drawn = np.unravel_index(rng.choice(np.prod(sizes), n, replace=False), sizes)
    columns: dict[str, Any] = {
        option.name: np.array(option.levels)[codes] for option, codes in zip(free, drawn, strict=False)
    }
    columns[mode.name] = np.where(drawn[-1] == 0, *mode.levels)
    columns[inner.name] = np.array([INACTIVE, *map(level_text, inner.levels)])[drawn[-1]]
    texts = {name: [level_text(level) for level in column] for name, column in columns.items()}
    return pd.DataFrame({"configuration_id": configuration_ids(texts), **columns})


def template(rows: int) -> pd.DataFrame:
    """Measurements of one environment, as the rule ``benchmark`` writes them; every hundredth has failed."""
    rng = np.random.default_rng(0)
    table = configurations(rows // _REPEATS, rng)
    frame = table.loc[np.tile(table.index, _REPEATS)].reset_index(drop=True)
    frame["repeat"] = np.repeat(np.arange(_REPEATS), len(table))
    failed = rng.random(len(frame)) < 0.01
    frame["status"] = np.where(failed, "failed", "ok")
    frame["error"] = np.where(failed, "RuntimeError: simulated", None)
    frame["started_at"] = (pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(len(frame)), unit="s")).astype("str")
    frame["attempt"], frame["order"] = 0, rng.permutation(len(frame))
    frame["latency_ms"] = np.where(failed, np.nan, rng.lognormal(2, 0.5, len(frame)))
    for name, factor in {"p10": 0.9, "p90": 1.2, "p99": 1.5, "mad": 0.05}.items():
        frame[f"latency_ms_{name}"] = frame["latency_ms"] * factor
    frame["latency_ms_n"], frame["warmup_n"], frame["warmup_ms"], frame["steady"] = 100, 10, 80.0, True
    frame["external_cpu_share"], frame["peak_memory_mib"] = rng.random((2, len(frame))) * [[0.15], [100.0]]
    frame["disturbed"] = frame["external_cpu_share"] > 0.12
    # One real record says which columns there are, and of what types.
    some = {option.name: option.default for option in OPTIONS}
    record = {"configuration_id": configuration_id(some), "repeat": 0, "status": "ok", "options": some}
    like = measured.measurements([record], "simulated", "simulated", OPTIONS)
    return frame.reindex(columns=like.columns).astype(like.dtypes)


def generate(folder: Path, files: int, rows: int) -> dict[str, Path]:
    """Write one file of measurements per environment, of so many rows each; return them by environment."""
    frame, rng = template(rows), np.random.default_rng(1)
    values = frame.filter(regex=r"^latency_ms(_p\d+|_mad)?$")
    written = {}
    for i in range(files):
        name = f"simulated-{i:04}"
        written[name] = folder / f"{name}.parquet"
        noisy = values.mul(rng.lognormal(0, 0.3) * rng.lognormal(0, 0.05, rows), axis=0)
        tables.write(
            written[name],
            frame.assign(environment=name, engine="simulated", **noisy),
            options=OPTIONS,
            metadata={"environment": name, "host": {"cpu": "simulated"}, "host_changes": {}},
        )
    return written


def in_a_process(function: Callable[..., Any], *arguments: Any) -> dict[str, float]:
    """Seconds and peak MiB of a call in a fresh process, where what it imports is imported already."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_counted, function, *arguments).result()


def _counted(function: Callable[..., Any], *arguments: Any) -> dict[str, float]:
    started, cpu = time.perf_counter(), time.process_time()
    function(*arguments)
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
    # Not ru_maxrss: a child that was just started has its parent's.
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert peak is not None
    return {"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_mib": int(peak[1]) / 1024}


def merge_files(files: dict[str, Path], out: Path) -> None:
    """Do what the rule ``merge`` does."""
    frames, options, constant = merge(dict.fromkeys(files, _DESCRIPTION), files, {}, ["latency_ms"])
    tables.write_groups(out, frames, options=options, metadata={"constant_options": constant})


def train_one(dataset: Path, environment: str) -> None:
    """Do what the rule ``train`` does, with one learner."""
    rows, options = tables.PartitionedTable(dataset).read(environment), tables.options(dataset)
    model = train(rows, environment, "latency_ms", "RT", options, scale="log", seed=0)
    predictions([model], rows, row_groups.configurations(dataset), options)


def influence_of_one(dataset: Path, environment: str) -> None:
    """Do what the rule ``influence`` does for each environment."""
    rows, options = tables.PartitionedTable(dataset).read(environment), tables.options(dataset)
    influence_table(rows, [environment], ["latency_ms"], options, scale="log", criterion="bic", order=2)


def describe(dataset: Path) -> None:
    """Read what most figures read."""
    row_groups.environments(dataset)


def similarity_of_all(dataset: Path) -> None:
    """Do what the rule ``similarity`` does, without influences."""
    names = [*row_groups.environments(dataset)["environment"]]
    none = pd.DataFrame(columns=["environment", "objective", "term", "share_of_variance", "selected"])
    similarity_table(partial(row_groups.by_configuration, dataset), none, names, ["latency_ms"], scale="log")


def ranges_of_all(dataset: Path) -> None:
    """Do what the rule ``ranges`` does."""
    ranges_table(row_groups.by_environment(dataset, ["latency_ms"]), ["latency_ms"])


def outcomes_of_all(files: dict[str, Path]) -> None:
    """Count what became of the measurements, as the report does."""
    columns = findings_measuring.columns(["latency_ms"])
    findings_measuring.Outcomes.of((tables.read(path, columns) for path in files.values()), ["latency_ms"])


def rows(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """One line per number of rows and step."""
    for total in args.rows:
        folder = Path(tempfile.mkdtemp(prefix="perftransfer-scale-", dir=args.folder))
        try:
            files = generate(folder / "measurements", args.files, total // args.files)
            out = folder / "dataset.parquet"
            step: dict[str, tuple[Any, ...]] = {
                "merge": (merge_files, files, out),
                "describe": (describe, out),
                "ranges": (ranges_of_all, out),
                "similarity": (similarity_of_all, out),
                "report": (outcomes_of_all, files),
                "train": (train_one, out, next(iter(files))),
                "influence": (influence_of_one, out, next(iter(files))),
            }
            for name, call in step.items():
                usage = in_a_process(*call)
                yield {
                    "step": name,
                    "rows": total,
                    "files": args.files,
                    **usage,
                    "rows_per_second": total / usage["seconds"],
                    "measurements_mib": sum(path.stat().st_size for path in files.values()) / 2**20,
                    "dataset_mib": out.stat().st_size / 2**20,
                }
        finally:
            shutil.rmtree(folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="+", type=int, help="measurements in all")
    parser.add_argument("--files", type=int, default=1_000, help="environments (default: 1000)")
    parser.add_argument("--folder", type=Path, help="where the files lie meanwhile (default: the system's for such)")
    for line in rows(parser.parse_args()):
        print(pd.DataFrame([line]).round(2).to_string(index=False), flush=True)
