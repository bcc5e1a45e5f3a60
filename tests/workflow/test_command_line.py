"""What a user meets on the command line when something is not right."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import simulated_study

pytestmark = pytest.mark.workflow


def message(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    return said


def test_a_misspelt_strategy_is_one_clear_message_before_anything_runs(clone):
    simulated_study.write_into(clone, simulated_study.STUDY.replace("LMS]", "LSM]"))
    said = message(clone.snakemake("--configfile", "config/toy.yaml"))
    assert "config/toy.yaml: evaluation.strategies[1]: no strategy 'LSM'" in said
    assert "did you mean 'LMS'?" in said
    assert not (clone.path / "results").exists()


def test_a_key_on_the_command_line_changes_the_default_study_or_the_one_given(clone, datasets):
    done = clone.snakemake("--dry-run", "--config", "study=mine")
    assert done.returncode == 0, done.stderr[-2000:]
    assert "results/mine/measurements/mobilenetv2-128px-1core.parquet" in done.stdout + done.stderr
    assert "mobilenetv2-128px-1core: up to 80 measurements to make; 24 s or more" in done.stderr
    changed = clone.snakemake("--dry-run", "--config", "measuring={'configurations': 33, \"repeats\": 1}")
    assert changed.returncode == 0, changed.stderr[-2000:]
    said = message(clone.snakemake("--dry-run", "--config", "sede=3"))
    assert "config/config.yaml: no key 'sede'" in said


def test_the_default_study_does_not_shine_through_another(clone):
    simulated_study.write_into(clone, "study: toy\n")
    said = message(clone.snakemake("--dry-run", "--configfile", "config/toy.yaml"))
    assert "config/toy.yaml: no environment" in said


def test_a_published_table_that_is_nowhere_is_named(clone):
    done = clone.snakemake(
        "results/smoke/imported/tx2-xception-200px.parquet",
        "--configfile",
        "config/smoke.yaml",
        DATASETS=str(clone.path / "nowhere"),
    )
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "DATASETS names" in said and "there is no such folder" in said
    assert "Traceback (most recent" not in said


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system cannot bind a process to a CPU")
def test_on_one_core_the_default_study_is_still_a_study(clone):
    cpu = min(os.sched_getaffinity(0))
    bind = f"import os,sys,runpy; os.sched_setaffinity(0,[{cpu}]); sys.argv=['snakemake',*sys.argv[1:]]; "
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            bind + "runpy.run_module('snakemake', run_name='__main__')",
            "--dry-run",
            "--cores",
            "1",
        ],
        cwd=clone.path,
        env=clone.environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-2000:]
    assert "This machine lets us use 1 core: the environment mobilenetv2-128px-1core would be" in said
    assert "results/default/measurements/mobilenetv2-256px-1core.parquet" in said
