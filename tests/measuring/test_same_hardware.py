"""Checks that a machine that is not an environment's hardware is told before anything is measured on it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from perftransfer.errors import UserError
from perftransfer.measuring import bench, journal, same_hardware
from perftransfer.measuring.protocol import Protocol

HOST: dict[str, Any] = {"processor": "Cortex-A57", "architecture": "aarch64", "cpus": 4, "gpus": []}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal/tx2.jsonl"


def check(path: Path, hardware: str = "TX2", declared: dict[str, Any] | None = None, **host: Any) -> None:
    same_hardware.check("tx2", hardware, same_hardware.Identity(**declared or {}), HOST | host, path)


def test_the_first_machine_is_learnt_and_another_one_refused(path: Path) -> None:
    check(path)
    check(path)
    with pytest.raises(UserError) as raised:
        check(path, processor="Cortex-A72", cpus=6)
    said = str(raised.value)
    assert said.startswith("environment tx2: the machine ")
    assert "cpus is 6, previously 4; processor is Cortex-A72, previously Cortex-A57" in said
    assert "Nothing was measured" in said
    assert str(path.parent / "hardware/TX2.json") in said
    check(path)


def test_a_gpu_that_is_there_no_more_is_another_hardware(path: Path) -> None:
    check(path, gpus=["A100"])
    with pytest.raises(UserError, match="gpus is None, previously A100"):
        check(path)


def test_each_hardware_is_learnt_for_itself_whatever_its_name(path: Path) -> None:
    check(path, "TX2")
    check(path, "TX1/old board", processor="Cortex-A53")
    check(path, "TX2")
    assert {file.name for file in (path.parent / "hardware").iterdir()} == {"TX2.json", "TX1%2Fold board.json"}


def test_of_machines_that_come_at_the_same_time_one_is_learnt(path: Path) -> None:
    def accepted(cpus: int) -> bool:
        try:
            check(path, cpus=cpus)
        except UserError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(accepted, range(1, 65))) == 1
    assert len(list((path.parent / "hardware").iterdir())) == 1


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"processor": "a72"}, "processor is Cortex-A57, expected a72"),
        ({"cpus": 6, "architecture": "aarch64"}, "cpus is 4, expected 6"),
        ({"architecture": "x86_64"}, "architecture is aarch64, expected x86_64"),
        ({"gpu": "a100"}, "gpu is none, expected a100"),
    ],
)
def test_what_is_declared_is_checked_and_what_does_not_fit_is_not_learnt(
    path: Path, declared: dict[str, Any], said: str
) -> None:
    with pytest.raises(UserError, match=said):
        check(path, declared=declared)
    assert not (path.parent / "hardware").exists()


def test_parts_of_names_are_enough(path: Path) -> None:
    declared = {"processor": "cortex-a57", "gpu": "A100", "cpus": None}
    check(path, declared=declared, gpus=["NVIDIA A100-SXM4-40GB"] * 2)


def test_a_file_that_somebody_broke_is_named(path: Path) -> None:
    check(path)
    learnt = path.parent / "hardware/TX2.json"
    for text in ("{", "[1]"):
        learnt.write_text(text)
        with pytest.raises(UserError, match=r"TX2\.json"):
            check(path)


def test_on_the_wrong_machine_nothing_is_measured(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = bench.Environment(
        "tx2",
        "onnxruntime",
        "none",
        0,
        "all",
        {},
        {},
        1,
        hardware="TX2",
        identity=same_hardware.Identity(processor="no such processor"),
    )
    protocol = Protocol(1, 0.0, 1, 0.0, timeout_seconds=20.0)
    with pytest.raises(UserError, match="expected no such processor"):
        bench.measure_environment(environment, {"c": {}}, repeats=1, protocol=protocol, journal_path=path, seed=1)
    assert journal.read(path) == []


def test_what_is_learnt_tells_where_and_for_which_environment(path: Path) -> None:
    check(path)
    learnt = json.loads((path.parent / "hardware/TX2.json").read_text())
    assert learnt["environment"] == "tx2"
    assert learnt["node"]
