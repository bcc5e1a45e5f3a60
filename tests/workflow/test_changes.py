"""What changed runs, nothing else."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
import simulated_study
from conftest import Clone, copy_tree

pytestmark = pytest.mark.workflow
STUDY = ("--configfile", "config/toy.yaml")
PACKAGE = Path("workflow/perftransfer")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    clone = copy_tree(tmp_path_factory.mktemp("toy"))
    simulated_study.write_into(clone)
    done = clone.snakemake(*STUDY)
    assert done.returncode == 0, done.stderr[-3000:]
    return clone


def would_run(clone: Clone, *arguments: str) -> Counter[str]:
    """Rules that a run would start now, and how often."""
    done = clone.snakemake("--dry-run", "--quiet", "reason", *STUDY, *arguments)
    assert done.returncode == 0, done.stderr[-3000:]
    rows = re.findall(r"^(\w+) +(\d+)$", done.stdout + done.stderr, flags=re.MULTILINE)
    return Counter({rule: int(n) for rule, n in rows if rule not in ("total", "all")})


def edited(clone: Clone, file: str, old: str, new: str) -> str:
    """Edit a file of the package, and return what it was."""
    path = clone.path / PACKAGE / file
    before = path.read_text()
    assert old in before
    path.write_text(before.replace(old, new))
    return before


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        (
            "strategies/lms.py",
            "LinearRegression()",
            "LinearRegression(positive=True)",
            {"evaluate": 2, "collect_cells": 1, "figure": 1, "table": 2, "report": 1},
        ),
        ("figures/influence.py", 'TITLE = "', 'TITLE = "New: ', {"figure": 1, "report": 1}),
    ],
)
def test_an_edit_of_the_package_runs_what_uses_it(clone, file, old, new, expected):
    before = edited(clone, file, old, new)
    try:
        assert would_run(clone) == expected
    finally:
        (clone.path / PACKAGE / file).write_text(before)


def test_what_the_study_does_not_use_and_how_it_is_measured_run_nothing_again(clone):
    edits = [
        ("strategies/lms.py", "import annotations\n", "import annotations\n# Only a comment.\n"),
        ("strategies/nlms.py", "rf.forest(16", "rf.forest(17"),
        ("measuring/protocol.py", "gc.collect()", "gc.collect(1)"),
        ("measuring/bench.py", "if attempt else seed)", "if attempt else seed + 1)"),
        ("measuring/engines/simulated.py", "0.03 *", "0.05 *"),
    ]
    before = {file: edited(clone, file, old, new) for file, old, new in edits}
    try:
        assert would_run(clone) == {}
    finally:
        for file, text in before.items():
            (clone.path / PACKAGE / file).write_text(text)


def test_a_new_strategy_in_the_study_runs_alone(clone):
    study = clone.path / "config/toy.yaml"
    before = study.read_text()
    study.write_text(before.replace("[RS, LMS]", "[RS, LMS, DM]"))
    try:
        again = {"evaluate": 2, "collect_cells": 1, "figure": 1, "table": 2, "report": 1, "study": 1}
        assert would_run(clone) == again
    finally:
        study.write_text(before)


def test_a_limit_of_sources_runs_the_evaluation_alone(clone):
    study = clone.path / "config/toy.yaml"
    before = study.read_text()
    study.write_text(before.replace("strategies: [RS, LMS]", "strategies: [RS, LMS], sources_per_target: 1"))
    try:
        again = {"evaluate": 4, "collect_cells": 1, "figure": 1, "table": 2, "report": 1, "study": 1}
        assert would_run(clone) == again
    finally:
        study.write_text(before)


def test_a_strategy_is_added_by_one_file_and_one_line_of_the_study(clone):
    """The file's name in capitals is the strategy's name; there is no list to edit."""
    file = clone.write(
        str(PACKAGE / "strategies/mean.py"),
        '"""MEAN: the mean of the sample."""\n\n'
        "import numpy as np\n\n"
        "from perftransfer.designs.random import Random\n"
        "from perftransfer.strategies.interface import Strategy\n\n\n"
        "class MEAN(Strategy):\n"
        '    """The mean of the sample, for every configuration."""\n\n'
        '    title = "mean"\n    design = Random\n    needs_source = False\n    fits_learner_on = "target"\n\n'
        "    def fit(self, X, y, source=None):\n        self.mean_ = y.mean()\n        return self\n\n"
        "    def predict(self, X, source=None):\n        return np.full(len(X), self.mean_)\n",
    )
    study = clone.path / "config/toy.yaml"
    before = study.read_text()
    study.write_text(before.replace("[RS, LMS]", "[RS, LMS, MEAN]"))
    try:
        done = clone.snakemake("results/toy/transfer/MEAN/1.parquet", *STUDY)
        assert done.returncode == 0, done.stderr[-3000:]
    finally:
        study.write_text(before)
        file.unlink()


def test_more_repeats_and_configurations_add_to_what_was_measured(tmp_path):
    clone = copy_tree(tmp_path)
    simulated_study.write_into(clone)
    target = "results/toy/measurements/simulated-small.parquet"
    assert clone.snakemake(target, *STUDY).returncode == 0
    journal = clone.path / "results/toy/journal/simulated-small.jsonl"
    before = journal.read_bytes()
    clone.write("config/toy.yaml", simulated_study.STUDY.replace("24, repeats: 2", "30, repeats: 3"))
    assert clone.snakemake(target, *STUDY).returncode == 0
    after = journal.read_bytes()
    assert after.startswith(before)
    measurements = after.count(b'"record":"measurement"')
    assert before.count(b'"record":"measurement"') == 48
    assert measurements == 90


def test_simulated_numbers_are_marked_in_every_table_and_in_the_report(clone):
    import pandas as pd

    here = clone.path / "results/toy"
    for path in here.rglob("*.parquet"):
        frame = pd.read_parquet(path)
        for column in {"environment", "source", "target"} & {*frame.columns}:
            assert frame[column].dropna().str.startswith("simulated").all(), path
    page = (here / "report.html").read_text()
    assert "not measured: simulated" in page
