"""How one configuration is measured inside its process: warmed up until it is steady, then every inference timed."""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, field, replace

from perftransfer.measuring.cgroups import throttled_periods
from perftransfer.measuring.engines.interface import Session
from perftransfer.measuring.interference import CpuTimes, cpu_mhz, throttle_events
from perftransfer.measuring.records import CpuReport

# Raise it only if measurements before and after cannot be compared: nothing else discards measurements.
PROTOCOL_VERSION = 2

#: Inferences in each of the two windows that warm-up compares.
WINDOW = 5
# Journals keep the names under which the first measurements were made, so that no rename discards one.
_NAMES_IN_KEYS = {"max_warmup_seconds": "warmup_most_seconds", "max_seconds": "most_seconds"}
# Medians of two windows that are closer than this, relative to the later one, are equal for all that follows.
_EQUAL = 0.01
# Standard error of the difference of two medians of normal values, in standard deviations of one value.
_SPREAD = 1.25 * math.sqrt(2 / WINDOW)


@dataclass(frozen=True)
class Protocol:
    """When warm-up and measuring end.

    Warm-up: after ``warmup_runs`` inferences *and* ``warmup_seconds``, as soon as latencies are steady
    (``is_steady``), and after ``max_warmup_seconds`` whether they are or not. Measuring: after ``runs`` *and*
    ``seconds``, as soon as the 95 % confidence interval of the median reaches no farther than ``precision`` times the
    median to either side, and after ``max_seconds`` whether it does or not. ``timeout_seconds`` bounds one whole
    measurement, opening the network included. ``energy``: whether the energy is counted as well (``energy``).
    """

    warmup_runs: int = 3
    warmup_seconds: float = 0.1
    runs: int = 7
    seconds: float = 0.2
    timeout_seconds: float = 120.0
    max_warmup_seconds: float = 2.0
    max_seconds: float = 1.0
    precision: float = 0.02
    energy: bool = False

    @property
    def single_inference(self) -> Protocol:
        """The protocol that does one inference, only to see whether it can be done."""
        return replace(
            self, warmup_runs=0, warmup_seconds=0.0, max_warmup_seconds=0.0, runs=1, seconds=0.0, max_seconds=0.0,
            energy=False,
        )  # fmt: skip

    @property
    def key(self) -> str:
        """What comparable measurements have in common (the time-out changes no number)."""
        settings = {name: value for name, value in asdict(self).items() if name not in ("timeout_seconds", "energy")}
        texts = [f"{_NAMES_IN_KEYS.get(name, name)}={value:g}" for name, value in settings.items()]
        return " ".join([f"v{PROTOCOL_VERSION}", *texts, *["energy"] * self.energy])


@dataclass(frozen=True)
class Timing:
    """Latencies in milliseconds in the order of the inferences, and what else went on meanwhile.

    warmup_n, warmup_ms: inferences before, and how long they took. steady: whether warm-up ended because latencies were
    steady. precision: half the width of the confidence interval of the median, relative to it. stopped: ``precise`` if
    that reached the protocol's, else ``time``. external_cpu_share, steal_cpu_share: see ``interference``;
    throttle_events: how often a CPU was slowed down for heat; throttled_periods: how often a container's quota of CPU
    time was used up; cpu_mhz: its clock at the end, cpu_mhz_change: by which share of its value at the start it had
    changed. None: unknown. series: what else the session timed, by objective.
    """

    latencies_ms: list[float]
    warmup_n: int
    warmup_ms: float
    steady: bool
    precision: float
    stopped: str
    cpu_mhz: float | None = None
    cpu_mhz_change: float | None = None
    external_cpu_share: float | None = None
    steal_cpu_share: float | None = None
    throttle_events: int | None = None
    throttled_periods: int | None = None
    series: dict[str, list[float]] = field(default_factory=dict)


def is_steady(latencies: Sequence[float]) -> bool:
    """Whether the last inferences are as fast as those before them.

    Compares the medians of the last two windows of 5 inferences. They differ if they do so by more than 1 % and by
    more than two standard errors, estimated from the spread within the windows; with fewer inferences nothing is
    steady.
    """
    if len(latencies) < 2 * WINDOW:
        return False
    before, after = latencies[-2 * WINDOW : -WINDOW], latencies[-WINDOW:]
    a, b = statistics.median(before), statistics.median(after)
    apart = [abs(x - m) for window, m in ((before, a), (after, b)) for x in window]
    noise = 1.4826 * statistics.median(apart)
    return abs(a - b) <= max(_EQUAL * b, 2 * _SPREAD * noise)


