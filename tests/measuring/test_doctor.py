from __future__ import annotations

from pathlib import Path

import pytest

from perftransfer.__main__ import main
from perftransfer.measuring import doctor, engines


def test_everything_that_decides_what_can_be_measured_is_named() -> None:
    lines = list(doctor.findings(sleep=lambda _: None))
    topics = [topic for topic, _ in lines]
    assert {"processor", "CPUs", "memory", "clock", "GPU", "other processes", "energy", "engine"} <= set(topics)
    for name in engines.names():
        assert any(topic == "engine" and name in text for topic, text in lines)


def test_a_quota_is_said(tmp_path: Path) -> None:
    group = tmp_path / "sys/fs/cgroup"
    group.mkdir(parents=True)
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("0::/\n")
    (tmp_path / "proc/self/mountinfo").write_text("1 0 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n")
    (group / "cpu.max").write_text("150000 100000\n")
    (group / "memory.max").write_text(f"{2**31}\n")
    by_topic = dict(doctor.findings(tmp_path, sleep=lambda _: None))
    assert "1.5" in by_topic["CPUs"]
    assert "2.0 GiB" in by_topic["memory"]


def test_the_command_prints_a_line_for_each(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "_SECONDS", 0.01)
    assert main(["doctor"]) == 0
    assert "onnxruntime" in capsys.readouterr().out
