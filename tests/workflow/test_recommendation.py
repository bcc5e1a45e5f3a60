"""A target with a budget: planned, measured, modelled, recommended and confirmed, on the analytic engine."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import described
import pandas as pd
import pytest
import simulated_study
import small_space
from conftest import Clone, copy_tree

from perftransfer.measuring import journal

STUDY = """\
study: toy
environments: config/simulated.tsv
measuring: {configurations: 24, repeats: 2}
learning: {learners: [RT]}
evaluation: {budgets: [5], repeats: 1, strategies: [RS], batch: 3}
recommendation: {strategy: KT+active, n_recommendations: 2, repeats: 2}
figures: [influence]
tables: [options]
"""
ONE_SOURCE = """\
study: toy
environments: config/one_source.tsv
objectives: [latency_ms, peak_memory_mib]
measuring:
  {configurations: 12, repeats: 1, runs: 3, seconds: 0, warmup_seconds: 0, max_warmup_seconds: 0, max_seconds: 0}
learning: {learners: [RT]}
recommendation: {n_recommendations: 2, repeats: 1}
"""
pytestmark = pytest.mark.workflow
ROW = "simulated-new\tnone\tno\t1\tsimulated\tnone\tsimulated\t2\t192\ttarget\t7\n"
TARGET = "results/toy/targets/simulated-new"


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    clone = copy_tree(tmp_path_factory.mktemp("target"))
    simulated_study.write_into(clone, STUDY)
    header, *rows = simulated_study.SHEET.splitlines()
    sheet = [f"{header}\trole\tbudget", *(f"{row}\t\t" for row in rows), ROW]
    clone.write("config/simulated.tsv", "\n".join(sheet))
    done = clone.snakemake("--configfile", "config/toy.yaml")
    assert done.returncode == 0, done.stderr[-3000:]
    return clone


def perftransfer(clone: Clone, *arguments: str) -> subprocess.CompletedProcess[str]:
    variables = clone.environment(PYTHONPATH="workflow")
    command = [sys.executable, "-m", "perftransfer", *arguments]
    return subprocess.run(
        command, cwd=clone.path, env=variables, capture_output=True, text=True, timeout=300, check=False
    )


def test_the_budget_is_kept_and_what_is_recommended_is_measured_beside_the_default(clone: Clone) -> None:
    measured = pd.read_parquet(clone.path / TARGET / "measurements.parquet")
    assert measured["configuration_id"].nunique() == 7
    records = journal.measurements(journal.read(clone.path / "results/toy/journal/simulated-new.jsonl"))
    assert len(records) == 7 * 2
    table = pd.read_parquet(clone.path / "results/toy/recommendation.parquet")
    assert table["environment"].unique().tolist() == ["simulated-new"]
    assert table["default"].sum() == 1
    assert len(table) in (2, 3)
    assert (table["measured_n"] == 2).all()
    best = table.sort_values("rank").iloc[0]
    assert best["measured"] <= table.loc[table["default"], "measured"].item()
    assert abs(best["measured"] / best["predicted"] - 1) < 0.2


def test_its_files_and_their_columns_are_in_the_reference(clone: Clone) -> None:
    used = described.check(clone.path / "results/toy")
    assert {"`recommendation.parquet`", "`ranges.parquet`"} <= used


def test_the_target_is_no_part_of_the_comparison(clone: Clone) -> None:
    for name in ("dataset", "transfer", "similarity"):
        table = pd.read_parquet(clone.path / f"results/toy/{name}.parquet")
        assert "simulated-new" not in set(table.get("environment", table.get("target")))


def test_the_report_says_what_to_run(clone: Clone) -> None:
    page = (clone.path / "results/toy/report.html").read_text()
    section = page[page.index('<section id="recommendation">') : page.index('<section id="findings">')]
    said = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", section))
    assert "For low latency, run with" in said
    assert "Measured side by side:" in said
    assert "measurements would lower the typical error" in said


def test_its_model_answers_on_the_command_line(clone: Clone) -> None:
    done = perftransfer(clone, "predict", f"{TARGET}/model.latency_ms.parquet", "--set", "threads=4")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("simulated-new, threads=4")


def test_a_board_gets_what_is_known_before_anything_is_measured(clone: Clone) -> None:
    file = f"{TARGET}/sources.latency_ms.parquet"
    done = clone.snakemake(file, "--configfile", "config/toy.yaml")
    assert done.returncode == 0, done.stderr[-3000:]
    planned = perftransfer(clone, "plan", file, "--n", "3", "--out", "plan.json")
    assert planned.returncode == 0, planned.stderr
    assert len(json.loads((clone.path / "plan.json").read_text())) == 3


def test_what_was_planned_and_measured_on_a_board_is_the_targets(clone: Clone) -> None:
    board = "results/toy/boards/simulated-new"
    done = clone.snakemake(board, "--configfile", "config/toy.yaml")
    assert done.returncode == 0, done.stderr[-3000:]
    measured = perftransfer(
        clone, "measure", "--environment", f"{board}/environment.json", "--configurations", "plan.json",
        "--out", "board.jsonl",
    )  # fmt: skip
    assert measured.returncode == 0, measured.stderr
    sheet = clone.path / "config/simulated.tsv"
    header, *rows = before = sheet.read_text().splitlines()
    new = [f"{header}\tmeasurements", *(f"{row}\t" for row in rows[:-1]), f"{rows[-1]}\tboard.jsonl", ""]
    sheet.write_text("\n".join(new))
    try:
        done = clone.snakemake(f"{TARGET}/measurements.parquet", "--configfile", "config/toy.yaml")
        assert done.returncode == 0, done.stderr[-3000:]
    finally:
        sheet.write_text("\n".join([*before, ""]))
    planned = json.loads((clone.path / "plan.json").read_text())
    found = pd.read_parquet(clone.path / TARGET / "measurements.parquet")
    assert set(found["configuration_id"]) == set(planned)


def test_nothing_is_measured_twice(clone: Clone) -> None:
    before = (clone.path / "results/toy/journal/simulated-new.jsonl").read_text()
    done = clone.snakemake("--configfile", "config/toy.yaml", "--forcerun", "target", "--until", "target")
    assert done.returncode == 0, done.stderr[-3000:]
    assert (clone.path / "results/toy/journal/simulated-new.jsonl").read_text() == before


@pytest.fixture(scope="module")
def one_source(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """One known environment and a target, by two objectives, really measured: nothing is compared."""
    clone = copy_tree(tmp_path_factory.mktemp("one_source"))
    clone.write("config/spaces/small.yaml", small_space.SPACE)
    clone.write("config/toy.yaml", ONE_SOURCE)
    header, row = simulated_study.SHEET.splitlines()[0], "this machine\tno\tall\tonnxruntime\tsqueezenet\tsmall\t1"
    rows = [f"{header}\trole\tbudget", f"known\t{row}\t64\t\t", f"new\t{row}\t96\ttarget\t5"]
    clone.write("config/one_source.tsv", "\n".join(rows))
    done = clone.snakemake("--configfile", "config/toy.yaml")
    assert done.returncode == 0, done.stderr[-3000:]
    return clone


def test_one_source_is_enough_for_a_target(one_source: Clone) -> None:
    results = one_source.path / "results/toy"
    assert len(pd.read_parquet(results / "transfer.parquet")) == 0
    assert len(list((results / "figures").glob("*.svg"))) > 0
    measured = pd.read_parquet(results / "targets/new/measurements.parquet")
    assert measured["configuration_id"].nunique() == 5


def test_of_two_objectives_each_has_its_best_and_there_is_a_front(one_source: Clone) -> None:
    table = pd.read_parquet(one_source.path / "results/toy/recommendation.parquet")
    for objective, own in table.groupby("objective"):
        assert (own["rank"] == 1).sum() == 1, objective
        assert own["measured"].notna().all()
    assert table["pareto"].any()
    # A configuration is on the front in all objectives or in none.
    assert len(table[["configuration_id", "pareto"]].drop_duplicates()) == table["configuration_id"].nunique()
    page = (one_source.path / "results/toy/report.html").read_text()
    for quantity in ("latency", "peak memory"):
        assert f"For low {quantity}, run with" in page or f"For {quantity}, nothing is expected" in page
    assert "on the Pareto front" in page
    assert "What was compared" not in page
