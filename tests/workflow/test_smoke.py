"""The smoke study: job after job in this process, and with fewer strategies by Snakemake on two cores."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from built_once import built_once
from clones import Clone, copy_tree
from study_folder import StudyFolder
from tests_root import ROOT

from perftransfer import model_file, strategies
from perftransfer.evaluation.cells import COLUMNS

pytestmark = pytest.mark.workflow
STUDY = ("--configfile", "config/smoke.yaml")
RESULTS = Path("results/smoke")


# Searches are short and there is a budget less: what they find out is tested elsewhere.
SHORT = {
    "  budgets: [5, 10, 45]": "  budgets: [5, 45]",
    "\nfigures:": "\nsearch: {measurements: 4, repeats: 1}\n\nfigures:",
}
# Each rule, in half as many jobs, as each starts a process: a strategy of each kind, and no search, figure or table
# that is made like another.
FEWER = {
    "  budgets: [5, 10, 45]": "  strategies: [RS, LMS, KT, AUTO]\n  budgets: [5, 45]",
    "\nfigures:": "\nsearch: {methods: [RANDOM, TRANSFER], measurements: 4, repeats: 1}\n\nfigures:",
    "figures: [error_against_budget, error_per_target, influence, source_against_target, similarity, noise]":
        "figures: [error_against_budget, influence]",
    "tables: [options, environments, errors, needed, wins, significance, ranking, similarity]":
        "tables: [options, significance]",
}  # fmt: skip


def write_study(clone: Clone, changes: Mapping[str, str]) -> None:
    text = (ROOT / "config/smoke.yaml").read_text()
    for old, new in changes.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    clone.write("config/smoke.yaml", text)


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory, datasets: Path) -> Clone:
    """A clone in which Snakemake was started, as a user does, on two cores, for a smaller smoke study."""

    def build(path: Path) -> None:
        clone = copy_tree(path)
        write_study(clone, FEWER)
        done = clone.snakemake(*STUDY, cores=2, DATASETS=str(datasets))
        assert done.returncode == 0, done.stderr[-3000:]

    return Clone(built_once(tmp_path_factory, "smoke_by_snakemake", build))


@pytest.fixture(scope="session")
def in_process(tmp_path_factory: pytest.TempPathFactory, datasets: Path) -> StudyFolder:
    """The study with all strategies, without a process of its own for any job."""

    def build(path: Path) -> None:
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("DATASETS", str(datasets))
            folder = StudyFolder.create(path, "config/smoke.yaml")
            write_study(folder, SHORT)
            folder.run()

    return StudyFolder(built_once(tmp_path_factory, "smoke_in_process", build), "config/smoke.yaml")


@pytest.fixture(scope="session")
def fewer_in_process(tmp_path_factory: pytest.TempPathFactory, in_process: StudyFolder, datasets: Path) -> StudyFolder:
    """The smaller study, from what the whole one has of it."""

    def build(path: Path) -> None:
        folder = in_process.linked(path)
        write_study(folder, FEWER)
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("DATASETS", str(datasets))
            ran = folder.run()
        # What a strategy's cells are does not depend on the others.
        assert not {"import_tx2", "merge", "train", "evaluate", "search"} & {*ran}

    return StudyFolder(built_once(tmp_path_factory, "fewer_in_process", build), "config/smoke.yaml")


def test_same_seed_same_bytes_whatever_the_number_of_cores(started, fewer_in_process):
    one, two = fewer_in_process.path / RESULTS, started.path / RESULTS
    files = sorted(path.relative_to(two) for path in two.rglob("*") if path.is_file())
    # Of the strategies, figures and tables that the smaller study lacks there is more here.
    missing = [str(file) for file in files if not (one / file).exists()]
    assert missing == []
    # The parts of these PDFs stand in another order each time; their SVGs are the same.
    files = [file for file in files if not (file.suffix == ".pdf" and file.parent.name == "report")]
    forms = {".parquet", ".svg", ".pdf", ".png", ".yaml", ".html"}
    compared = [file for file in files if file.suffix in forms or file.parent.name == "tables"]
    assert len(compared) > 25
    different = [str(file) for file in compared if content(one / file) != content(two / file)]
    assert different == []


def content(file: Path) -> bytes:
    """Bytes of a file, but for the numbers of gradients, which Vega counts on from one report to the next."""
    return re.sub(rb"gradient_\d+", b"gradient", file.read_bytes())


def test_models_of_both_runs_predict_the_same(started, in_process):
    one, two = in_process.path / RESULTS, started.path / RESULTS
    dataset = pd.read_parquet(one / "dataset.parquet").head(50)
    files = sorted(one.rglob("*.skops"))
    assert len(files) == 4
    for file in files:
        a, b = (model_file.load(path).predict(dataset) for path in (file, two / file.relative_to(one)))
        assert (a == b).all()
        assert (a > 0).all()


def test_tables_are_those_of_the_data_contract(in_process):
    here = in_process.path / RESULTS
    transfer = pd.read_parquet(here / "transfer.parquet")
    assert tuple(transfer.columns) == COLUMNS
    assert set(transfer["strategy"]) == set(strategies.names())
    assert transfer.loc[transfer["strategy"] == "RS", "source"].isna().all()
    assert (transfer.loc[transfer["strategy"] == "DM", "budget"] == 0).all()
    assert (transfer["source"] != transfer["target"]).all()
    alone = transfer["learner"].isna()
    assert set(transfer.loc[alone, "strategy"]) == {"KT", "MKT", "AUTO", "GP"}
    intervals = ["coverage", "coverage_near_best", "interval_width", "interval_score"]
    assert transfer.drop(columns=["source", "learner", *intervals]).notna().all(axis=None)
    drawn = (transfer["design"] == "random") & (transfer["budget"] > 0)
    assert (transfer[intervals].notna().all(axis=1) == (alone | drawn)).all()
    influence = pd.read_parquet(here / "influence.parquet")
    assert {"environment", "objective", "term", "order", "coefficient", "share_of_variance", "rank"} <= {*influence}
    dataset = pd.read_parquet(here / "dataset.parquet")
    assert len(dataset) == 2 * 768
    assert not dataset.duplicated(["environment", "configuration_id"]).any()
    assert {"hardware", "emulated", "configuration_id", "cores_on", "gpu_freq", "inference_time_s"} <= {*dataset}


def test_tables_tell_version_and_nothing_of_host_time_or_path(started):
    for path in (started.path / RESULTS).rglob("*.parquet"):
        metadata = {k.decode(): v.decode() for k, v in (pq.read_schema(path).metadata or {}).items()}
        assert "perftransfer.version" in metadata, path
        text = " ".join(metadata.values())
        assert str(started.path) not in text
        assert not re.search(r"20\d\d-\d\d-\d\d", text)


def test_the_resolved_study_lies_beside_the_results(in_process):
    resolved = yaml.safe_load((in_process.path / RESULTS / "study.yaml").read_text())
    assert resolved["study"] == "smoke"
    assert resolved["evaluation"]["repeats"] == 2
    assert resolved["learning"]["scale"] == "log"


def test_the_report_needs_nothing_from_outside(in_process):
    page = (in_process.path / RESULTS / "report.html").read_text()
    assert "tx2-xception-600px" in page
    # What the script in it does is seen in a browser, by tests/report/test_browser.py.
    unscripted = re.sub("<script>.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"""(src|href)\s*=\s*["']https?:|url\(\s*["']?https?:|<script[^>]* src""", unscripted)
    assert page.count("window.vega={") == 1
    assert page.count("data:image/svg+xml;base64,") == 6


def test_a_second_run_finds_nothing_to_do(started, datasets):
    done = started.snakemake(*STUDY, DATASETS=str(datasets))
    assert done.returncode == 0
    assert "Nothing to be done" in done.stdout + done.stderr


def test_snakemakes_own_report_is_complete_with_captions(started, datasets, tmp_path):
    done = started.snakemake(*STUDY, "--report", str(tmp_path / "report.zip"), DATASETS=str(datasets))
    assert done.returncode == 0, done.stderr[-2000:]
    with zipfile.ZipFile(tmp_path / "report.zip") as archive:
        names = archive.namelist()
        text = " ".join(
            archive.read(name).decode("utf-8", "replace") for name in names if name.endswith((".html", ".js"))
        )
    # Figures, and those of the page that no still figure stands for.
    assert sum(name.endswith(".svg") for name in names) == 2 + 2
    assert sum(name.endswith("report.html") for name in names) >= 1
    for words in ("Figures", "Findings", "inference_time_s", "test third"):
        assert words in text
