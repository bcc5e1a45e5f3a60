"""The workflow on a real Slurm: each environment on its own node, and all that can go wrong meanwhile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from clones import Clone, copy_tree

from cluster.slurm import Cluster
from perftransfer.debug import open_study
from perftransfer.measuring import journal, networks

pytestmark = pytest.mark.cluster

ENVIRONMENTS = ("a", "b", "c")
SPACE = """\
options:
  intra_op_threads: {levels: [1, 2], ordered: true}
  graph_optimization_level: {levels: [disabled, basic, all], ordered: true, default: all}
  memory_arena: {levels: [true, false]}
"""
HEADER = "environment\thardware\temulated\tcores\tengine\tnetwork\tspace\tbatch\timage_px\n"
STUDY = """\
study: nodes
environments: config/nodes.tsv
measuring: {{configurations: 10, repeats: 1, retries: 0, runs: 3, seconds: {seconds}, warmup_seconds: 0,
            max_warmup_seconds: 0, max_seconds: {seconds}}}
learning: {{learners: [RT]}}
evaluation: {{budgets: [5], repeats: 1, strategies: [RS, LMS], targets_per_job: 3}}
search: {{methods: []}}
figures: [influence]
tables: [environments]
hardware: {hardware}
"""
RESULTS = Path("results/nodes")
WITH = {
    "cluster-generic": ["--workflow-profile", "slurm-without-accounting"],
    # It waits for ever for an accounting that is off.
    "slurm": ["--workflow-profile", "slurm", "--slurm-status-command", "squeue",
              "--slurm-init-seconds-before-status-checks", "2"],
}  # fmt: skip


class Nodes(Clone):
    """A clone whose study measures three environments, each on the node of its letter."""

    cluster: Cluster

    def study(self, *, seconds: float = 0.0, **hardware: dict[str, object]) -> None:
        """Write the study; each measurement takes so many seconds. hardware: of environments that are elsewhere."""
        found = {name: {"cluster": {"partition": f"env-{name}", "memory_mib": 1000}} for name in ENVIRONMENTS}
        self.write("config/nodes.yaml", STUDY.format(seconds=seconds, hardware=json.dumps(found | hardware)))

    def sample(self) -> None:
        """Choose the configurations here: what is measured of them is what most tests are about."""
        with open_study(
            self.path, "config/nodes.yaml", targets=[str(RESULTS / "configurations/small.parquet")]
        ) as jobs:
            for job in jobs.pending():
                jobs.run(job)

    def command(self, executor: str, *targets: str) -> list[str]:
        """Snakemake with that executor, in a hurry."""
        return [sys.executable, "-m", "snakemake", *targets, *WITH[executor], "--configfile", "config/nodes.yaml",
                "--seconds-between-status-checks", "1", "--latency-wait", "5"]  # fmt: skip

    def run(self, executor: str, *targets: str, retries: int = 0) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        return subprocess.run(
            [*self.command(executor, *targets), "--retries", str(retries)], cwd=self.path, env=self.variables,
            capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip

    @property
    def variables(self) -> dict[str, str]:
        """Variables of the shell that it is run from."""
        return self.environment(**self.cluster.environment)

    def measured(self, environment: str) -> Counter[tuple[str, str]]:
        """How often each configuration stands in a journal, by what became of it."""
        records = journal.read(self.path / RESULTS / "journal" / f"{environment}.jsonl")
        return Counter((r["configuration_id"], r["status"]) for r in records if r["record"] == "measurement")

    def log(self, environment: str) -> str:
        """Log of the job that measures an environment."""
        return (self.path / RESULTS / f"logs/benchmark/{environment}.log").read_text()


@pytest.fixture
def nodes(cluster: Cluster, tmp_path: Path) -> Nodes:
    found = Nodes(copy_tree(tmp_path / "clone").path)
    found.cluster = cluster
    found.write("config/spaces/small.yaml", SPACE)
    networks.write("squeezenet", "fp32", found.path / "net.onnx", seed=1)
    rows = (f"{name}\t{name}\tno\t1\tonnxruntime\tnet.onnx\tsmall\t1\t64\n" for name in ENVIRONMENTS)
    found.write("config/nodes.tsv", HEADER + "".join(rows))
    return found


@pytest.fixture
def start(nodes: Nodes) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start a run that a test disturbs."""
    started: list[subprocess.Popen[bytes]] = []

    def start(executor: str, *targets: str, retries: int = 0) -> subprocess.Popen[bytes]:
        with (nodes.path / "driver.log").open("ab") as log:
            process = subprocess.Popen(
                [*nodes.command(executor, *targets), "--retries", str(retries)],
                cwd=nodes.path, env=nodes.variables, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for job in nodes.cluster.jobs():
        if job.state in ("RUNNING", "PENDING"):
            nodes.cluster.run("scancel", job.id)


def until(condition: Callable[[], object], seconds: float = 240.0) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "it did not come to that"
        time.sleep(0.1)


def active(cluster: Cluster) -> list[str]:
    """Jobs that are not over."""
    return [f"{job.id} {job.state}" for job in cluster.jobs() if job.state in ("RUNNING", "PENDING", "COMPLETING")]


def left(cluster: Cluster) -> list[str]:
    """Processes that jobs left on any node."""
    return [process.command for node in cluster.nodes for process in cluster.processes(node.name)]


def measurements(*names: str) -> list[str]:
    return [str(RESULTS / f"measurements/{name}.parquet") for name in names or ENVIRONMENTS]


def test_three_environments_on_three_nodes_in_one_run_from_sheet_to_report(nodes: Nodes) -> None:
    nodes.study()
    before = {job.id for job in nodes.cluster.jobs()}
    done = nodes.run("cluster-generic")
    assert done.returncode == 0, done.stderr[-3000:]
    jobs = [job for job in nodes.cluster.jobs() if job.id not in before]
    measuring = {job.comment: job for job in jobs if job.comment.startswith("benchmark")}
    assert {job.node for job in measuring.values()} == {"env-a", "env-b", "env-c"}
    assert all(job.exclusive for job in measuring.values())
    others = [job for job in jobs if job.id not in {found.id for found in measuring.values()}]
    assert others
    assert not any(job.exclusive for job in others)
    processors = {}
    for name in ENVIRONMENTS:
        assert len(nodes.measured(name)) == 10
        (host,) = [r for r in journal.read(nodes.path / RESULTS / f"journal/{name}.jsonl") if r["record"] == "host"]
        assert host["node"] == f"env-{name}"
        processors[name] = host["processor"]
    assert len(set(processors.values())) == 3
    dataset = pd.read_parquet(nodes.path / RESULTS / "dataset.parquet")
    assert dataset.groupby("environment")["latency_ms"].count().to_dict() == dict.fromkeys(ENVIRONMENTS, 10)
    assert (nodes.path / RESULTS / "report.html").exists()


def test_the_slurm_executor_measures_each_environment_on_its_node(nodes: Nodes) -> None:
    nodes.study()
    nodes.sample()
    done = nodes.run("slurm", *measurements())
    assert done.returncode == 0, done.stderr[-3000:]
    on = {job.comment: (job.node, job.exclusive) for job in nodes.cluster.jobs()}
    for name in ENVIRONMENTS:
        assert on[f"rule_benchmark_wildcards_{name}"] == (f"env-{name}", True)


def test_a_job_on_the_wrong_machine_says_so_and_measures_nothing(nodes: Nodes) -> None:
    declared = {"cluster": {"partition": "env-b"}, "identity": {"processor": "no such processor"}}
    nodes.study(a=declared)
    nodes.sample()
    assert nodes.run("cluster-generic", *measurements("a")).returncode != 0
    assert "environment a: the machine env-b is not the hardware 'a': processor is" in nodes.log("a")
    assert not nodes.measured("a")
    assert not list((nodes.path / RESULTS).glob("journal/hardware/*"))
    # Not declared, but learnt.
    nodes.study()
    assert nodes.run("cluster-generic", *measurements("a")).returncode == 0
    first = nodes.measured("a")
    nodes.study(a={"cluster": {"partition": "env-c"}})
    assert nodes.run("cluster-generic", *measurements("a"), "--forcerun", "benchmark").returncode != 0
    assert "was first measured on env-a: processor is" in nodes.log("a")
    assert nodes.measured("a") == first


@pytest.mark.parametrize("executor", WITH)
def test_a_job_that_ends_badly_is_sent_again_and_goes_on(nodes: Nodes, start, executor: str) -> None:
    nodes.study(seconds=0.5)
    nodes.sample()
    driver = start(executor, *measurements("a"), retries=1)
    until(lambda: len(nodes.measured("a")) >= 3)
    (job,) = [job for job in nodes.cluster.jobs() if job.state == "RUNNING" and job.partition == "env-a"]
    nodes.cluster.run("scancel", job.id)
    assert driver.wait(240) == 0, (nodes.path / "driver.log").read_text()[-3000:]
    assert len(nodes.measured("a")) == 10
    assert set(nodes.measured("a").values()) == {1}


def test_after_the_loss_of_a_node_the_job_is_made_again_and_goes_on(nodes: Nodes, start) -> None:
    nodes.study(seconds=0.5)
    nodes.sample()
    driver = start("cluster-generic", *measurements("a"), retries=1)
    until(lambda: len(nodes.measured("a")) >= 3)
    nodes.cluster.switch_off("env-a")
    before = nodes.measured("a")
    # The controller asks a node that comes back for its jobs, but not for those that began a moment ago.
    time.sleep(25)
    nodes.cluster.switch_on("env-a")
    assert driver.wait(240) == 0, (nodes.path / "driver.log").read_text()[-3000:]
    assert before <= nodes.measured("a")
    assert len(nodes.measured("a")) == 10
    assert set(nodes.measured("a").values()) == {1}


@pytest.mark.parametrize("executor", WITH)
def test_an_interrupted_run_leaves_no_job_and_no_process(nodes: Nodes, start, executor: str) -> None:
    nodes.study(seconds=0.5)
    nodes.sample()
    driver = start(executor, *measurements())
    until(lambda: all(map(nodes.measured, ENVIRONMENTS)))
    os.killpg(driver.pid, signal.SIGINT)
    assert driver.wait(240) != 0
    until(lambda: not active(nodes.cluster))
    until(lambda: not left(nodes.cluster))


def test_an_outage_of_the_controller_is_waited_out(nodes: Nodes, start) -> None:
    nodes.study(seconds=0.2)
    nodes.sample()
    driver = start("cluster-generic", *measurements(), str(RESULTS / "dataset.parquet"))
    until(lambda: any(map(nodes.measured, ENVIRONMENTS)))
    nodes.cluster.stop_controller()
    time.sleep(40)
    assert driver.poll() is None
    nodes.cluster.start_controller()
    assert driver.wait(240) == 0, (nodes.path / "driver.log").read_text()[-3000:]
    for name in ENVIRONMENTS:
        assert len(nodes.measured(name)) == 10
        assert set(nodes.measured(name).values()) == {1}


@pytest.mark.parametrize("executor", WITH)
def test_after_a_kill_of_the_driver_nothing_is_lost_and_nothing_measured_twice(
    nodes: Nodes, start, executor: str
) -> None:
    nodes.study(seconds=0.5)
    nodes.sample()
    driver = start(executor, *measurements())
    until(lambda: all(len(nodes.measured(name)) >= 2 for name in ENVIRONMENTS))
    os.killpg(driver.pid, signal.SIGKILL)
    driver.wait()
    assert active(nodes.cluster)
    before = {name: nodes.measured(name) for name in ENVIRONMENTS}
    cleared = subprocess.run(
        [sys.executable, "-m", "perftransfer.orphaned_jobs"], cwd=nodes.path,
        env={**nodes.variables, "PYTHONPATH": "workflow"}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert cleared.returncode == 0, cleared.stdout + cleared.stderr
    assert "Cancelled its jobs on the cluster" in cleared.stdout
    assert not active(nodes.cluster)
    done = nodes.run(executor, *measurements())
    assert done.returncode == 0, done.stderr[-3000:]
    for name in ENVIRONMENTS:
        assert before[name] <= nodes.measured(name)
        assert len(nodes.measured(name)) == 10
        assert set(nodes.measured(name).values()) == {1}


def test_a_job_that_was_left_behind_has_its_journal_for_itself(nodes: Nodes, start) -> None:
    """Nobody cancelled it, and the new one comes meanwhile."""
    nodes.study(seconds=5.0, a={"cluster": {"exclusive": False}})
    nodes.sample()
    driver = start("cluster-generic", *measurements("a"))
    until(lambda: nodes.measured("a"))
    os.killpg(driver.pid, signal.SIGKILL)
    driver.wait()
    unlocked = subprocess.run(
        [sys.executable, "-m", "snakemake", "--unlock", "--configfile", "config/nodes.yaml"],
        cwd=nodes.path, env=nodes.variables, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert unlocked.returncode == 0, unlocked.stderr
    done = nodes.run("cluster-generic", *measurements("a"))
    assert done.returncode != 0
    assert "another process is measuring into this journal (its last writer was on env-" in nodes.log("a")
    assert set(nodes.measured("a").values()) == {1}
