"""Lasting disturbance is said while it lasts, and waited out for a while."""

from __future__ import annotations

import pytest

from perftransfer.errors import UserError
from perftransfer.measuring import quiet
from perftransfer.measuring.interference import CpuTimes
from perftransfer.measuring.quiet import QuietWatch


@pytest.fixture(autouse=True)
def unbounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(quiet.VARIABLE, raising=False)


class Machine:
    """Whose CPUs others keep busy for some looks, in virtual time."""

    def __init__(self, busy_looks: int) -> None:
        self.now = self.busy = 0.0
        self.busy_looks = busy_looks

    def read(self, cpus: list[int]) -> CpuTimes:
        return CpuTimes(self.now, 0.0, self.busy, len(cpus))

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if seconds == 1.0:
            self.busy_looks -= 1
            self.busy += self.busy_looks >= 0


def watched(machine: Machine, shares: list[float], max_wait_seconds: float = 600.0) -> None:
    watch = QuietWatch("e", [0, 1], max_wait_seconds, read=machine.read, sleep=machine.sleep)
    for share in shares:
        watch.note({"status": "ok", "error": None, "disturbed": share > 0.12, "external_cpu_share": share})


def test_lasting_disturbance_is_said_and_waited_out(caplog: pytest.LogCaptureFixture) -> None:
    watched(Machine(busy_looks=3), [0.0, 0.38, 0.0, 0.78, 0.5, 0.5, 0.5, 0.0, 0.0])
    assert caplog.messages == [
        "5 of 7 measurements of e were disturbed by other processes (38 to 78 % of the CPUs' time): their values are "
        "unreliable; pausing until it is quiet, up to 10 min 0 s",
        "e: quiet after 18 s, going on",
    ]


def test_the_wait_has_an_end_after_which_there_is_no_other(caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine(busy_looks=10**6)
    watched(machine, [0.5] * 100, max_wait_seconds=60)
    assert 60 <= machine.now <= 67
    assert len(caplog.messages) == 2
    assert "not quiet after" in caplog.messages[1]


def test_without_a_wait_it_is_only_said(caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine(busy_looks=10**6)
    watched(machine, [0.5] * 100, max_wait_seconds=0)
    assert machine.now == 0
    (message,) = caplog.messages
    assert message.endswith("(50 % of the CPUs' time): their values are unreliable; going on")


def test_what_comes_and_goes_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine(busy_looks=0)
    watched(machine, [0.0, 0.0, 0.5] * 20)
    assert not caplog.messages
    # Others that were gone at each look: said now and then.
    watched(machine, [0.5] * 100)
    assert len(caplog.messages) == 5
    assert machine.now == 20 * 1.0


def test_what_nobody_watched_counts_for_nothing(caplog: pytest.LogCaptureFixture) -> None:
    watch = QuietWatch("e", [0], 600.0)
    for _ in range(50):
        watch.note({"status": "ok", "error": None, "disturbed": None})
    assert not caplog.messages


def test_a_machine_that_is_never_quiet_waits_for_no_study(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(quiet.VARIABLE, "30")
    machine = Machine(busy_looks=10**6)
    watched(machine, [0.5] * 100)
    assert 30 <= machine.now <= 37
    for wrong in ("-1", "nan", "soon"):
        monkeypatch.setenv(quiet.VARIABLE, wrong)
        with pytest.raises(UserError, match=f"{quiet.VARIABLE}: found '{wrong}'"):
            watched(machine, [])
