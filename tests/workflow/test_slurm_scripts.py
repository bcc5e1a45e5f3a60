"""Checks the scripts by which cluster-generic speaks to Slurm, on stand-ins for Slurm's commands."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest
from fake_slurm import FakeSlurm
from tests_root import ROOT

SCRIPTS = ROOT / "profiles/slurm-without-accounting"
JOB = {
    "type": "single",
    "rule": "benchmark",
    "threads": 4096,
    "wildcards": {"environment": "tx2"},
    "resources": {
        "slurm_partition": "tx2", "constraint": "a&b", "cpus_per_task": -1, "slurm_extra": "--exclusive --qos=x",
        "gres": "gpu:a100:1", "runtime": 60, "mem_mb": 500, "device": 1, "tmpdir": "/tmp",
    },
}  # fmt: skip


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSlurm:
    monkeypatch.chdir(tmp_path)
    return FakeSlurm(tmp_path / "slurm", monkeypatch)


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SCRIPTS / f"{script}.py", *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def submit(job: dict[str, object]) -> subprocess.CompletedProcess[str]:
    Path("job.sh").write_text(f"#!/bin/sh\n# properties = {json.dumps(job)}\ntrue\n")
    return run("submit", "job.sh")


def test_resources_become_options_of_sbatch(slurm: FakeSlurm, tmp_path: Path) -> None:
    slurm.answers("sbatch", said="17;cluster")
    done = submit(JOB)
    assert (done.returncode, done.stdout) == (0, "17\n")
    (call,) = slurm.calls
    for option in (
        "--parsable",
        "--no-requeue",
        f"--chdir={tmp_path}",
        "--partition=tx2",
        "--constraint=a&b",
        "--time=60",
        "--mem=500",
        "--gres=gpu:a100:1",
        "--exclusive",
        "--qos=x",
        "--job-name=perftransfer_",
        "benchmark tx2",
    ):
        assert option in call, option  # fmt: skip
    assert "--cpus-per-task" not in call
    assert "account" not in call


def test_a_job_that_measures_nothing_asks_for_its_threads(slurm: FakeSlurm) -> None:
    slurm.answers("sbatch", said="18")
    submit({"type": "group", "groupid": "pictures", "threads": 2, "resources": {"runtime": 5, "mem_mb": 0}})
    assert "--cpus-per-task=2" in slurm.calls[0]
    assert "exclusive" not in slurm.calls[0]
    assert "--mem" not in slurm.calls[0]


def test_what_slurm_refuses_is_told_with_the_call(slurm: FakeSlurm) -> None:
    slurm.answers("sbatch", error="sbatch: error: invalid partition specified: tx2", status=1)
    done = submit(JOB)
    assert done.returncode == 1
    assert "invalid partition" in done.stderr
    assert "--partition=tx2" in done.stderr


def test_a_controller_that_is_away_is_waited_for_and_a_job_that_it_took_is_not_sent_twice(
    slurm: FakeSlurm, monkeypatch: pytest.MonkeyPatch
) -> None:
    slurm.answers("sbatch", error="sbatch: error: Batch job submission failed: Socket timed out", status=1)
    slurm.answers("squeue", said="19")
    done = submit(JOB)
    assert (done.returncode, done.stdout) == (0, "19\n")
    assert [call.split()[0] for call in slurm.calls] == ["sbatch", "squeue"]
    name = next(word for word in slurm.calls[0].split() if word.startswith("--job-name=")).partition("=")[2]
    assert f"--name={name}" in slurm.calls[1]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ({"said": "JobId=5 JobName=x JobState=RUNNING Reason=None"}, "running"),
        ({"said": "JobId=5 JobState=PENDING"}, "running"),
        ({"said": "JobId=5 JobState=COMPLETING"}, "running"),
        ({"said": "JobId=5 JobState=COMPLETED"}, "success"),
        ({"said": "JobId=5 JobState=FAILED"}, "failed"),
        ({"said": "JobId=5 JobState=NODE_FAIL"}, "failed"),
        ({"said": "JobId=5 JobState=OUT_OF_MEMORY"}, "failed"),
        ({"error": "slurm_load_jobs error: Invalid job id specified", "status": 1}, "failed"),
        ({"error": "slurm_load_jobs error: Unable to contact slurm controller", "status": 1}, "running"),
    ],
)
def test_a_job_counts_as_running_as_long_as_nobody_knows(slurm: FakeSlurm, answer: dict, status: str) -> None:
    slurm.answers("scontrol", **answer)
    assert run("status", "5").stdout == f"{status}\n"


def test_cancelling_returns_at_once_and_is_not_repeated_for_jobs_that_are_gone(slurm: FakeSlurm) -> None:
    slurm.answers("scancel", error="scancel: error: Kill job error on job id 5: Invalid job id specified", status=1)
    assert run("cancel", "5", "6").returncode == 0
    until = time.monotonic() + 10
    while not slurm.calls and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(0.2)
    assert slurm.calls == ["scancel 5 6"]
