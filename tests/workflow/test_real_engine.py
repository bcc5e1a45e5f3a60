"""A tiny study with ONNX Runtime, killed in the middle of measuring and started again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from built_once import built_once
from clones import Clone, copy_tree
from study_folder import StudyFolder

from perftransfer.debug import open_study
from perftransfer.measuring import journal

pytestmark = pytest.mark.workflow
STUDY = """\
study: tiny
environments: config/tiny.tsv
measuring:
  {configurations: 13, repeats: 2, warmup_runs: 1, warmup_seconds: 0, runs: 3, seconds: 0.02, retries: 0}
learning: {learners: [RT]}
evaluation: {targets_per_job: 2, budgets: [3, 6], repeats: 2, strategies: [RS, LMS]}
search: {methods: []}
# That show what is known of measurements alone.
figures: [noise]
tables: [environments]
"""
SHEET = """\
environment\thardware\temulated\tcores\tengine\tnetwork\tspace\tbatch\timage_px
mobilenetv2-64px-1core\tthis machine\tyes\t1\tonnxruntime\tmobilenetv2\tonnxruntime\t1\t64
mobilenetv2-96px-1core\tthis machine\tyes\t1\tonnxruntime\tmobilenetv2\tonnxruntime\t1\t96
"""
ENVIRONMENTS = ("mobilenetv2-64px-1core", "mobilenetv2-96px-1core")


def measurements(clone: Clone) -> list[journal.Measurement]:
    folder = clone.path / "results/tiny/journal"
    records = [record for path in sorted(folder.glob("*.jsonl")) for record in journal.read(path)]
    return [record for record in records if record["record"] == "measurement"]


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone in which the study was killed, then run to its end; ``killed.json`` tells what was measured before."""
    return Clone(built_once(tmp_path_factory, "killed_and_resumed", kill_and_resume))


def kill_and_resume(path: Path) -> None:
    clone = copy_tree(path)
    clone.write("config/tiny.yaml", STUDY)
    clone.write("config/tiny.tsv", SHEET)
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile", "config/tiny.yaml"]
    log = clone.path / "killed.log"
    with log.open("w") as out:
        run = subprocess.Popen(command, cwd=clone.path, env=clone.environment(), stdout=out, stderr=out)
    deadline = time.monotonic() + 120
    while len(measurements(clone)) < 7:
        assert run.poll() is None and time.monotonic() < deadline, log.read_text()[-3000:]
        time.sleep(0.05)
    # Snakemake alone: its job is left running, as after a kill by hand.
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    unlock = subprocess.run(
        [sys.executable, "-m", "perftransfer.orphaned_jobs"],
        cwd=clone.path,
        env=clone.environment(PYTHONPATH="workflow"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert unlock.returncode == 0, unlock.stdout + unlock.stderr
    assert "No measurement is lost" in unlock.stdout
    clone.write("killed.json", json.dumps([journal.key(record) for record in measurements(clone)]))
    done = clone.snakemake("--configfile", "config/tiny.yaml")
    assert done.returncode == 0, done.stderr[-3000:]
    clone.write("resumed.log", done.stderr)


def test_a_killed_run_goes_on_where_it_stopped(clone):
    before = {tuple(key) for key in json.loads((clone.path / "killed.json").read_text())}
    keys = [tuple(journal.key(record)) for record in measurements(clone)]
    assert len(keys) == len(set(keys)) == 2 * 13 * 2
    assert len(before) >= 7
    assert before <= set(keys)
    # Progress tells what was there before, and what is left.
    assert f"{len(before)} of them from before" in (clone.path / "resumed.log").read_text() or len(before) >= 26


def test_a_network_that_is_built_again_hides_nothing_that_depends_on_it(clone: Clone, tmp_path: Path) -> None:
    """As after a kill, which leaves the mark of an unfinished file, so that Snakemake builds the network again."""
    folder = StudyFolder(clone.path, "config/tiny.yaml").linked(tmp_path / "study")
    for name in ("report.html", "dataset.parquet"):
        (folder.path / "results/tiny" / name).unlink()
    with open_study(folder.path, folder.configfile, forcerun=["network"]) as jobs:
        rules = Counter(job.rule for job in jobs.pending())
    assert rules["network"] == 2
    assert rules["benchmark"] == 2
    assert rules["merge"] == rules["report"] == 1


def test_real_latencies_are_positive_and_every_inference_is_kept(clone):
    here = clone.path / "results/tiny"
    for name in ENVIRONMENTS:
        table = pd.read_parquet(here / f"measurements/{name}.parquet")
        assert (table["status"] == "ok").all()
        assert len(table) == 26
        assert (table["latency_ms"] > 0).all()
        assert (table["latency_ms_n"] >= 3).all()
        assert (table["latency_ms_p10"] <= table["latency_ms"]).all()
        assert table["latency_ms_p99"].ge(table["latency_ms_p90"]).all()
        samples = pd.read_parquet(here / f"samples/{name}.parquet")
        assert len(samples) == table["latency_ms_n"].sum()
        medians = samples.groupby(["configuration_id", "repeat"])["latency_ms"].median()
        expected = table.set_index(["configuration_id", "repeat"])["latency_ms"]
        pd.testing.assert_series_equal(medians.sort_index(), expected.sort_index(), check_names=False)


def test_the_pool_holds_the_default_and_its_one_at_a_time_changes(clone):
    table = pd.read_parquet(clone.path / "results/tiny/configurations/onnxruntime.parquet")
    default = table.iloc[0]
    options = [column for column in table if column not in ("configuration_id", "inter_op_threads")]
    changes = (table[options] != default[options]).sum(axis=1)
    assert changes.iloc[0] == 0
    assert (changes == 1).sum() >= 11


def test_the_report_says_how_it_was_measured_and_on_what(clone):
    page = (clone.path / "results/tiny/report.html").read_text()
    assert "emulated" in page
    assert "onnxruntime" in page
    # As it lies on disk, without this machine's paths.
    assert str(Path(clone.path)) not in page
