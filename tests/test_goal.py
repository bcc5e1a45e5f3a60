"""Checks limits: how they are read, and what is beyond them on every scale of learning."""

from __future__ import annotations

import numpy as np
import pytest

from perftransfer.goal import Goal, Limit
from perftransfer.scales import SCALES


def test_limits_are_read() -> None:
    assert Limit.parse("latency_ms_p99 <= 20") == Limit("latency_ms_p99", True, 20.0)
    assert Limit.parse("throughput_per_s>=1.5e3") == Limit("throughput_per_s", False, 1500.0)
    assert str(Limit.parse("latency_ms_p99 <= 20")) == "p99 latency of at most 20 ms"


@pytest.mark.parametrize("text", ["latency_ms < 20", "latency_ms", "20 >= latency_ms", "latency_ms <= 1.2.3", ""])
def test_what_is_no_limit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="found"):
        Limit.parse(text)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("at_most", [True, False])
def test_what_is_beyond_a_limit_is_so_on_every_scale(scale: str, at_most: bool) -> None:
    values = np.array([1.0, 2.0, 3.0])
    excess = Limit("x", at_most, 2.0).excess(SCALES[scale], SCALES[scale].forward(values))
    assert np.sign(excess).tolist() == ([-1, 0, 1] if at_most else [1, 0, -1])


def test_a_goal_needs_models_of_what_decides_and_of_what_is_limited() -> None:
    goal = Goal(["latency_ms"], ["latency_ms"], [Limit.parse("peak_memory_mib <= 500")], {"arena": True})
    assert goal.modelled == ["latency_ms", "peak_memory_mib"]
    assert goal.terms == ["peak memory of at most 500 MiB", "arena = true"]
