"""The cluster of the tests by itself: what a test on it may rely on."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from cluster.slurm import Cluster, Job

pytestmark = pytest.mark.cluster

NODES = ("env-a", "env-b", "env-c")
SHOW = "hostname; grep --max-count=1 'model name' /proc/cpuinfo"


def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "in vain"
        time.sleep(0.05)


def submit(cluster: Cluster, command: str, *options: str) -> str:
    """Submit a job, and return its number."""
    output = f"--output={cluster.folder}/%j.output"
    return cluster.run("sbatch", "--parsable", output, *options, f"--wrap={command}").strip()


def job(cluster: Cluster, number: str) -> Job:
    (found,) = (job for job in cluster.jobs() if job.id == number)
    return found


def reaches(cluster: Cluster, number: str, state: str) -> None:
    until(lambda: job(cluster, number).state == state)


def output(cluster: Cluster, number: str) -> str:
    reaches(cluster, number, "COMPLETED")
    return (cluster.folder / f"{number}.output").read_text()


def listening(processes: list[psutil.Process]) -> set[tuple[str, int]]:
    """Addresses and ports at which these processes listen."""
    pids = {process.pid for process in processes}
    connections = psutil.net_connections("inet")
    found = (it.laddr for it in connections if it.status == psutil.CONN_LISTEN and it.pid in pids)
    return {(address.ip, address.port) for address in found if address}


def test_a_job_runs_on_the_node_that_its_partition_or_its_constraint_names(cluster: Cluster) -> None:
    by_partition = {name: submit(cluster, SHOW, f"--partition={name}") for name in NODES}
    by_constraint = {name: submit(cluster, SHOW, f"--constraint={name}") for name in NODES}
    for name in NODES:
        shown = f"{name}\nmodel name\t: Loopback CPU {name[-1].upper()}\n"
        assert output(cluster, by_partition[name]) == output(cluster, by_constraint[name]) == shown
        assert job(cluster, by_partition[name]).node == job(cluster, by_constraint[name]).node == name
        assert job(cluster, by_constraint[name]).partition == "all"


def test_a_job_step_of_a_job_needs_no_variable_to_find_the_cluster(cluster: Cluster) -> None:
    step = "env --unset=SLURM_CONF srun --ntasks=1 hostname"
    assert output(cluster, submit(cluster, step, "--partition=env-b")) == "env-b\n"


def test_the_files_are_those_of_the_machine_at_the_same_paths(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "question").write_text("here?")
    number = submit(cluster, "cat question > answer", f"--chdir={tmp_path}")
    reaches(cluster, number, "COMPLETED")
    assert (tmp_path / "answer").read_text() == "here?"


def test_small_jobs_share_a_node_and_an_exclusive_one_keeps_others_off(cluster: Cluster, tmp_path: Path) -> None:
    go = tmp_path / "go"
    wait = f"until [ -e {go} ]; do sleep 0.05; done"
    small = [submit(cluster, wait, "--partition=env-b") for _ in range(2)]
    for number in small:
        reaches(cluster, number, "RUNNING")
    exclusive = submit(cluster, wait, "--partition=env-c", "--exclusive")
    reaches(cluster, exclusive, "RUNNING")
    other = submit(cluster, "true", "--partition=env-c")
    elsewhere = submit(cluster, "true", "--partition=env-a")
    reaches(cluster, elsewhere, "COMPLETED")
    assert job(cluster, other).state == "PENDING"
    assert [job(cluster, number).exclusive for number in (*small, exclusive)] == [False, False, True]
    go.touch()
    reaches(cluster, other, "COMPLETED")


def test_a_failed_job_is_not_started_again(cluster: Cluster) -> None:
    number = submit(cluster, "echo once; exit 3")
    reaches(cluster, number, "FAILED")
    assert (cluster.folder / f"{number}.output").read_text() == "once\n"
    assert "Requeue=0 Restarts=0" in cluster.run("scontrol", "show", "job", number)


def test_a_comment_is_told_as_it_was_given(cluster: Cluster) -> None:
    assert job(cluster, submit(cluster, "true", "--comment=rule_measure wildcards: a")).comment == (
        "rule_measure wildcards: a"
    )
    assert job(cluster, submit(cluster, "true")).comment == ""


def test_a_cancelled_job_leaves_no_process(cluster: Cluster) -> None:
    number = submit(cluster, "sleep 600 & srun sleep 600 & bash -c 'sleep 600; :' & wait", "--partition=env-a")
    until(lambda: sum("sleep 600" in process.command for process in cluster.processes("env-a")) >= 5)
    assert cluster.processes("env-b") == []
    cluster.run("scancel", number)
    reaches(cluster, number, "CANCELLED")
    until(lambda: cluster.processes("env-a") == [])


def test_a_process_that_a_job_left_is_told(cluster: Cluster) -> None:
    number = submit(cluster, "setsid sleep 600 & sleep 600", "--partition=env-c")
    until(lambda: [process.command for process in cluster.processes("env-c")].count("sleep 600") == 2)
    cluster.run("scancel", number)
    # Slurm ends the process group of the job, and this one has left it.
    until(lambda: [process.command for process in cluster.processes("env-c")] == ["sleep 600"])
    (left,) = cluster.processes("env-c")
    os.kill(left.pid, signal.SIGKILL)
    until(lambda: cluster.processes("env-c") == [])


def test_jobs_outlive_an_outage_of_the_controller(cluster: Cluster, tmp_path: Path) -> None:
    go = tmp_path / "go"
    number = submit(cluster, f"until [ -e {go} ]; do sleep 0.05; done; touch {tmp_path}/done", "--partition=env-b")
    waiting = submit(cluster, "true", f"--dependency=afterok:{number}")
    reaches(cluster, number, "RUNNING")
    cluster.stop_controller()
    go.touch()
    until((tmp_path / "done").exists)
    cluster.start_controller()
    reaches(cluster, number, "COMPLETED")
    reaches(cluster, waiting, "COMPLETED")


def test_there_is_no_accounting(cluster: Cluster) -> None:
    with pytest.raises(RuntimeError, match="accounting storage is disabled"):
        cluster.run("sacct")


def test_it_listens_on_the_loopback_address_only(cluster: Cluster) -> None:
    number = submit(cluster, "srun sleep 600")
    until(lambda: any("sleep 600" in process.command for process in cluster.processes("env-a")))
    found = listening(psutil.Process().children(recursive=True))
    cluster.run("scancel", number)
    assert len(found) >= 1 + len(NODES)
    assert {address for address, _ in found} == {"127.0.0.1"}
