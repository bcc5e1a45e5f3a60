"""Checks the command that runs one rule's script in this process."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import simulated_study
from study_folder import StudyFolder

from perftransfer import debug

pytestmark = pytest.mark.workflow
STUDY = ["--configfile", "config/toy.yaml"]


@pytest.fixture
def toy(finished: StudyFolder, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(finished.path)
    return finished.path / "results/toy"


def test_a_rule_runs_here_and_writes_what_snakemake_would_have_written(
    toy: Path, finished: StudyFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = toy / "transfer/LMS/1.parquet"
    before = cells.read_bytes()
    cells.unlink()
    here, path, variables = Path.cwd(), list(sys.path), dict(os.environ)
    assert debug.main(["evaluate", "strategy=LMS", "batch=1", *STUDY]) == 0
    assert "results/toy/transfer/LMS/1.parquet" in capsys.readouterr().out
    assert cells.read_bytes() == before
    # What else depends on it is newer than what it was made of.
    assert finished.would_run("results/toy/transfer/LMS/1.parquet") == {}
    assert (Path.cwd(), sys.path, dict(os.environ)) == (here, path, variables)


def test_missing_input_is_named_with_the_command_that_makes_it(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (toy / "models/predictions.parquet").unlink()
    assert debug.main(["evaluate", "strategy=LMS", "batch=1", *STUDY]) == 2
    said = capsys.readouterr().err
    assert "snakemake results/toy/models/predictions.parquet --cores all --configfile config/toy.yaml" in said


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["evalute", "batch=1"], "evaluate"),
        (["evaluate", "batch=1"], "batch=... strategy=..."),
        (["evaluate", "LMS"], "WILDCARD=VALUE"),
        (["evaluate", "strategy=LMS", "batch=1", "--configfile", "config/toy.yml"], "config/toy.yml"),
    ],
)
def test_what_cannot_be_started_is_one_message(
    toy: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], expected: str
) -> None:
    assert debug.main([*STUDY, *arguments]) == 2
    said = capsys.readouterr().err
    assert expected in said
    assert "Traceback" not in said


def test_an_exception_of_a_script_comes_with_its_traceback_and_starts_the_debugger(
    toy: Path, finished: StudyFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stopped_in = []
    monkeypatch.setattr("pdb.post_mortem", lambda trace: stopped_in.append(trace))
    # What it was stays in the study that this one is linked to.
    (toy / "dataset.parquet").unlink()
    (toy / "dataset.parquet").write_bytes(b"no table")
    assert debug.main(["train", "environment=simulated-small", *STUDY, "--pdb"]) == 1
    assert "scripts/train.py" in capsys.readouterr().err
    assert len(stopped_in) == 1
    # Until it is finished, its output counts as incomplete: Snakemake makes it again.
    assert finished.would_run()["train"] == 2


def test_jobs_come_after_those_that_they_need(folder: StudyFolder) -> None:
    simulated_study.write_into(folder)
    with debug.open_study(folder.path, folder.configfile) as jobs:
        pending = jobs.pending()
    made: set[Path] = set()
    everything = {path for job in pending for path in job.output}
    for job in pending:
        assert {path for path in job.input if path in everything} <= made, job.rule
        made.update(job.output)
    assert Path("results/toy/report.html") in made
