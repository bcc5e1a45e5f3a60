"""What a run says before Snakemake, after it, and when it is interrupted."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest

from perftransfer import run
from perftransfer.package_path import package_path

STUDY = """\
study: toy
environments: config/toy.tsv
"""
SHEET = """\
environment\thardware\temulated\tcores\tengine\tnetwork\tspace\tbatch\timage_px
simulated-a\tnone\tno\t1\tsimulated\tnone\ttoy\t1\t128
simulated-b\tnone\tno\t1\tsimulated\tnone\ttoy\t1\t256
"""
WITH_REPORT = "import pathlib as p; f = p.Path('results/toy/report.html'); f.parent.mkdir(exist_ok=True); f.touch()"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "toy.yaml": STUDY,
        "toy.tsv": SHEET,
        "spaces/toy.yaml": "options:\n  threads: {levels: [1, 2, 4], ordered: true}\n",
    }.items():
        path = tmp_path / "config" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def start(code: str, *options: str) -> int:
    return run.main(["config/toy.yaml", *options], (sys.executable, "-c", code))


def test_a_report_is_announced_only_if_it_exists(capsys: pytest.CaptureFixture[str]) -> None:
    assert start("pass") == 1
    said = capsys.readouterr()
    assert "Report:" not in said.out
    assert "no results/toy/report.html" in said.err
    assert start(WITH_REPORT) == 0
    assert "Report:  results/toy/report.html" in capsys.readouterr().out
    # The name on the command line counts.
    assert start("pass", "--config", "seed=2", "study=other") == 1
    assert "no results/other/report.html" in capsys.readouterr().err


def test_the_status_of_snakemake_is_that_of_the_run() -> None:
    assert start(f"{WITH_REPORT}; raise SystemExit(3)") == 3


def test_a_study_that_is_wrong_is_one_message(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "config/toy.yaml").write_text("study: toy\nenvironment: config/toy.tsv\n")
    assert start("raise SystemExit(3)") == 1
    assert "unknown key 'environment'" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_said_before_anything_runs(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "results").write_text("a file")
    assert start("raise SystemExit(3)") == 1
    assert capsys.readouterr().err.startswith("results/toy: nothing can be written there: ")


def test_ctrl_c_is_one_line_whatever_the_interrupted_processes_say(here: Path) -> None:
    """On a terminal, whose line discipline interrupts all processes."""
    code = (
        "import sys; from perftransfer import run; sys.exit(run.main(['config/toy.yaml'], "
        "(sys.executable, '-c', 'import time; print(\\'at work\\', flush=True); time.sleep(60)')))"
    )
    inner, outer = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", "import fcntl, termios; fcntl.ioctl(2, termios.TIOCSCTTY, 0)\n" + code],
        stdin=outer, stdout=outer, stderr=outer, start_new_session=True,
        env={**os.environ, "PYTHONPATH": package_path()},
    )  # fmt: skip
    os.close(outer)
    said, deadline = b"", time.monotonic() + 60
    while b"at work" not in said and time.monotonic() < deadline:
        said += os.read(inner, 4096)
    os.write(inner, b"\x03")
    assert process.wait(timeout=30) == 130
    said = os.read(inner, 65536).replace(b"^C", b"")
    os.close(inner)
    assert said.split() == run._INTERRUPTED.encode().split()
