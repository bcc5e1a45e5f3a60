"""A job of the evaluation computes with the threads it was given, and goes on where it was killed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import simulated_study
from clones import Clone, copy_tree
from study_folder import StudyFolder

pytestmark = pytest.mark.workflow
STRATEGY = '''\
"""WITNESS: the mean of the sample; says with how many threads it could compute, and is killed once."""

import os
import signal
from pathlib import Path

import numpy as np
import sklearn.ensemble
import threadpoolctl
import xgboost

from perftransfer.designs.random import Random
from perftransfer.strategies.interface import Strategy

FITS, SPARED = Path("fits.txt"), Path("spared.txt")


class WITNESS(Strategy):
    """The mean of the sample, for every configuration."""

    title = "witness"
    design = Random
    needs_source = False
    fits_learner_on = "none"

    def fit(self, X, y, source=None):
        pools = {(pool["user_api"], pool["num_threads"]) for pool in threadpoolctl.threadpool_info()}
        with FITS.open("a") as file:
            print(*sorted(pools), file=file)
        if not SPARED.exists() and len(FITS.read_text().splitlines()) == 6:
            os.kill(os.getpid(), signal.SIGKILL)
        self.mean_ = y.mean()
        return self

    def predict(self, X, source=None):
        return np.full(len(X), self.mean_)
'''
# Four fits per target; the second target of the job is under way when it is killed.
EVALUATION = "{budgets: [5, 10], repeats: 2, interval_folds: 0, strategies: [WITNESS], targets_per_job: 2}\n"


def test_a_job_keeps_to_its_threads_and_a_killed_one_goes_on_with_the_same_result(
    finished_study: StudyFolder, tmp_path: Path
) -> None:
    """The strategy is added by its file and a line of the study, too: there is no list to edit."""
    clone = copy_tree(tmp_path / "clone")
    simulated_study.write_into(clone, simulated_study.STUDY.partition("evaluation:")[0] + "evaluation: " + EVALUATION)
    for folder in ("results", ".snakemake"):
        shutil.copytree(finished_study.path / folder, clone.path / folder)
    clone.write("workflow/perftransfer/strategies/witness.py", STRATEGY)
    arguments = ("results/toy/transfer/WITNESS/1.parquet", "--configfile", "config/toy.yaml")
    transfer, fits = clone.path / "results/toy/transfer/WITNESS", clone.path / "fits.txt"

    assert clone.snakemake(*arguments).returncode != 0
    assert len(fits.read_text().splitlines()) == 6
    assert not transfer.exists() or list(transfer.iterdir()) == []

    clone.write("spared.txt", "")
    done = clone.snakemake(*arguments)
    assert done.returncode == 0, done.stderr[-3000:]
    assert len(fits.read_text().splitlines()) == 6 + 4
    assert set(fits.read_text().splitlines()) == {"('blas', 1) ('openmp', 1)"}
    assert [path.name for path in transfer.iterdir()] == ["1.parquet"]

    resumed = (transfer / "1.parquet").read_bytes()
    # Cells are kept; without them all are evaluated again, to the same bytes.
    for n_fits in (10, 10 + 8):
        assert debug(clone, "evaluate", "strategy=WITNESS", "batch=1").returncode == 0
        assert (transfer / "1.parquet").read_bytes() == resumed
        assert len(fits.read_text().splitlines()) == n_fits
        shutil.rmtree(clone.path / "results/toy/cells/WITNESS")


def debug(clone: Clone, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one job whether Snakemake would run it or not."""
    return subprocess.run(
        [sys.executable, "-m", "perftransfer.debug", *arguments, "--configfile", "config/toy.yaml"],
        cwd=clone.path,
        env=clone.environment(PYTHONPATH="workflow"),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
