"""Compare our median latency with that of a bare loop around the same session's inferences, at about 1 ms.

    PYTHONPATH=workflow python benchmarks/overhead.py

Once with a network of about 1 ms in ONNX Runtime, once with a session that is busy for exactly 1 ms, where no noise
hides what measuring adds.
"""

from __future__ import annotations

import functools
import math
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

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
    need,
    show,
)

from perftransfer.measuring.engines.interface import Session
from perftransfer.measuring.protocol import Protocol, time_session

AIM = 0.01
_WANTED_MS = 1.0
_SIZES_PX = range(32, 129, 8)


def bare(run: Callable[[], object], seconds: float) -> Median:
    """Median latency of a loop that does nothing else; warmed up by our own runs before."""
    latencies: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        run()
        latencies.append(time.perf_counter() - start)
    return Median(1e3 * statistics.median(latencies))


def wrapped(session: Session, protocol: Protocol, cpus: list[int]) -> Median:
    """Our median."""
    timing = time_session(session, protocol, cpus)
    return Median(statistics.median(timing.latencies_ms), timing.external_cpu_share)


def nearest_to_1_ms(folder: Path) -> Case:
    """SqueezeNet at the image size whose inferences come nearest to 1 ms on this machine."""
    cases = [Case("squeezenet", {"batch": 1, "image_px": pixels}) for pixels in _SIZES_PX]

    def distance(case: Case) -> float:
        session = case.open(folder)
        try:
            return abs(wrapped(session, Protocol(), case.cpus()).ms - _WANTED_MS)
        finally:
            session.close()

    return min(cases, key=distance)


def compared(title: object, session: Session, run: Callable[[], object], rounds: int, cpus: list[int]) -> Comparison:
    """One session; run: an inference without anything of ours around it."""
    # As long as a measurement at its shortest, whatever the noise: both shall see as much of it.
    protocol = Protocol(precision=1.0)
    a, b = in_turns(lambda: wrapped(session, protocol, cpus), lambda: bare(run, protocol.seconds), rounds)
    return Comparison(title, a, b, "bare loop")


def added_us(comparison: Comparison) -> float:
    """What ours took longer, in microseconds; the median of the rounds."""
    return 1e3 * statistics.median(x.ms - y.ms for x, y in zip(comparison.ours, comparison.theirs, strict=True))


def main() -> None:
    """Measure both sessions and print the table."""
    parser = arguments(__doc__)
    add_rounds(parser, 100)
    chosen = parser.parse_args()
    need("onnxruntime", "onnx")
    describe_machine("onnxruntime", "numpy")
    cpus = Case("", {}).cpus()
    with tempfile.TemporaryDirectory() as folder, bound_to(cpus):
        case = nearest_to_1_ms(Path(folder))
        session = case.open(Path(folder))
        # What the engine's session calls, so that all of our code is compared, from the engine's file to the clock.
        inner = functools.partial(session._session.run, None, session._feed)  # type: ignore[attr-defined]
        busy = BusySession(_WANTED_MS)
        comparisons = [
            compared(case, session, inner, chosen.rounds, cpus),
            compared(busy, busy, busy.run, chosen.rounds, cpus),
        ]
    show([{**comparison.columns(), "added, µs": f"{added_us(comparison):.2f}"} for comparison in comparisons])
    for comparison in comparisons:
        verdict = comparison.verdict(-math.inf, 1 + AIM)
        print(f"Aim: overhead under {AIM:.0%}. {comparison.title}: {100 * (comparison.ratio - 1):+.3f} %: {verdict}.")


if __name__ == "__main__":
    main()
