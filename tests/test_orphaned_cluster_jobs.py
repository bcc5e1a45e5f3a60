"""Checks that a run's jobs on a cluster, and no others, are cancelled before the next one starts."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest
from fake_slurm import FakeSlurm

from perftransfer import orphaned_jobs


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSlurm:
    return FakeSlurm(tmp_path / "slurm", monkeypatch)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "my clone"
    (folder / ".snakemake/slurm_logs").mkdir(parents=True)
    (folder / ".snakemake/locks").mkdir()
    (folder / ".snakemake/locks/0.input.lock").touch()
    return folder


def queue(folder: Path) -> str:
    return f"1 perftransfer_a {folder}\n2 perftransfer_b {folder.parent}\n3 other {folder}\n4 perftransfer_c {folder}"


def test_own_jobs_in_this_folder_are_cancelled_and_waited_for(
    slurm: FakeSlurm, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slurm.answers("squeue", said=queue(folder), call=1)
    slurm.answers("squeue", said=f"4 perftransfer_c {folder}", call=2)
    slurm.answers("scancel", error="scancel: error: Kill job error on job id 1: Invalid job id specified", status=1)
    assert orphaned_jobs.clean_up(folder) == 0
    assert [call for call in slurm.calls if call.startswith("scancel")] == ["scancel 1 4"]
    assert len(slurm.calls) == 4
    assert "Cancelled its jobs on the cluster: 1, 4." in capsys.readouterr().out
    assert not list(folder.glob(".snakemake/locks/*"))


def test_where_slurm_does_not_answer_the_lock_stays(
    slurm: FakeSlurm, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slurm.answers("squeue", error="slurm_load_jobs error: Unable to contact slurm controller", status=1)
    assert orphaned_jobs.clean_up(folder) == 1
    assert "Unable to contact slurm controller; start again when Slurm answers" in capsys.readouterr().out
    assert list(folder.glob(".snakemake/locks/*"))


def test_a_folder_that_never_submitted_anything_asks_nobody(slurm: FakeSlurm, folder: Path) -> None:
    (folder / ".snakemake/slurm_logs").rmdir()
    assert orphaned_jobs.cluster_jobs(folder) == []
    assert slurm.calls == []


def test_a_run_that_was_started_on_another_node_is_not_touched(
    slurm: FakeSlurm, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    orphaned_jobs.note_start(folder)
    note = folder / ".snakemake/perftransfer.node"
    assert note.read_text() == platform.node()
    note.write_text("login2")
    assert orphaned_jobs.clean_up(folder) == 1
    assert "on login2" in capsys.readouterr().out
    assert slurm.calls == []
    assert list(folder.glob(".snakemake/locks/*"))
    note.unlink()
    assert orphaned_jobs.clean_up(folder) == 0
