"""Checks what the name of an objective says: quantity, unit, direction."""

from __future__ import annotations

import pytest

from perftransfer import objectives


@pytest.mark.parametrize(
    ("name", "label", "more_is_better"),
    [
        ("latency_ms", "latency (ms)", False),
        ("latency_ms_p99", "p99 latency (ms)", False),
        ("latency_ms_p50", "p50 latency (ms)", False),
        ("time_to_first_token_ms", "time to first token (ms)", False),
        ("power_sum", "power sum", False),
        ("throughput_per_s", "throughput (per s)", True),
        ("tokens_per_s", "tokens (per s)", True),
        ("tokens_per_j", "tokens (per J)", True),
        ("throughput_fps", "throughput (frames/s)", True),
        ("fps", "fps", True),
        ("energy_mj_per_token", "energy (mJ per token)", False),
        ("latency_ms_per_s", "latency (ms per s)", False),
        ("errors_per_run", "errors (per run)", False),
        ("accuracy", "accuracy", None),
        ("speedup", "speedup", None),
        ("throughput", "throughput", None),
    ],
)
def test_a_name_says_quantity_unit_and_direction(name: str, label: str, more_is_better: bool | None) -> None:
    assert objectives.label(name) == label
    assert objectives.more_is_better(name) is more_is_better


def test_what_is_measured_here_has_a_direction() -> None:
    rates = [name for name in objectives.MEASURED if objectives.more_is_better(name)]
    assert rates == ["throughput_per_s", "tokens_per_s"]
    assert all(objectives.more_is_better(name) is not None for name in objectives.MEASURED)
