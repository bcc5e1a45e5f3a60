"""Checks when warm-up and measuring end, and what of them is kept."""

from __future__ import annotations

import gc
import math
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perftransfer.measuring.engines.interface import Session
from perftransfer.measuring.protocol import Protocol, is_steady, relative_precision, time_session

# What is at least measured, and nothing beyond.
LEAST = {"max_warmup_seconds": 0.0, "max_seconds": 0.0}


class FakeSession(Session):
    """Inferences of given durations in a time of its own; the last duration goes on for ever."""

    def __init__(self, *durations: float) -> None:
        self.durations = list(durations)
        self.now = 100.0
        self.runs = 0

    def clock(self) -> float:
        return self.now

    def run(self) -> None:
        self.now += self.durations[min(self.runs, len(self.durations) - 1)]
        self.runs += 1

    def close(self) -> None:
        pass


class RealTimeSession(Session):
    """A session in wall-clock time that notes whether garbage may be collected during each inference."""

    def __init__(self) -> None:
        self.collecting: list[bool] = []

    def run(self) -> None:
        self.collecting.append(gc.isenabled())

    def close(self) -> None:
        pass


class TimingSession(FakeSession):
    """Times something else in each inference: the number of the inference."""

    def __init__(self) -> None:
        super().__init__(1.0)
        self.numbers: list[float] = []

    def run(self) -> None:
        super().run()
        self.numbers.append(self.runs)

    def take_series(self) -> dict[str, list[float]]:
        numbers, self.numbers = self.numbers, []
        return {"number": numbers}


def test_what_a_session_times_besides_counts_from_the_end_of_warm_up() -> None:
    timing = time_session(TimingSession(), Protocol(3, 0.0, 4, 0.0, **LEAST), None)
    assert timing.series == {"number": [4.0, 5.0, 6.0, 7.0]}
    assert time_session(FakeSession(1.0), Protocol(3, 0.0, 4, 0.0, **LEAST), None).series == {}


def test_slow_inferences_are_repeated_until_there_are_enough_runs() -> None:
    timing = time_session(FakeSession(1.0), Protocol(3, 0.1, 7, 0.2, **LEAST), None)
    assert timing.warmup_n == 3
    assert timing.latencies_ms == pytest.approx([1000.0] * 7)


def test_fast_inferences_are_repeated_until_enough_time_has_passed() -> None:
    # Sixteenths are exact in binary, so that the number of runs is, too.
    timing = time_session(FakeSession(1 / 16), Protocol(3, 0.5, 7, 1.0, **LEAST), None)
    assert timing.warmup_n == 8
    assert timing.latencies_ms == [62.5] * 16


def test_every_latency_is_kept_in_order_and_warm_up_stays_apart() -> None:
    timing = time_session(FakeSession(9.0, 8.0, 1.0, 3.0, 2.0, 2.0), Protocol(2, 0.0, 4, 0.0, **LEAST), None)
    assert timing.warmup_n == 2
    assert timing.latencies_ms == pytest.approx([1000.0, 3000.0, 2000.0, 2000.0])


def test_no_warm_up_at_all_can_be_asked_for() -> None:
    timing = time_session(FakeSession(5.0, 1.0), Protocol(0, 0.0, 2, 0.0, **LEAST), None)
    assert (timing.warmup_n, timing.latencies_ms) == (0, pytest.approx([5000.0, 1000.0]))


def test_nobody_disturbs_a_session_in_a_time_of_its_own() -> None:
    assert time_session(FakeSession(1.0), Protocol(), None).external_cpu_share is None


def test_garbage_is_collected_before_the_inferences_and_not_in_between() -> None:
    session = RealTimeSession()
    time_session(session, Protocol(2, 0.0, 3, 0.0, **LEAST), None)
    assert session.collecting == [True, True, False, False, False]
    assert gc.isenabled()


def test_the_clock_of_the_wall_gives_latencies_that_are_not_negative() -> None:
    timing = time_session(RealTimeSession(), Protocol(1, 0.0, 20, 0.0, **LEAST), [0])
    assert len(timing.latencies_ms) == 20
    assert min(timing.latencies_ms) >= 0


