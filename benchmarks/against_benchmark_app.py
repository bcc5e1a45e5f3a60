"""Compare our median latency with that of OpenVINO's own benchmark_app, each in a fresh process.

    PYTHONPATH=workflow python benchmarks/against_benchmark_app.py

Same file, shapes, input values, threads and CPUs; one inference at a time. benchmark_app writes its median with two
decimals, hence no configuration here takes less than some milliseconds.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from _side_by_side import (
    SEED,
    Case,
    Comparison,
    Median,
    add_rounds,
    arguments,
    bound_to,
    describe_machine,
    in_turns,
    judge,
    need,
    tool,
)

from perftransfer.measuring import feed, networks
from perftransfer.measuring.engines.interface import Level
from perftransfer.measuring.isolation import MeasuringServer
from perftransfer.measuring.protocol import Protocol
from perftransfer.measuring.records import Request
from perftransfer.plain import to_plain

AIM = 0.02

_IMAGE = {"batch": 1, "image_px": 224}
CASES = (
    Case("mobilenetv2", _IMAGE, {"inference_num_threads": 1}),
    Case("mobilenetv2", _IMAGE, {"inference_num_threads": 2}, cores=2),
    Case("squeezenet", _IMAGE, {"inference_num_threads": 1}),
    Case("squeezenet", _IMAGE, {"inference_num_threads": 1, "enable_cpu_pinning": False}),
    Case("resnet18", _IMAGE, {"inference_num_threads": 1}),
    Case("bertmini", {"batch": 1, "sequence": 128}, {"inference_num_threads": 1}),
)


def ours(server: MeasuringServer, case: Case, file: str) -> Median:
    """Our median, under the protocol's own settings."""
    request: Request = {
        "gpu": 0,
        "memory_limit_mib": None,
        "files": {"fp32": file},
        "feeds": {},
        "workload": dict(case.workload),
        "options": dict(case.options),
        "protocol": to_plain(Protocol()),
        "seed": SEED,
    }
    outcome = server.measure(request)
    if outcome["status"] != "ok":
        raise SystemExit(f"{case}: {outcome['error']}")
    return Median(statistics.median(outcome["latency_ms"]), outcome["external_cpu_share"])


def inputs_of(case: Case, file: str, folder: Path) -> dict[str, Path]:
    """Write what our engine feeds each input of the network, and return the files by name."""
    planned = feed.plan(networks.inputs(Path(file)), case.workload, {})
    out = {}
    for name, values in feed.arrays(planned, SEED).items():
        assert values is not None
        out[name] = folder / f"{name}.npy"
        np.save(out[name], values)
    return out


def benchmark_app(case: Case, file: str, inputs: Mapping[str, Path], seconds: int, folder: Path) -> Median:
    """The median that benchmark_app reports."""
    shapes = {name: ",".join(map(str, np.load(path).shape)) for name, path in inputs.items()}
    # On the command line it takes the number of threads without the hint only, although OpenVINO takes both.
    properties = folder / "properties.json"
    properties.write_text(json.dumps({"CPU": {name.upper(): _text(level) for name, level in case.options.items()}}))
    command = [
        *(tool("benchmark_app"), "-m", file, "-d", "CPU", "-hint", "latency", "-api", "sync", "-t", str(seconds)),
        *("-load_config", str(properties)),
        *("-shape", ",".join(f"{name}[{sizes}]" for name, sizes in shapes.items())),
        *("-i", ",".join(f"{name}:{path}" for name, path in inputs.items())),
        # Left alone, it feeds images as bytes and has the network begin with a conversion of its own.
        *(["-ip", "f32"] if "image" in inputs else []),
        *("-report_type", "no_counters", "-json_stats", "-report_folder", str(folder)),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{case}: benchmark_app failed\n{(done.stdout + done.stderr)[-2000:]}")
    report = json.loads((folder / "benchmark_report.json").read_text())
    return Median(float(report["execution_results"]["latency (ms)"]))


def _text(level: Level) -> str:
    return {True: "YES", False: "NO"}[level] if isinstance(level, bool) else str(level)


def compared(case: Case, folder: Path, rounds: int, seconds: int) -> Comparison:
    """One configuration: a process for each measurement, in turns."""
    file, cpus = case.file(folder), case.cpus()
    inputs = inputs_of(case, file, folder)
    with bound_to(cpus), MeasuringServer("openvino", cpus) as server:
        a, b = in_turns(
            lambda: ours(server, case, file), lambda: benchmark_app(case, file, inputs, seconds, folder), rounds
        )
    return Comparison(case, a, b, "benchmark_app")


def main() -> None:
    """Measure all configurations and print the table."""
    parser = arguments(__doc__)
    add_rounds(parser, 20)
    parser.add_argument(
        "--seconds", type=int, default=1, metavar="S", help="how long benchmark_app measures each time (default: 1)"
    )
    chosen = parser.parse_args()
    need("openvino", "onnx")
    describe_machine("openvino", "numpy")
    with tempfile.TemporaryDirectory() as folder:
        comparisons = [compared(case, Path(folder), chosen.rounds, chosen.seconds) for case in CASES]
    judge(comparisons, AIM)


if __name__ == "__main__":
    main()
