"""A target with a budget: planned, measured, modelled, recommended and confirmed, on the analytic engine."""

from __future__ import annotations

import html
import json
import os
import re
from pathlib import Path

import described
import pandas as pd
import pytest
import simulated_study
import small_space
from built_once import built_once
from study_folder import StudyFolder

from perftransfer.__main__ import main
from perftransfer.dataset import tables
from perftransfer.measuring import journal
from perftransfer.measuring.fingerprint import usable_cpus

STUDY = """\
study: toy
environments: config/simulated.tsv
measuring: {configurations: 24, repeats: 2}
learning: {learners: [RT]}
evaluation: {budgets: [5], repeats: 1, strategies: [RS], batch: 3}
search: {methods: []}
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


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory, finished_study: StudyFolder) -> StudyFolder:
    """The finished study with a target, run once for all tests. It is for reading only."""

    def build(path: Path) -> None:
        folder = finished_study.linked(path)
        simulated_study.write_into(folder, STUDY)
        header, *rows = simulated_study.SHEET.splitlines()
        sheet = [f"{header}\trole\tbudget", *(f"{row}\t\t" for row in rows), ROW]
        folder.write("config/simulated.tsv", "\n".join(sheet))
        folder.run()

    return StudyFolder(built_once(tmp_path_factory, "study_with_target", build))


def test_the_budget_is_kept_and_what_is_recommended_is_measured_beside_the_default(study: StudyFolder) -> None:
    measured = pd.read_parquet(study.path / TARGET / "measurements.parquet")
    assert measured["configuration_id"].nunique() == 7
    records = journal.measurements(journal.read(study.path / "results/toy/journal/simulated-new.jsonl"))
    assert len(records) == 7 * 2
    table = pd.read_parquet(study.path / "results/toy/recommendation.parquet")
    assert table["environment"].unique().tolist() == ["simulated-new"]
    assert table["default"].sum() == 1
    assert len(table) in (2, 3)
    assert (table["measured_n"] == 2).all()
    best = table.sort_values("rank").iloc[0]
    assert best["measured"] <= table.loc[table["default"], "measured"].item()
    assert abs(best["measured"] / best["predicted"] - 1) < 0.2


def test_its_files_and_their_columns_are_in_the_reference(study: StudyFolder) -> None:
    used = described.check(study.path / "results/toy")
    assert {"`recommendation.parquet`", "`ranges.parquet`"} <= used


def test_the_target_is_no_part_of_the_comparison(study: StudyFolder) -> None:
    for name in ("dataset", "transfer", "similarity"):
        table = pd.read_parquet(study.path / f"results/toy/{name}.parquet")
        assert "simulated-new" not in set(table.get("environment", table.get("target")))


def test_the_report_says_what_to_run(study: StudyFolder) -> None:
    page = (study.path / "results/toy/report.html").read_text()
    section = page[page.index('<section id="recommendation">') : page.index('<section id="findings">')]
    said = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", section))
    assert "Recommended for low latency:" in said
    assert "Measured next to the default:" in said
    assert "With a probability of 90 %, the best configuration measured is" in said


def test_its_model_answers_on_the_command_line(study: StudyFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(study.path / TARGET / "model.latency_ms.parquet"), "--set", "threads=4"]) == 0
    assert capsys.readouterr().out.startswith("simulated-new, threads=4")


def test_what_each_option_costs_is_measured_where_it_was_measured(study: StudyFolder) -> None:
    costs = pd.read_parquet(study.path / TARGET / "option_costs.parquet")
    measured = pd.read_parquet(study.path / TARGET / "measurements.parquet")
    assert set(costs["option"]) == {"threads", "optimisation", "precision", "spinning", "memory"} & set(measured)
    assert costs.loc[costs["status"] == "predicted", "low"].notna().all()
    known = set(measured.loc[measured["status"] == "ok", "configuration_id"])
    assert set(costs.loc[costs["status"] == "measured", "configuration_id"]) <= known
    page = (study.path / "results/toy/report.html").read_text()
    assert "From the recommended configuration," in page
    assert 'id="simulated-new-interactive-target_option_costs"' in page


def test_what_is_recommended_is_exported_from_each_of_its_files(
    study: StudyFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    files = (
        "results/toy/recommendation.parquet",
        f"{TARGET}/recommendation.parquet",
        f"{TARGET}/model.latency_ms.parquet",
    )
    table = pd.read_parquet(study.path / files[0])
    (first,) = table.loc[table["rank"] == table["rank"].min(), "configuration"]
    # What was measured side by side is in the study's file only.
    (best,) = table.loc[table["chosen"], "configuration"]
    texts = []
    for file, expected in zip(files, (best, first, first), strict=True):
        assert main(["export", str(study.path / file), "--format", "table"]) == 0
        printed = capsys.readouterr()
        levels = dict(line.split()[:2] for line in printed.out.splitlines()[1:])
        assert " ".join(f"{name}={level}" for name, level in levels.items() if level != "inactive") == expected
        assert "Not measured: simulated." in printed.err
        texts.append(printed.out)
    page = (study.path / "results/toy/report.html").read_text()
    assert texts[0] in html.unescape(page)


def test_a_board_gets_what_is_known_is_planned_and_measured_and_its_journal_is_the_targets(
    study: StudyFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = study.linked(tmp_path / "study")
    monkeypatch.chdir(folder.path)
    # What is known before anything is measured.
    file = f"{TARGET}/sources.latency_ms.parquet"
    folder.run(file)
    assert main(["plan", file, "--n", "3", "--out", "plan.json"]) == 0
    planned = json.loads(Path("plan.json").read_text())
    assert len(planned) == 3

    board = "results/toy/boards/simulated-new"
    folder.run(board)
    measure = ["measure", "--environment", f"{board}/environment.json", "--configurations", "plan.json"]
    assert main([*measure, "--out", "board.jsonl"]) == 0

    header, *rows = Path("config/simulated.tsv").read_text().splitlines()
    sheet = [f"{header}\tmeasurements", *(f"{row}\t" for row in rows[:-1]), f"{rows[-1]}\tboard.jsonl", ""]
    folder.write("config/simulated.tsv", "\n".join(sheet))
    folder.run(f"{TARGET}/measurements.parquet")
    found = pd.read_parquet(folder.path / TARGET / "measurements.parquet")
    assert set(found["configuration_id"]) == set(planned)


def test_nothing_is_measured_twice(study: StudyFolder, tmp_path: Path) -> None:
    folder = study.linked(tmp_path / "study")
    journal_path = folder.path / "results/toy/journal/simulated-new.jsonl"
    before = journal_path.read_text()
    assert folder.run(forcerun=("target",), until=("target",)) == {"target": 1}
    assert journal_path.read_text() == before


@pytest.fixture(scope="session")
def one_source(tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    """One known environment and a target, by two objectives, really measured: nothing is compared."""
    return StudyFolder(built_once(tmp_path_factory, "one_source", build_one_source))


def build_one_source(path: Path) -> None:
    folder = StudyFolder.create(path)
    folder.write("config/spaces/small.yaml", small_space.SPACE)
    folder.write("config/toy.yaml", ONE_SOURCE)
    header, row = simulated_study.SHEET.splitlines()[0], "this machine\tno\tall\tonnxruntime\tsqueezenet\tsmall\t1"
    rows = [f"{header}\trole\tbudget", f"known\t{row}\t64\t\t", f"new\t{row}\t96\ttarget\t5"]
    folder.write("config/one_source.tsv", "\n".join(rows))
    folder.run()


def test_one_source_is_enough_for_a_target(one_source: StudyFolder) -> None:
    results = one_source.path / "results/toy"
    assert len(pd.read_parquet(results / "transfer.parquet")) == 0
    assert len(list((results / "figures").glob("*.svg"))) > 0
    measured = pd.read_parquet(results / "targets/new/measurements.parquet")
    assert measured["configuration_id"].nunique() == 5


def test_the_engine_left_alone_is_measured_beside_what_is_recommended(one_source: StudyFolder) -> None:
    results = one_source.path / "results/toy"
    facts = tables.metadata(results / "targets/new/confirmation.parquet")
    confirmation = pd.read_parquet(results / "targets/new/confirmation.parquet")
    rows = confirmation[confirmation["configuration_id"] == json.loads(facts["engine_default"])]
    # Disturbed ones are measured again.
    assert rows["repeat"].unique().tolist() == [0]
    assert rows["intra_op_threads"].isna().all()
    said = json.loads(tables.metadata(results / "recommendation.parquet")["targets"])["new"]["engine_default"]
    page = (results / "report.html").read_text()
    if len(usable_cpus()) == os.cpu_count():
        assert set(rows["status"]) == {"ok"}
        assert rows["latency_ms"].min() <= said["latency_ms"]["measured"] <= rows["latency_ms"].max()
        assert page.count("the engine&#39;s own defaults") == 2
    else:
        assert set(rows["status"]) == {"unsupported"}
    assert "onnxruntime with its own defaults" in page


def test_of_two_objectives_each_has_its_best_and_there_is_a_front(one_source: StudyFolder) -> None:
    table = pd.read_parquet(one_source.path / "results/toy/recommendation.parquet")
    for objective, own in table.groupby("objective"):
        assert (own["rank"] == 1).sum() == 1, objective
        assert own["measured"].notna().all()
    assert table["pareto"].any()
    # A configuration is on the front in all objectives or in none.
    assert len(table[["configuration_id", "pareto"]].drop_duplicates()) == table["configuration_id"].nunique()
    page = (one_source.path / "results/toy/report.html").read_text()
    for quantity in ("latency", "peak memory"):
        assert f"for low {quantity}:" in page or f"For {quantity}, no configuration is expected" in page
    assert "on the Pareto front" in page
    assert "Each environment is a target" not in page
