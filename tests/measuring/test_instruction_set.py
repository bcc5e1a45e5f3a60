"""Checks the cap on instruction sets, and the environment variables of measuring processes."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from perftransfer.measuring import bench, hardware
from perftransfer.measuring.bench import Environment, measure_environment
from perftransfer.measuring.engines.simulated import Simulated
from perftransfer.measuring.fingerprint import identity, usable_cpus
from perftransfer.measuring.isolation import MeasuringServer
from perftransfer.measuring.protocol import Protocol


@pytest.fixture
def zen2(tmp_path: Path) -> Path:
    cpuinfo = tmp_path / "proc/cpuinfo"
    cpuinfo.parent.mkdir()
    cpuinfo.write_text("model name\t: AMD EPYC\nflags\t\t: fpu sse4_1 avx avx2\n\nflags\t\t: fpu\n")
    return tmp_path


def applied(text: str, root: Path) -> dict[str, str]:
    with hardware.applied(hardware.parse(text), root, root / "state.json") as held:
        return held.values


def test_a_cap_below_what_the_processor_has_is_taken_and_nothing_is_set(zen2: Path) -> None:
    assert applied("instruction_set=avx2", zen2) == {}
    assert hardware.options_offered(zen2)["instruction_set"] == ["sse41", "avx", "avx2"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("avx512_core_vnni", "this processor has no avx512_vnni"),
        ("avx3", "unknown instruction set 'avx3'. Allowed: sse41, avx, avx2"),
    ],
)
def test_a_cap_that_would_be_none_is_refused(zen2: Path, value: str, message: str) -> None:
    with pytest.raises(hardware.SettingError, match=message):
        applied(f"instruction_set={value}", zen2)


def variables(text: str, cap: str = "") -> dict[str, str]:
    engine: Any = SimpleNamespace(name="fake", instruction_set_variable=cap)
    return bench._variables(hardware.parse(text), engine)


def test_settings_become_variables_of_the_measuring_process() -> None:
    assert variables("governor=performance") == {}
    assert variables("gpu=1") == {"CUDA_VISIBLE_DEVICES": "1"}
    assert variables("instruction_set=avx2", "ONEDNN_MAX_CPU_ISA") == {"ONEDNN_MAX_CPU_ISA": "AVX2"}


def test_an_engine_without_a_cap_measures_nothing_under_one(zen2: Path, tmp_path: Path) -> None:
    sheet = Environment("simulated-a", "simulated", "none", 0, "all", {"batch": 1}, {}, 1, "instruction_set=avx2")
    records = measure_environment(
        sheet, {"c": {"threads": 1}}, repeats=1, protocol=Protocol(), journal_path=tmp_path / "j.jsonl", seed=1,
        root=zen2, state=tmp_path / "state.json",
    )  # fmt: skip
    assert (records[0]["status"], records[0]["error"]) == (
        "not_applied", "instruction_set: the engine simulated has no cap on instruction sets",
    )  # fmt: skip
    assert Simulated().instruction_set_variable == ""


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_what_the_users_shell_says_of_instruction_sets_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "SSE41")
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "default")
    with MeasuringServer("simulated", usable_cpus(), {"CUDA_VISIBLE_DEVICES": "1"}) as server:
        assert server._process is not None
        variables = Path(f"/proc/{server._process.pid}/environ").read_text().split("\0")
    names = {entry.partition("=")[0] for entry in variables}
    assert not names & {"ONEDNN_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY"}
    assert {"CUDA_VISIBLE_DEVICES=1", "CUDA_DEVICE_ORDER=PCI_BUS_ID", "OMP_NUM_THREADS=1"} <= set(variables)


def test_another_gpu_is_another_machine() -> None:
    host = {"processor": "p", "architecture": "a", "cpus": 2, "gpus": []}
    assert identity(host) == {"processor": "p", "architecture": "a", "cpus": 2}
    assert identity({**host, "gpus": ["NVIDIA H100"]}) != identity({**host, "gpus": ["NVIDIA T4"]})