def relative_precision(latencies: Sequence[float]) -> float:
    """Half the width of a 95 % confidence interval of the median, relative to the median; infinite below 6 values.

    Between order statistics, for any distribution (Conover, Practical Nonparametric Statistics, 1999, sec. 3.2),
    for independent values. Successive inferences are correlated, so the interval is rather too narrow; only the spread
    over processes shows how certain a configuration's value is.
    """
    n = len(latencies)
    if n < 6:
        return math.inf
    ordered = sorted(latencies)
    lowest = int((n - 1.96 * math.sqrt(n)) / 2)
    return (ordered[n - 1 - lowest] - ordered[lowest]) / 2 / statistics.median(ordered)


class _Stopwatch:
    """Repeats inferences and keeps how long each took, in milliseconds."""

    def __init__(self, run: Callable[[], None], clock: Callable[[], float]) -> None:
        self._run = run
        self._clock = clock
        self.latencies_ms: list[float] = []
        self.seconds = 0.0

    def run_until(self, runs: int, seconds: float) -> None:
        """Repeat until there are ``runs`` inferences in all *and* they took ``seconds`` in all."""
        run, clock, latencies = self._run, self._clock, self.latencies_ms
        start = clock() - self.seconds
        tick = start + self.seconds
        while len(latencies) < runs or tick - start < seconds:
            run()
            now = clock()
            latencies.append(1e3 * (now - tick))
            tick = now
        self.seconds = tick - start


@dataclass(frozen=True)
class _Watched:
    """What the CPUs say of themselves at one moment."""

    times: CpuTimes
    throttled: int | None
    waited: int | None
    mhz: float | None

    @classmethod
    def now(cls, cpus: list[int]) -> _Watched:
        return cls(CpuTimes.read(cpus), throttle_events(cpus), throttled_periods(), cpu_mhz(cpus))

    def since(self, before: _Watched) -> CpuReport:
        return {
            "external_cpu_share": self.times.external_share_since(before.times),
            "steal_cpu_share": self.times.steal_share_since(before.times),
            "throttle_events": _difference(self.throttled, before.throttled),
            "throttled_periods": _difference(self.waited, before.waited),
            "cpu_mhz": self.mhz,
            "cpu_mhz_change": self.mhz / before.mhz - 1 if self.mhz and before.mhz else None,
        }


def _difference(after: int | None, before: int | None) -> int | None:
    return None if after is None or before is None else after - before


@contextmanager
def _garbage_kept() -> Iterator[None]:
    """Collect garbage now, and not inside an inference, to which it would be charged."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def time_session(session: Session, protocol: Protocol, cpus: list[int] | None) -> Timing:
    """Warm ``session`` up, then time each inference.

    cpus: numbers of the CPUs whose use and clocks are watched meanwhile; None: no CPU is watched.
    """
    # Not by the session's method where that is the wall clock: calling it would count as time of the inference.
    clock = session.clock if session.has_own_clock else time.perf_counter
    warmup = _Stopwatch(session.run, clock)
    warmup.run_until(protocol.warmup_runs, protocol.warmup_seconds)
    while not (steady := is_steady(warmup.latencies_ms)) and warmup.seconds < protocol.max_warmup_seconds:
        warmup.run_until(len(warmup.latencies_ms) + 1, 0.0)
    # What was timed while warming up does not count.
    session.take_series()
    timed = _Stopwatch(session.run, clock)
    # In virtual time nothing real happens: collecting garbage would be the only cost.
    virtual = session.has_own_clock and cpus is None
    with nullcontext() if virtual else _garbage_kept():
        before = None if cpus is None else _Watched.now(cpus)
        precision = _time(timed, protocol)
        after = None if cpus is None else _Watched.now(cpus)
    report: CpuReport = after.since(before) if after and before else {}
    return Timing(
        latencies_ms=timed.latencies_ms,
        warmup_n=len(warmup.latencies_ms),
        warmup_ms=1e3 * warmup.seconds,
        steady=steady,
        precision=precision,
        stopped="precise" if precision <= protocol.precision else "time",
        series={name: list(values) for name, values in session.take_series().items()},
        **report,
    )


def _time(timed: _Stopwatch, protocol: Protocol) -> float:
    """Time inferences until the median is precise, or the time is over; return how precise it is."""
    timed.run_until(protocol.runs, protocol.seconds)
    precision = relative_precision(timed.latencies_ms)
    while precision > protocol.precision and timed.seconds < protocol.max_seconds:
        # A quarter more each time: looking takes longer than a fast inference.
        timed.run_until(math.ceil(1.25 * len(timed.latencies_ms)), 0.0)
        precision = relative_precision(timed.latencies_ms)
    return precision
