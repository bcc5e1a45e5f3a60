"""Compare the seconds that a measurement takes with those of optimum-benchmark, at equal confidence interval.

    PYTHONPATH=workflow python benchmarks/against_optimum_benchmark.py

Both sweep the same configurations of the same network, a BERT with random weights that optimum's own exporter wrote,
on ONNX Runtime, each by its own command line, from its start to its end. optimum-benchmark measures once with its
defaults, then with as few inferences as we took, where each process is spawned (its default) and where it is forked.
The interval is that of the median, reckoned alike from the raw latencies of both.

Only one thread computes: optimum-benchmark's launcher spins on a CPU while it waits, which would disturb its own
measurements of two on a small machine.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _side_by_side import SEED, arguments, describe_machine, need, show, tool

from perftransfer import package_path
from perftransfer.measuring import journal, remote
from perftransfer.measuring.bench import Environment
from perftransfer.measuring.protocol import Protocol, relative_precision

AIM = 10.0

# Names of the free dimensions in optimum's files, and of the input shapes in optimum-benchmark.
_WORKLOAD = {"batch_size": 1, "sequence_length": 64}
# Our options, and the attributes of ONNX Runtime's session options that optimum-benchmark sets.
_SWEEP = {
    "inter_op_threads": ("inter_op_num_threads", (1, 2)),
    "memory_arena": ("enable_cpu_mem_arena", (True, False)),
    "memory_pattern": ("enable_mem_pattern", (True, False)),
}
_CONFIGURATION = """\
defaults: [benchmark, scenario: inference, launcher: process, backend: onnxruntime, _self_]
name: perftransfer
scenario: {{input_shapes: {shapes}}}
backend:
  library: transformers
  task: feature-extraction
  model_type: bert
  device: cpu
  model: {model}
  export: false
  session_options: {{intra_op_num_threads: 1}}
hydra: {{job: {{chdir: true}}}}
"""
# optimum-benchmark 0.6.0 asks optimum which of its classes serves a task; optimum 2 no longer tells, and optimum 1.27,
# which does, cannot be imported beside PyTorch 2.13.
_STAND_IN = """\
import sys, types

