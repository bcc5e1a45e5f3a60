"""Checks what is said of an inference's energy, with counters whose truth is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from perftransfer.measuring.counters import Counter, CounterError, Energy
from perftransfer.measuring.energy import per_inference
from perftransfer.measuring.engines.interface import Session


class Second(Session):
    """A session whose inferences take a tenth of a second of its own time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.runs = 0

    def run(self) -> None:
        self.now += 0.1
        self.runs += 1

    def close(self) -> None:
        pass


class FiveWatts(Counter):
    """Counts 5 W in the time of a session."""

    covers = "everything"
    resolution_mj = 1.0

    def __init__(self, session: Second, name: str = "rapl", update_seconds: float | None = 0.05) -> None:
        self.session = session
        self.name = name
        self.update_seconds = update_seconds

    @classmethod
    def find(cls, root: Path = Path("/"), gpu: int = 0) -> FiveWatts:
        return cls(Second())

    def start(self) -> None:
        self.started = self.session.now

    def stop(self) -> Energy:
        seconds = self.session.now - self.started
        return Energy(5000 * seconds, seconds, None)


class Broken(FiveWatts):
    def stop(self) -> Energy:
        raise CounterError("the file is gone")


class Still(FiveWatts):
    def stop(self) -> Energy:
        return Energy(0.0, 1.0, None)


def measured(kind: type[FiveWatts] = FiveWatts, **how: float | None) -> dict[str, object]:
    session = Second()
    return per_inference(session, ["rapl"], 0, lambda gpu: ([kind(session, **how)], []), lambda: session.now)


@pytest.mark.parametrize(("update_seconds", "n"), [(0.05, 10), (None, 5), (10.0, 50), (0.001, 1)])
def test_as_many_inferences_as_the_counters_steps_ask_for(update_seconds: float | None, n: int) -> None:
    energy = measured(update_seconds=update_seconds)
    assert energy["energy_n"] == pytest.approx(n, abs=1)
    assert energy["energy_mj"] == pytest.approx(500)
    assert energy["energy_covers"] == "rapl: everything"
    assert energy["energy_missing"] is None


@pytest.mark.parametrize(
    ("kind", "words"), [(Broken, "rapl: the file is gone"), (Still, "rapl: did not move within 1.00 s")]
)
def test_what_cannot_be_counted_is_missing_with_the_reason(kind: type[FiveWatts], words: str) -> None:
    energy = measured(kind)
    assert energy["energy_mj"] is None
    assert energy["energy_missing"] == words


def test_a_counter_of_something_else_is_not_taken() -> None:
    session = Second()
    energy = per_inference(
        session, ["rapl", "hwmon"], 0, lambda gpu: ([FiveWatts(session, "nvml")], ["RAPL: no such folder"])
    )
    assert session.runs == 0
    assert energy == {
        "energy_mj": None,
        "energy_missing": "RAPL: no such folder; nvml does not cover what this engine computes on",
    }


def test_the_first_kind_that_is_there_is_taken() -> None:
    session = Second()
    counters = [FiveWatts(session, name) for name in ("rapl", "hwmon")]
    energy = per_inference(session, ["hwmon", "rapl"], 0, lambda gpu: (list(counters), []), lambda: session.now)
    assert energy["energy_covers"] == "hwmon: everything"
