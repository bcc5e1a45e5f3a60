"""How one configuration is measured inside its process: warm-up apart, then every inference timed."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise

from perftransfer.measuring.engines.interface import Session
from perftransfer.measuring.interference import CpuTimes

# Raised when measurements of before and after must not stand side by side; nothing else throws measurements away.
PROTOCOL_VERSION = 1


@dataclass(frozen=True)
class Protocol:
    """When warm-up and measuring end: after so many runs *and* so many seconds.

    ``timeout_seconds`` bounds one whole measurement, opening the network included.
    """

    warmup_runs: int = 3
    warmup_seconds: float = 0.1
    runs: int = 7
    seconds: float = 0.2
    timeout_seconds: float = 120.0

    @property
    def key(self) -> str:
        """What two measurements must share to be measurements of the same kind (the time-out changes no number)."""
        settings = {name: value for name, value in asdict(self).items() if name != "timeout_seconds"}
        return f"v{PROTOCOL_VERSION} " + " ".join(f"{name}={value:g}" for name, value in settings.items())


@dataclass(frozen=True)
class Timing:
    """Latencies in milliseconds in the order of the inferences, and what else went on meanwhile."""

    latencies_ms: list[float]
    warmup_n: int
    others_cpu_share: float | None


def _repeat(run: Callable[[], None], clock: Callable[[], float], runs: int, seconds: float) -> list[float]:
    ticks = [clock()]
    while len(ticks) <= runs or ticks[-1] - ticks[0] < seconds:
        run()
        ticks.append(clock())
    return [1e3 * (end - start) for start, end in pairwise(ticks)]


def time_session(session: Session, protocol: Protocol, cpus: list[int] | None) -> Timing:
    """Warm ``session`` up, then time each inference.

    ``others_cpu_share`` is the share of the time of ``cpus`` that others took while inferences were timed (0 to 1,
    None where the system does not tell, and for a session in a time of its own, which nobody can disturb).
    """
    own_clock: Callable[[], float] | None = getattr(session, "clock", None)
    clock = own_clock or time.perf_counter
    warmup = _repeat(session.run, clock, protocol.warmup_runs, protocol.warmup_seconds)
    if own_clock is not None:
        return Timing(_repeat(session.run, clock, protocol.runs, protocol.seconds), len(warmup), None)
    # A collection of garbage inside an inference would be charged to the network.
    gc.collect()
    gc.disable()
    try:
        before = CpuTimes.read(cpus)
        latencies = _repeat(session.run, clock, protocol.runs, protocol.seconds)
        others = CpuTimes.read(cpus).others_share_since(before)
    finally:
        gc.enable()
    return Timing(latencies, len(warmup), others)
