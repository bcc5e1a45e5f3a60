"""What changed runs, nothing else."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import simulated_study
from clones import copy_tree
from study_folder import StudyFolder

from perftransfer import code_digest

pytestmark = pytest.mark.workflow
PACKAGE = Path("workflow/perftransfer")
#: A new evaluation of two jobs, and all that is made of it.
AFTER_EVALUATION = {"collect_cells": 1, "figure": 1, "table": 2, "report": 1}
CODE, COMMENT = "\nEDITED = True\n", "\n# Only a comment.\n"

Edit = Callable[[str, str], None]


@pytest.fixture
def edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Edit:
    """Have the digests see a module of the package with other code, as if its file had been edited."""
    find = code_digest._source

    def edit(module: str, added: str) -> None:
        edited = tmp_path / f"{module}.py"
        edited.write_text(find(f"perftransfer.{module}").read_text() + added)
        others = code_digest._source
        monkeypatch.setattr(
            code_digest, "_source", lambda name: edited if name == f"perftransfer.{module}" else others(name)
        )

    return edit


def test_nothing_is_to_be_done_after_a_run(finished_study: StudyFolder) -> None:
    assert finished_study.would_run() == {}


def test_an_edit_of_a_strategy_runs_what_uses_it(finished_study: StudyFolder, edit: Edit) -> None:
    edit("strategies.lms", CODE)
    assert finished_study.would_run() == {"evaluate": 2, **AFTER_EVALUATION}


@pytest.mark.parametrize(("module", "rule"), [("figures.influence", "figure"), ("tables.errors", "table")])
def test_an_edit_of_a_figure_or_table_runs_what_uses_it(
    finished_study: StudyFolder, edit: Edit, module: str, rule: str
) -> None:
    edit(module, CODE)
    assert finished_study.would_run() == {rule: 1, "report": 1}


def test_what_the_study_does_not_use_and_how_it_is_measured_run_nothing_again(
    finished_study: StudyFolder, edit: Edit
) -> None:
    edit("strategies.lms", COMMENT)
    for module in ("strategies.nlms", "measuring.protocol", "measuring.bench", "measuring.engines.simulated"):
        edit(module, CODE)
    assert finished_study.would_run() == {}


@pytest.mark.parametrize(
    ("new", "evaluated"),
    [
        # A strategy more: it runs alone.
        ("strategies: [RS, LMS, DM]", {"evaluate": 2}),
        # Searches have these sources, too.
        ("strategies: [RS, LMS], sources_per_target: 1", {"evaluate": 4, "search": 8, "collect_searches": 1}),
    ],
)
def test_a_change_of_the_evaluation_runs_the_evaluation_alone(
    finished: StudyFolder, new: str, evaluated: dict[str, int]
) -> None:
    simulated_study.write_into(finished, simulated_study.STUDY.replace("strategies: [RS, LMS]", new))
    assert finished.would_run() == {**evaluated, "study": 1, **AFTER_EVALUATION}


def test_more_repeats_and_configurations_add_to_what_was_measured(finished: StudyFolder) -> None:
    journal = finished.path / "results/toy/journal/simulated-small.jsonl"
    before = journal.read_bytes()
    finished.write("config/toy.yaml", simulated_study.STUDY.replace("24, repeats: 2", "30, repeats: 3"))
    finished.run("results/toy/measurements/simulated-small.parquet")
    after = journal.read_bytes()
    assert after.startswith(before)
    measurements = after.count(b'"record":"measurement"')
    assert before.count(b'"record":"measurement"') == 48
    assert measurements == 90


def test_snakemake_itself_runs_what_an_edited_file_touches(finished_study: StudyFolder, tmp_path: Path) -> None:
    """One edit in a clone; what the other tests of this file say of edits, they say without starting Snakemake."""
    clone = copy_tree(tmp_path / "clone")
    simulated_study.write_into(clone)
    for folder in ("results", ".snakemake"):
        shutil.copytree(finished_study.path / folder, clone.path / folder)
    with (clone.path / PACKAGE / "strategies/lms.py").open("a") as file:
        file.write(CODE)
    done = clone.snakemake("--dry-run", "--quiet", "reason", "--configfile", "config/toy.yaml")
    assert done.returncode == 0, done.stderr[-3000:]
    rows = re.findall(r"^(\w+) +(\d+)$", done.stdout + done.stderr, flags=re.MULTILINE)
    would_run = Counter({rule: int(n) for rule, n in rows if rule not in ("total", "all")})
    assert would_run == {"evaluate": 2, **AFTER_EVALUATION}


def test_simulated_numbers_are_marked_in_every_table_and_in_the_report(finished_study: StudyFolder) -> None:
    here = finished_study.path / "results/toy"
    for path in here.rglob("*.parquet"):
        frame = pd.read_parquet(path)
        for column in {"environment", "source", "target"} & {*frame.columns}:
            assert frame[column].dropna().str.startswith("simulated").all(), path
    page = (here / "report.html").read_text()
    assert "not measured: simulated" in page