@pytest.mark.parametrize("name", [field.name for field in fields(Protocol)])
def test_the_key_changes_with_what_changes_numbers_and_not_with_the_time_out(name: str) -> None:
    protocol = Protocol()
    changed = replace(protocol, **{name: True if name == "energy" else getattr(protocol, name) * 2})
    assert (changed.key == protocol.key) == (name == "timeout_seconds")


def test_the_key_of_the_default_protocol_stays_what_journals_hold() -> None:
    assert Protocol().key == (
        "v2 warmup_runs=3 warmup_seconds=0.1 runs=7 seconds=0.2 warmup_most_seconds=2 most_seconds=1 precision=0.02"
    )


def test_warm_up_goes_on_until_latencies_are_steady() -> None:
    falling = [1.0 * 0.8**i for i in range(20)]
    timing = time_session(FakeSession(*falling, falling[-1]), Protocol(3, 0.0, 7, 0.0, max_warmup_seconds=1e9), None)
    assert timing.steady
    # Two windows of equal inferences, or nearly so.
    assert 20 <= timing.warmup_n <= 30
    assert timing.latencies_ms == pytest.approx([1e3 * falling[-1]] * 7)
    assert timing.warmup_ms == pytest.approx(1e3 * (sum(falling) + (timing.warmup_n - 20) * falling[-1]))


def test_warm_up_that_never_gets_steady_ends_after_its_time_and_says_so() -> None:
    falling = [1.0 * 0.9**i for i in range(200)]
    timing = time_session(FakeSession(*falling), Protocol(3, 0.0, 7, 0.0, max_warmup_seconds=5.0), None)
    assert not timing.steady
    assert timing.warmup_ms >= 5000


@given(st.lists(st.floats(0.5, 1.5), min_size=10, max_size=40))
def test_steady_is_a_question_of_ratios(latencies: list[float]) -> None:
    assert is_steady(latencies) == is_steady([1024 * latency for latency in latencies])
    # Noise without a trend is steady, a jump as large as the latency is not.
    assert is_steady([*latencies[:5], *latencies[:5]])
    assert not is_steady([*[2.0 + 0.01 * i for i in range(5)], *[4.0 + 0.01 * i for i in range(5)]])


def test_timing_goes_on_until_the_median_is_precise() -> None:
    noisy = [1.0 + 0.1 * ((7 * i) % 11 - 5) / 5 for i in range(1000)]
    timing = time_session(FakeSession(*noisy), Protocol(0, 0.0, 7, 0.0, max_warmup_seconds=0.0, max_seconds=1e9), None)
    assert timing.stopped == "precise"
    assert timing.precision <= 0.02
    assert len(timing.latencies_ms) > 20
    short = time_session(FakeSession(*noisy), Protocol(0, 0.0, 7, 0.0, max_warmup_seconds=0.0, max_seconds=8.0), None)
    assert (short.stopped, len(short.latencies_ms)) == ("time", 9)
    assert short.precision > 0.02


def test_equal_latencies_are_precise_as_soon_as_there_are_six() -> None:
    assert relative_precision([2.0] * 5) == math.inf
    assert relative_precision([2.0] * 6) == 0.0


def test_the_interval_of_the_median_covers_it_nineteen_times_in_twenty() -> None:
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(2000):
        values = rng.lognormal(0, 0.3, 25)
        half = relative_precision(values.tolist()) * np.median(values)
        ordered = np.sort(values)
        lowest = int((25 - 1.96 * 5) / 2)
        assert half == pytest.approx((ordered[24 - lowest] - ordered[lowest]) / 2)
        covered.append(ordered[lowest] <= 1.0 <= ordered[24 - lowest])
    assert np.mean(covered) == pytest.approx(0.96, abs=0.02)


def test_a_session_with_a_devices_clock_is_watched_all_the_same() -> None:
    timing = time_session(FakeSession(1.0), Protocol(3, 0.1, 7, 0.2, **LEAST), [0])
    assert timing.latencies_ms == pytest.approx([1000.0] * 7)
    assert (timing.external_cpu_share is None) == (not Path("/proc/stat").exists())
    assert time_session(FakeSession(1.0), Protocol(3, 0.1, 7, 0.2, **LEAST), None).external_cpu_share is None
