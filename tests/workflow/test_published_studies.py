"""Studies of published measurements: any table by a mapping, from a folder, from the network, or not to be had."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import pytest
from loopback import serving
from snakemake.exceptions import WorkflowError
from study_folder import StudyFolder
from tests_root import ROOT

from perftransfer.dataset import tables

pytestmark = pytest.mark.workflow
# Each study's environments and configurations each, options, and their levels.
STUDIES = {"deeparch": (3, 4096, 12, 2), "fbnet": (3, 5000, 22, 9), "nb201": (3, 15625, 6, 5)}


@pytest.mark.parametrize("name", STUDIES)
def test_any_table_is_a_study_by_a_mapping(tmp_path, datasets, monkeypatch, name):
    folder = StudyFolder.create(tmp_path / "study", "config/mapped.yaml")
    folder.write("config/mapped.yaml", (ROOT / f"tests/studies/{name}.yaml").read_text())
    monkeypatch.setenv("DATASETS", str(datasets))
    folder.run()
    results = folder.path / "results" / name
    environments, _, options, levels = STUDIES[name]
    dataset, found = tables.read(results / "dataset.parquet"), tables.options(results / "dataset.parquet")
    assert dataset["environment"].nunique() == environments
    assert len(found) == options
    assert {len(option.levels) for option in found} == {levels}
    assert {option.ordered for option in found} == {name == "deeparch"}
    transfer = pd.read_parquet(results / "transfer.parquet")
    assert np.isfinite(transfer["mape"]).all()


STUDY = """\
study: mine
objectives: [latency_ms]
missing: {missing}
imports:
  mine:
    options: {{threads: {{ordered: true}}, mode: {{}}, spinning: {{}}}}
    objectives: {{latency_ms: {{column: ms}}}}
    environments:
{environments}
learning: {{learners: [RT]}}
evaluation: {{strategies: [RS, LMS], budgets: [5], repeats: 1}}
search: {{methods: []}}
figures: [influence]
tables: [options, environments]
"""
ENVIRONMENT = '      {name}: {{file: {name}.csv, address: "{address}", sha256: {sha256}, hardware: board}}\n'


def table(factor: float) -> bytes:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        [(t, m, s) for t in (1, 2, 4, 8) for m in "ab" for s in (0, 1)], columns=["threads", "mode", "spinning"]
    )
    frame["ms"] = factor * (10 / frame["threads"] + (frame["mode"] == "a")) * rng.lognormal(0, 0.05, len(frame))
    return frame.to_csv(index=False).encode()


FILES = {"one.csv": table(1), "two.csv": table(2)}


@pytest.fixture
def mine(tmp_path, monkeypatch) -> StudyFolder:
    """A folder for a study whose tables are not in any folder."""
    monkeypatch.setenv("DATASETS", "")
    return StudyFolder.create(tmp_path / "study", "config/mine.yaml")


def write_study(folder: StudyFolder, server, names: list[str], missing: str = "stop") -> None:
    """Write a study of these tables, of which the last may be none that is served."""
    environments = "".join(
        ENVIRONMENT.format(
            name=name, address=server.address(f"{name}.csv"),
            sha256=hashlib.sha256(FILES.get(f"{name}.csv", b"")).hexdigest(),
        )
        for name in names
    )  # fmt: skip
    folder.write("config/mine.yaml", STUDY.format(missing=missing, environments=environments))


def test_published_tables_are_fetched_once_and_what_is_missing_may_be_left_out(mine, capsys):
    with serving(FILES) as server:
        write_study(mine, server, ["one", "two", "three"])
        with pytest.raises(WorkflowError) as stopped:
            mine.run()
        said = str(stopped.value)
        assert "three.csv: not below the folder DATASETS" in said
        assert server.address("three.csv") in said
        assert "1 of 3 published environments are not available" in said
        assert "missing=leave_out" in said
        assert not (mine.path / "results/mine").exists()

        write_study(mine, server, ["one", "two", "three"], missing="leave_out")
        mine.run()
        assert "The environment three is left out" in capsys.readouterr().err
    page = (mine.path / "results/mine/report.html").read_text()
    assert "1 environment of this study is missing: three." in page
    dataset = pd.read_parquet(mine.path / "results/mine/dataset.parquet")
    assert set(dataset["environment"]) == {"one", "two"}
    assert (mine.path / "results/downloads/one.csv").read_bytes() == FILES["one.csv"]


def test_a_study_of_which_nothing_is_left_says_so(mine):
    with serving({}) as server:
        write_study(mine, server, ["three", "four"], missing="leave_out")
        with pytest.raises(WorkflowError, match="without those left out there is none"):
            mine.would_run()


def test_another_content_than_the_study_says_is_an_error_even_if_missing_tables_are_left_out(mine):
    with serving({**FILES, "two.csv": b"something else"}) as server:
        write_study(mine, server, ["one", "two"], missing="leave_out")
        with pytest.raises(WorkflowError) as stopped:
            mine.run()
    said = str(stopped.value)
    for content in (FILES["two.csv"], b"something else"):
        assert hashlib.sha256(content).hexdigest() in said
