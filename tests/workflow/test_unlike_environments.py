"""Environments whose options and levels are not the same, through the workflow: figures and tables cope."""

from __future__ import annotations

import hashlib

import described
import numpy as np
import pandas as pd
import pytest
import simulated_study
from study_folder import StudyFolder

from perftransfer.dataset import tables

pytestmark = pytest.mark.workflow

SPACE = """\
options:
  threads: {levels: [1, 2, 3, 4], ordered: true}
  optimisation: {levels: [low, medium, high], ordered: true, default: high}
  memory: {levels: [true, false]}
"""
STUDY = """\
study: unlike
environments: config/simulated.tsv
measuring: {configurations: 24, repeats: 2}
imports:
  mine:
    options:
      # The table has them in thousandths.
      threads: {column: millithreads, factor: 0.001, ordered: true}
      optimisation: {ordered: true, levels: [low, high], default: high}
    objectives: {latency_ms: {column: ms}}
    environments:
      published: {file: mine.csv, sha256: SHA256, hardware: board}
learning: {learners: [RT]}
evaluation: {budgets: [2, 6], repeats: 2, targets_per_job: 4, strategies: [RS, KT, TEAMS]}
search: {methods: [TRANSFER], measurements: 3}
# Those that look at options or at configurations that environments have in common.
figures: [source_against_target, similarity, influence]
tables: [options, environments, similarity]
"""


def published() -> bytes:
    rows = [(t, o) for t in (1000, 2000, 4000, 8000, 12000, 16000) for o in ("low", "high")]
    frame = pd.DataFrame(rows, columns=["millithreads", "optimisation"])
    frame["ms"] = 9000 / frame["millithreads"] * (1 + 0.6 * (frame["optimisation"] == "low"))
    return frame.to_csv(index=False).encode()


def test_environments_with_unlike_options_are_a_study_like_any_other(
    folder: StudyFolder, tmp_path, monkeypatch
) -> None:
    content = published()
    (tmp_path / "data").mkdir()
    (tmp_path / "data/mine.csv").write_bytes(content)
    simulated_study.write_into(folder, STUDY.replace("SHA256", hashlib.sha256(content).hexdigest()))
    folder.write("config/spaces/simulated-b.yaml", SPACE)
    sheet = simulated_study.SHEET + "simulated-other\tnone\tno\t2\tsimulated\tnone\tsimulated-b\t1\t128\n"
    folder.write("config/simulated.tsv", sheet)
    monkeypatch.setenv("DATASETS", str(tmp_path / "data"))
    folder.run()
    results = folder.path / "results/unlike"
    dataset, options = tables.read(results / "dataset.parquet"), tables.options(results / "dataset.parquet")
    found = {option.name: option for option in options}
    assert found["threads"].levels == (1, 2, 3, 4, 8, 12, 16)
    assert not found["threads"].conditional
    assert {name for name, option in found.items() if option.conditional} == {"precision", "spinning", "memory"}
    assert set(dataset.loc[dataset["environment"] == "published", "memory"]) == {"inactive"}
    cells = pd.read_parquet(results / "transfer.parquet")
    assert set(cells["strategy"]) == {"RS", "KT", "TEAMS"}
    assert np.isfinite(cells["mape"]).all()
    pairs = cells.loc[cells["strategy"] == "KT", ["source", "target"]].drop_duplicates()
    assert len(pairs) == 4 * 3
    # Threads and optimisation are what decides, and all know of them: a source tells something in spite of the rest.
    at_two = cells[cells["budget"] == 2].groupby("strategy")["mape"].mean()
    assert at_two["KT"] < at_two["RS"]
    assert (results / "report.html").is_file()
    assert "`imported/<environment>.parquet`" in described.check(results)
