"""Checks what happens to the lock of a killed run, and that a run at work is left alone."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from perftransfer.orphaned_jobs import clean_up
from perftransfer.package_path import package_path

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "clone"
    folder.mkdir()
    return folder


@pytest.fixture
def lock(folder: Path) -> Path:
    locks = folder / ".snakemake" / "locks"
    locks.mkdir(parents=True)
    (locks / "0.input.lock").write_text("in\n")
    (locks / "0.output.lock").write_text("out\n")
    return locks


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a process that does nothing, with given arguments, in a given folder."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", *arguments], cwd=folder)
        processes.append(process)
        deadline = time.monotonic() + 10
        # Between fork and exec it still has our own arguments.
        while arguments[0] not in psutil.Process(process.pid).cmdline() and time.monotonic() < deadline:
            time.sleep(0.01)
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()


def test_without_a_lock_nothing_is_said_and_a_run_may_start(
    folder: Path, start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    driver = start(folder, "snakemake", "--cores", "2")
    assert clean_up(folder) == 0
    assert capsys.readouterr().out == ""
    assert driver.poll() is None


@pytest.mark.parametrize("argument", ["snakemake", "/venv/bin/snakemake"])
def test_a_run_at_work_is_named_and_left_alone(
    folder: Path, lock: Path, start: Start, capsys: pytest.CaptureFixture[str], argument: str
) -> None:
    driver = start(folder, argument, "--cores", "2")
    job = start(folder, str(folder / ".snakemake/scripts/tmp1.benchmark.py"))
    assert clean_up(folder) == 1
    assert f"(process {driver.pid})" in capsys.readouterr().out
    assert len(list(lock.iterdir())) == 2
    assert (driver.poll(), job.poll()) == (None, None)


def test_the_lock_of_a_killed_run_is_taken_away_and_its_job_is_ended(
    folder: Path, lock: Path, start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    job = start(folder, str(folder / ".snakemake/scripts/tmp1.benchmark.py"))
    assert clean_up(folder) == 0
    said = capsys.readouterr().out
    assert "No measurement is lost" in said
    assert f"(process {job.pid})" in said
    assert list(lock.iterdir()) == []
    job.wait(10)


def test_a_snakemake_that_is_a_job_itself_is_no_run(folder: Path, lock: Path, start: Start) -> None:
    job = start(folder, "snakemake", "--target-jobs", "benchmark:environment=a")
    assert clean_up(folder) == 0
    job.wait(10)


def test_runs_and_jobs_in_other_folders_do_not_matter(folder: Path, lock: Path, start: Start, tmp_path: Path) -> None:
    others = [start(tmp_path, "snakemake"), start(tmp_path, ".snakemake/scripts/tmp1.py")]
    assert clean_up(folder) == 0
    assert list(lock.iterdir()) == []
    assert [other.poll() for other in others] == [None, None]


def test_a_process_that_only_has_a_file_named_so_is_no_run(folder: Path, lock: Path, start: Start) -> None:
    tee = start(folder, "snakemake.log")
    assert clean_up(folder) == 0
    assert tee.poll() is None


def test_the_command_ends_with_the_answer_as_its_status(folder: Path, lock: Path, start: Start) -> None:
    def status() -> int:
        command = [sys.executable, "-m", "perftransfer.orphaned_jobs"]
        return subprocess.run(
            command, cwd=folder, env={"PYTHONPATH": package_path()}, stdout=subprocess.DEVNULL
        ).returncode

    driver = start(folder, "snakemake")
    assert status() == 1
    driver.kill()
    driver.wait()
    assert status() == 0
