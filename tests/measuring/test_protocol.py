"""Checks when warm-up and measuring end, and what of them is kept."""

from __future__ import annotations

import gc
from dataclasses import fields, replace

import pytest

from perftransfer.measuring.protocol import Protocol, time_session


class FakeSession:
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


class RealTimeSession:
    """A session in wall-clock time that notes whether garbage may be collected during each inference."""

    def __init__(self) -> None:
        self.collecting: list[bool] = []

    def run(self) -> None:
        self.collecting.append(gc.isenabled())

    def close(self) -> None:
        pass


def test_slow_inferences_are_repeated_until_there_are_enough_runs() -> None:
    timing = time_session(FakeSession(1.0), Protocol(3, 0.1, 7, 0.2), None)
    assert timing.warmup_n == 3
    assert timing.latencies_ms == pytest.approx([1000.0] * 7)


def test_fast_inferences_are_repeated_until_enough_time_has_passed() -> None:
    # Sixteenths are exact in binary, so that the number of runs is, too.
    timing = time_session(FakeSession(1 / 16), Protocol(3, 0.5, 7, 1.0), None)
    assert timing.warmup_n == 8
    assert timing.latencies_ms == [62.5] * 16


def test_every_latency_is_kept_in_order_and_warm_up_stays_apart() -> None:
    timing = time_session(FakeSession(9.0, 8.0, 1.0, 3.0, 2.0, 2.0), Protocol(2, 0.0, 4, 0.0), None)
    assert timing.warmup_n == 2
    assert timing.latencies_ms == pytest.approx([1000.0, 3000.0, 2000.0, 2000.0])


def test_no_warm_up_at_all_can_be_asked_for() -> None:
    timing = time_session(FakeSession(5.0, 1.0), Protocol(0, 0.0, 2, 0.0), None)
    assert (timing.warmup_n, timing.latencies_ms) == (0, pytest.approx([5000.0, 1000.0]))


def test_nobody_disturbs_a_session_in_a_time_of_its_own() -> None:
    assert time_session(FakeSession(1.0), Protocol(), None).others_cpu_share is None


def test_garbage_is_collected_before_the_inferences_and_not_in_between() -> None:
    session = RealTimeSession()
    time_session(session, Protocol(2, 0.0, 3, 0.0), None)
    assert session.collecting == [True, True, False, False, False]
    assert gc.isenabled()


def test_the_clock_of_the_wall_gives_latencies_that_are_not_negative() -> None:
    timing = time_session(RealTimeSession(), Protocol(1, 0.0, 20, 0.0), [0])
    assert len(timing.latencies_ms) == 20
    assert min(timing.latencies_ms) >= 0


@pytest.mark.parametrize("name", [field.name for field in fields(Protocol)])
def test_the_key_changes_with_what_changes_numbers_and_not_with_the_time_out(name: str) -> None:
    protocol = Protocol()
    changed = replace(protocol, **{name: getattr(protocol, name) * 2})
    assert (changed.key == protocol.key) == (name == "timeout_seconds")


def test_the_key_of_the_default_protocol_stays_what_journals_hold() -> None:
    assert Protocol().key == "v1 warmup_runs=3 warmup_seconds=0.1 runs=7 seconds=0.2"