pipelines = types.ModuleType("optimum.pipelines")
model = types.SimpleNamespace(__name__="ORTModelForFeatureExtraction")
pipelines.ORT_SUPPORTED_TASKS = {"feature-extraction": {"class": [model]}}
sys.modules["optimum.pipelines"] = pipelines
"""


@dataclass(frozen=True)
class Sweep:
    """What one sweep took, and the latencies in milliseconds of each configuration."""

    seconds: float
    latencies_ms: Sequence[Sequence[float]]

    @property
    def seconds_each(self) -> float:
        """Seconds per configuration."""
        return self.seconds / len(self.latencies_ms)

    @property
    def inferences(self) -> int:
        """How many inferences were timed, the median over the configurations."""
        return round(statistics.median(map(len, self.latencies_ms)))

    @property
    def interval(self) -> float:
        """Half the width of the confidence interval, relative to the median; the median over the configurations."""
        return statistics.median(map(relative_precision, self.latencies_ms))

    def seconds_each_at(self, interval: float) -> float:
        """Seconds per configuration had as many inferences been timed as this interval takes.

        Its width goes with one over the square root of their number.
        """
        timed = statistics.median(1e-3 * sum(latencies) for latencies in self.latencies_ms)
        return self.seconds_each + timed * ((self.interval / interval) ** 2 - 1)


def export(folder: Path) -> Path:
    """Write the network as optimum exports it, in the size of BERT-mini, into a folder that holds its configuration."""
    import torch
    from optimum.exporters.onnx import main_export
    from transformers import BertConfig, BertModel
    from transformers.utils import logging

    # What it warns of is optimum's business, and no reader's of the table.
    logging.set_verbosity_error()
    warnings.simplefilter("ignore")
    torch.manual_seed(SEED)
    size = BertConfig(num_hidden_layers=4, hidden_size=256, num_attention_heads=4, intermediate_size=1024)
    BertModel(size).save_pretrained(folder / "torch")
    main_export(
        str(folder / "torch"),
        output=folder / "onnx",
        task="feature-extraction",
        library_name="transformers",
        do_validation=False,
    )
    return folder / "onnx"


def ours(model: Path, folder: Path) -> Sweep:
    """Run ``perftransfer measure`` on all configurations."""
    levels = itertools.product(*(levels for _, levels in _SWEEP.values()))
    configurations = {str(i): dict(zip(_SWEEP, chosen, strict=True)) for i, chosen in enumerate(levels)}
    environment = Environment(
        name="against_optimum_benchmark",
        engine="onnxruntime",
        network="bert",
        network_version=1,
        cores="all",
        workload=_WORKLOAD,
        files={"fp32": str(model / "model.onnx")},
        seed=SEED,
    )
    remote.pack(folder, environment, configurations, protocol=Protocol(), repeats=1, retries=0)
    out = folder / "journal.jsonl"
    command = [sys.executable, "-m", "perftransfer", "measure", "--out", str(out)]
    for what in ("environment", "configurations"):
        command += [f"--{what}", str(folder / f"{what}.json")]
    seconds = timed(command, PYTHONPATH=package_path.package_path())
    records = journal.measurements(journal.read(out)).values()
    failed = [record["error"] for record in records if record["status"] != "ok"]
    if failed:
        raise SystemExit(f"perftransfer measure: {failed[0]}")
    return Sweep(seconds, [record["latency_ms"] for record in records])


def theirs(model: Path, folder: Path, *overrides: str) -> Sweep:
    """Run ``optimum-benchmark --multirun`` on all configurations, with these settings beside."""
    (folder / "sitecustomize.py").write_text(_STAND_IN)
    (folder / "sweep.yaml").write_text(_CONFIGURATION.format(shapes=json.dumps(_WORKLOAD), model=model))
    command = [tool("optimum-benchmark"), "--config-dir", str(folder), "--config-name", "sweep", "--multirun"]
    for attribute, levels in _SWEEP.values():
        command.append(f"+backend.session_options.{attribute}={','.join(map(str, levels))}")
    command += [f"hydra.sweep.dir={folder / 'sweep'}", *overrides]
    seconds = timed(command, PYTHONPATH=str(folder), HF_HUB_OFFLINE="1")
    reports = [json.loads(path.read_text()) for path in folder.glob("sweep/*/benchmark_report.json")]
    if len(reports) != math.prod(len(levels) for _, levels in _SWEEP.values()):
        raise SystemExit(f"optimum-benchmark left only {len(reports)} reports")
    return Sweep(seconds, [[1e3 * value for value in report["forward"]["latency"]["values"]] for report in reports])


def timed(command: Sequence[str], **variables: str) -> float:
    """Run a program to its end and return the seconds that it took; end with its last words if it fails."""
    started = time.perf_counter()
    done = subprocess.run(command, env={**os.environ, **variables}, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed\n{(done.stdout + done.stderr)[-3000:]}")
    return seconds


def row(title: str, sweep: Sweep, our_runs: Sequence[Sweep]) -> dict[str, Any]:
    """Columns of one way to measure, compared with the sweeps of ours."""
    interval = statistics.median(x.interval for x in our_runs)
    equal = sweep.seconds_each_at(interval)
    return {
        "measured by": title,
        "s per configuration": f"{sweep.seconds_each:.2f}",
        "inferences": sweep.inferences,
        "interval": f"± {100 * sweep.interval:.2f} %",
        "median, ms": f"{statistics.median(map(statistics.median, sweep.latencies_ms)):.2f}",
        "times ours": f"{sweep.seconds_each / statistics.median(x.seconds_each for x in our_runs):.1f}",
        "s at our interval": f"{equal:.2f}",
        "times ours at our interval": f"{equal / statistics.median(x.seconds_each_at(interval) for x in our_runs):.1f}",
    }


def main() -> None:
    """Measure the sweep in all ways and print the table."""
    parser = arguments(__doc__)
    parser.parse_args()
    need("optimum_benchmark", "optimum", "onnxruntime", "torch", "transformers")
    os.environ["HF_HUB_OFFLINE"] = "1"
    describe_machine("optimum-benchmark", "optimum", "transformers", "torch", "onnxruntime", "numpy")
    ways: list[tuple[str, Sweep]] = []
    our_runs: list[Sweep] = []
    with tempfile.TemporaryDirectory() as name:
        model = export(Path(name))

        def fresh() -> Path:
            return Path(tempfile.mkdtemp(dir=name))

        our_runs.append(ours(model, fresh()))
        short = ("scenario.duration=0", f"scenario.iterations={our_runs[0].inferences}")
        for title, overrides in (
            ("optimum-benchmark, defaults (10 s)", ()),
            ("optimum-benchmark, our number of inferences", short),
            ("optimum-benchmark, our number, forked", (*short, "launcher.start_method=fork")),
        ):
            ways.append((title, theirs(model, fresh(), *overrides)))
            our_runs.append(ours(model, fresh()))
    rows = [row(f"perftransfer, sweep {i}", sweep, our_runs) for i, sweep in enumerate(our_runs, 1)]
    rows += [row(title, sweep, our_runs) for title, sweep in ways]
    show(rows)
    for their_row in rows[len(our_runs) :]:
        times = their_row["times ours at our interval"]
        verdict = "met" if float(times) >= AIM else "NOT MET"
        print(f"Aim: at least {AIM:.0f} times our seconds. {their_row['measured by']}: {times}, {verdict}.")


if __name__ == "__main__":
    main()
