"""Clusters that come and go: nothing of them stays, and nobody else's is touched."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from cluster import slurm
from cluster.slurm import SYSTEM_CONFIGURATION, Cluster, Node

pytestmark = pytest.mark.cluster

NODES = [Node("env-a", cpus=2), Node("env-b", cpus=2)]


def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "in vain"
        time.sleep(0.05)


@pytest.fixture(autouse=True)
def available() -> None:
    reason = slurm.unavailable()
    if reason is not None:
        pytest.skip(reason)


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for clusters. That of the test has a name too long for sockets."""
    return tmp_path_factory.mktemp("slurm")


@pytest.fixture
def by_hand(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A cluster that somebody runs in a terminal."""
    command = [sys.executable, slurm.__file__, str(folder / "by_hand")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("The cluster runs")
        yield process
        process.terminate()


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    # A child whose parent was killed stays as a zombie until process 1 looks after it.
    return [process for process in processes if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


def listening(processes: list[psutil.Process]) -> int:
    pids = {process.pid for process in processes}
    return sum(it.status == psutil.CONN_LISTEN and it.pid in pids for it in psutil.net_connections("inet"))


def is_linked(folder: Path) -> bool:
    """Whether Slurm's commands find the cluster in a folder; right after it, they may find another worker's."""
    return SYSTEM_CONFIGURATION.is_symlink() and SYSTEM_CONFIGURATION.readlink().parent == folder


def test_what_was_started_is_gone_after_the_stop(folder: Path) -> None:
    before = psutil.Process().children(recursive=True)
    cluster = Cluster(folder / "cluster", NODES)
    with cluster:
        for node in NODES:
            cluster.run(
                "sbatch", f"--partition={node.name}", f"--chdir={folder}", "--wrap=setsid sleep 600 & sleep 600"
            )
        until(lambda: all(str(cluster.processes(node.name)).count("'sleep 600'") == 2 for node in NODES))
        started = [process for process in psutil.Process().children(recursive=True) if process not in before]
        assert sum(process.name() == "sleep" for process in started) == 2 * len(NODES)
        assert listening(started) == 1 + len(NODES)
        assert is_linked(cluster.folder)
    assert alive(started) == []
    assert listening(started) == 0
    assert not is_linked(cluster.folder)
    cluster.stop()


def test_a_stopped_cluster_starts_again_with_its_jobs(folder: Path) -> None:
    cluster = Cluster(folder, NODES)
    with cluster:
        cluster.run("sbatch", "--hold", "--job-name=first", "--wrap=true")
    with cluster:
        assert [(job.name, job.state, job.node) for job in cluster.jobs()] == [("first", "PENDING", "")]


def test_a_second_cluster_waits_for_the_first(folder: Path) -> None:
    with Cluster(folder / "first", NODES) as first:
        with pytest.raises(TimeoutError, match="another cluster still runs"):
            Cluster(folder / "second", NODES).start(patience_seconds=0.0)
        assert first.jobs() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_by_hand_it_ends_when_interrupted(by_hand: subprocess.Popen[str], folder: Path, number: signal.Signals) -> None:
    started = psutil.Process(by_hand.pid).children(recursive=True)
    by_hand.send_signal(number)
    assert by_hand.wait(60) == 0
    assert alive(started) == []
    assert not is_linked(folder / "by_hand")


def test_what_a_killed_process_left_is_ended_by_the_next_cluster(by_hand: subprocess.Popen[str], folder: Path) -> None:
    orphans = psutil.Process(by_hand.pid).children(recursive=True)
    by_hand.kill()
    by_hand.wait()
    assert alive(orphans) == orphans
    with Cluster(folder / "next", NODES) as cluster:
        until(lambda: alive(orphans) == [])
        assert cluster.jobs() == []


def test_a_daemon_that_does_not_start_is_named_with_what_it_says(folder: Path) -> None:
    with pytest.raises(RuntimeError, match=r"(?s)controller ended with status 1:\n.*Parse error in file .* feature"):
        Cluster(folder, [Node("env-a", features=("no feature",))]).start()
    assert not is_linked(folder)


def test_a_slurm_of_somebody_else_is_left_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = folder / "slurm.conf"
    theirs.write_text("ClusterName=theirs\n")
    monkeypatch.setattr(slurm, "SYSTEM_CONFIGURATION", theirs)
    assert slurm.unavailable() == f"this machine has a Slurm of its own: {theirs}"
    with pytest.raises(FileExistsError):
        Cluster(folder / "cluster", NODES).start()
    assert theirs.read_text() == "ClusterName=theirs\n"


@pytest.mark.parametrize("name", ["with space", "x" * 80])
def test_a_folder_that_slurm_cannot_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a plain path of at most 70 characters"):
        Cluster(Path("/tmp") / name, NODES)
