"""What a user meets on the command line when something is not right."""

from __future__ import annotations

import os
import re
import subprocess

import pytest
import simulated_study
from snakemake.exceptions import WorkflowError

pytestmark = pytest.mark.workflow


def message(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    return said


def test_a_misspelt_strategy_is_one_clear_message_before_anything_runs(clone):
    simulated_study.write_into(clone, simulated_study.STUDY.replace("LMS]", "LSM]"))
    said = message(clone.snakemake("--configfile", "config/toy.yaml"))
    assert "config/toy.yaml: evaluation.strategies[1]: unknown strategy 'LSM'" in said
    assert "Did you mean 'LMS'?" in said
    assert not (clone.path / "results").exists()


def test_keys_on_the_command_line_change_the_default_study(clone):
    done = clone.snakemake("--dry-run", "--config", "study=mine", "measuring={'configurations': 33, \"repeats\": 1}")
    assert done.returncode == 0, done.stderr[-2000:]
    assert "results/mine/measurements/mobilenetv2-128px-1core.parquet" in done.stdout + done.stderr
    assert re.search(r"mobilenetv2-128px-1core: up to 33 measurements to make; \d+ s or more", done.stderr)


def test_a_misspelt_key_on_the_command_line_is_named(folder):
    folder.configfile = None
    with pytest.raises(WorkflowError, match=r"config/config\.yaml: unknown key 'sede'"):
        folder.would_run(config={"sede": 3})


def test_the_default_study_does_not_shine_through_another(folder):
    simulated_study.write_into(folder, "study: toy\n")
    with pytest.raises(WorkflowError, match=r"config/toy\.yaml: no environment"):
        folder.would_run()


def test_a_published_table_that_is_nowhere_is_named(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("DATASETS", str(tmp_path / "nowhere"))
    folder.configfile = "config/smoke.yaml"
    with pytest.raises(WorkflowError, match=r"DATASETS is set to .*which is not a folder"):
        folder.would_run("results/smoke/imported/tx2-xception-200px.parquet")


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system cannot bind a process to a CPU")
def test_on_one_core_the_default_study_is_still_a_study(folder, capsys):
    folder.configfile = None
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        would_run = folder.would_run()
    finally:
        os.sched_setaffinity(0, before)
    said = capsys.readouterr().err
    assert "1 core can be used on this machine: the environment mobilenetv2-128px-1core would be" in said
    assert would_run["benchmark"] > 1
