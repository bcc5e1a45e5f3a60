"""Compare our median latency with the 50th percentile of MLPerf's LoadGen, for the same session in the same process.

    PYTHONPATH=workflow python benchmarks/against_loadgen.py

LoadGen's scenario SingleStream issues a query when the one before is complete, and so do we: where the values differ,
one of the two measures something else than the inference.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

from _side_by_side import (
    BusySession,
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
    show,
)

from perftransfer.measuring import fingerprint
from perftransfer.measuring.engines.interface import Session
from perftransfer.measuring.interference import CpuTimes
from perftransfer.measuring.protocol import Protocol, time_session

AIM = 0.02
_BUSY_MS = 5.0

# Large enough for what LoadGen itself adds, some 0.05 ms, to stay far below the aim.
_IMAGE = {"batch": 1, "image_px": 224}
CASES = (
    Case("mobilenetv2", _IMAGE),
    Case("mobilenetv2", _IMAGE, {"intra_op_threads": 2}, cores=2),
    Case("mobilenetv2", _IMAGE, {"graph_optimization_level": "disabled"}),
    Case("squeezenet", _IMAGE, {"graph_optimization_level": "basic"}),
    Case("squeezenet", _IMAGE, {"execution_mode": "parallel", "inter_op_threads": 2}, cores=2),
    Case("bertmini", {"batch": 1, "sequence": 128}, {"prepacking": False}),
)


def ours(session: Session, cpus: list[int]) -> Median:
    """Our median, under the protocol's own settings."""
    timing = time_session(session, Protocol(), cpus)
    return Median(statistics.median(timing.latencies_ms), timing.external_cpu_share)


def single_stream(session: Session, cpus: list[int], seconds: float) -> Median:
    """LoadGen's 50th percentile, as it stands in its own log."""
    import mlperf_loadgen as loadgen

    def issue(queries: list[Any]) -> None:
        session.run()
        loadgen.QuerySamplesComplete([loadgen.QuerySampleResponse(query.id, 0, 0) for query in queries])

    def nothing(*_: object) -> None:
        pass

    settings = loadgen.TestSettings()
    settings.scenario = loadgen.TestScenario.SingleStream
    settings.mode = loadgen.TestMode.PerformanceOnly
    settings.min_duration_ms = int(1e3 * seconds)
    settings.min_query_count = 100
    system, samples = loadgen.ConstructSUT(issue, nothing), loadgen.ConstructQSL(1, 1, nothing, nothing)
    try:
        with tempfile.TemporaryDirectory() as folder:
            log = loadgen.LogSettings()
            log.log_output.outdir = folder
            before = CpuTimes.read(cpus)
            loadgen.StartTestWithLogSettings(system, samples, settings, log)
            others = CpuTimes.read(cpus).external_share_since(before)
            return Median(1e-6 * _result(Path(folder, "mlperf_log_detail.txt")), others)
    finally:
        loadgen.DestroyQSL(samples)
        loadgen.DestroySUT(system)


def _result(detail: Path) -> float:
    """The 50th percentile in nanoseconds."""
    lines = (line.removeprefix(":::MLLOG ") for line in detail.read_text().splitlines())
    entries = {entry["key"]: entry["value"] for entry in map(json.loads, lines)}
    return entries["result_50.00_percentile_latency_ns"]


def compared(case: Case, folder: Path, rounds: int, seconds: float) -> Comparison:
    """One configuration: one session, timed by both in turns."""
    # Before the session is opened: its threads stay where they are started.
    with bound_to(case.cpus()):
        session = case.open(folder)
        try:
            return same_session(case, session, case.cpus(), rounds, seconds)
        finally:
            session.close()


def same_session(title: object, session: Session, cpus: list[int], rounds: int, seconds: float) -> Comparison:
    """Time an open session by both in turns."""
    a, b = in_turns(lambda: ours(session, cpus), lambda: single_stream(session, cpus, seconds), rounds)
    return Comparison(title, a, b, "LoadGen")


def main() -> None:
    """Measure all configurations and print the table."""
    parser = arguments(__doc__)
    add_rounds(parser, 20)
    parser.add_argument(
        "--seconds", type=float, default=0.5, metavar="S", help="least duration of a test of LoadGen's (default: 0.5)"
    )
    chosen = parser.parse_args()
    need("mlperf_loadgen", "onnxruntime", "onnx")
    describe_machine("mlcommons-loadgen", "onnxruntime", "numpy")
    with tempfile.TemporaryDirectory() as folder:
        comparisons = [compared(case, Path(folder), chosen.rounds, chosen.seconds) for case in CASES]
    busy, cpus = BusySession(_BUSY_MS), fingerprint.usable_cpus()[-1:]
    with bound_to(cpus):
        without_noise = same_session(busy, busy, cpus, chosen.rounds, chosen.seconds)
    judge(comparisons, AIM)
    print("\nWhat LoadGen and we add to an inference, where it is always as long:")
    show([without_noise.columns()])


if __name__ == "__main__":
    main()
