"""Studies of published measurements: any table by a mapping, from a folder, from the network, or not to be had."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import pytest
from conftest import Clone
from loopback import serving
from tests_root import ROOT

from perftransfer.dataset import tables

pytestmark = pytest.mark.workflow
# Each study's environments and configurations each, options, and their levels.
STUDIES = {"deeparch": (3, 4096, 12, 2), "fbnet": (3, 5000, 22, 9), "nb201": (3, 15625, 6, 5)}


@pytest.mark.parametrize("name", STUDIES)
def test_any_table_is_a_study_by_a_mapping(clone, datasets, name):
    clone.write("config/mapped.yaml", (ROOT / f"tests/studies/{name}.yaml").read_text())
    done = clone.snakemake("--configfile", "config/mapped.yaml", DATASETS=str(datasets))
    assert done.returncode == 0, done.stderr[-3000:]
    results = clone.path / "results" / name
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


def study(clone: Clone, server, names: list[str], missing: str = "stop") -> tuple[str, str]:
    """Write a study of these tables, of which the last may be none that is served."""
    environments = "".join(
        ENVIRONMENT.format(
            name=name, address=server.address(f"{name}.csv"),
            sha256=hashlib.sha256(FILES.get(f"{name}.csv", b"")).hexdigest(),
        )
        for name in names
    )  # fmt: skip
    clone.write("config/mine.yaml", STUDY.format(missing=missing, environments=environments))
    return ("--configfile", "config/mine.yaml")


def run(clone: Clone, *arguments: str):
    return clone.snakemake(*arguments, DATASETS="")


def test_published_tables_are_fetched_once_and_what_is_missing_may_be_left_out(clone):
    with serving(FILES) as server:
        stopped = run(clone, *study(clone, server, ["one", "two", "three"]))
        assert stopped.returncode != 0
        said = stopped.stdout + stopped.stderr
        assert "three.csv: not below the folder DATASETS" in said
        assert server.address("three.csv") in said
        assert "1 of 3 published environments cannot be had" in said
        assert "missing=leave_out" in said
        assert "Traceback" not in said
        assert not (clone.path / "results/mine").exists()

        done = run(clone, *study(clone, server, ["one", "two", "three"], missing="leave_out"))
        assert done.returncode == 0, done.stderr[-3000:]
        assert "The environment three is left out" in done.stderr
    page = (clone.path / "results/mine/report.html").read_text()
    assert "1 environment of this study is missing: three." in page
    dataset = pd.read_parquet(clone.path / "results/mine/dataset.parquet")
    assert set(dataset["environment"]) == {"one", "two"}
    assert (clone.path / "results/downloads/one.csv").read_bytes() == FILES["one.csv"]


def test_a_study_of_which_nothing_is_left_says_so(clone):
    with serving({}) as server:
        done = run(clone, *study(clone, server, ["three", "four"], missing="leave_out"))
    assert done.returncode != 0
    assert "without those that are left out there is none" in done.stdout + done.stderr


def test_another_content_than_the_study_says_is_an_error_even_if_missing_tables_are_left_out(clone):
    with serving({**FILES, "two.csv": b"something else"}) as server:
        done = run(clone, *study(clone, server, ["one", "two"], missing="leave_out"))
    said = done.stdout + done.stderr
    assert done.returncode != 0
    for content in (FILES["two.csv"], b"something else"):
        assert hashlib.sha256(content).hexdigest() in said
