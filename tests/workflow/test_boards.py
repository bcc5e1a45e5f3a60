"""An environment that was measured elsewhere, and networks of other kinds, through the whole workflow."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pandas as pd
import pytest
import small_space
from study_folder import StudyFolder
from tests_root import ROOT

from perftransfer.measuring import networks

pytestmark = pytest.mark.workflow
HEADER = "environment\thardware\temulated\tcores\tengine\tnetwork\tspace\tbatch\timage_px\tsizes\tmeasurements\n"
ROW = "{name}\tthis machine\tno\tall\tonnxruntime\t{network}\tsmall\t1\t{image_px}\t{sizes}\t{measurements}\n"
STUDY = """\
study: mixed
environments: config/mixed.tsv
objectives: [latency_ms, peak_memory_mib]
measuring:
  {configurations: 12, repeats: 1, runs: 3, seconds: 0, warmup_seconds: 0, max_warmup_seconds: 0, max_seconds: 0}
learning: {learners: [RT]}
evaluation: {strategies: [RS, LMS], budgets: [5], repeats: 1}
search: {methods: []}
figures: [influence]
tables: [environments]
"""


def rows(measurements: str) -> str:
    return (
        HEADER
        + ROW.format(name="text", network="bertmini", image_px="-", sizes="sequence=8", measurements="")
        + ROW.format(name="own", network="mine/net.onnx", image_px=64, sizes="", measurements=measurements)
    )


def test_a_text_network_a_network_of_the_user_and_measurements_from_a_board(tmp_path):
    folder = StudyFolder.create(tmp_path / "study", "config/mixed.yaml")
    folder.write("config/spaces/small.yaml", small_space.SPACE)
    folder.write("config/mixed.yaml", STUDY)
    (folder.path / "mine").mkdir()
    networks.write("squeezenet", "fp32", folder.path / "mine/net.onnx", seed=7)
    sheet = folder.write("config/mixed.tsv", rows(""))
    folder.run("results/mixed/boards/own")

    # On the board: that folder and the package.
    board = tmp_path / "board"
    shutil.copytree(folder.path / "results/mixed/boards/own", board)
    done = subprocess.run(
        [sys.executable, "-m", "perftransfer", "measure", "--environment", "environment.json",
         "--configurations", "configurations.json", "--out", "own.jsonl"],
        cwd=board, env={**os.environ, "PYTHONPATH": str(ROOT / "workflow")},
        capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr

    shutil.copy(board / "own.jsonl", folder.path / "mine/own.jsonl")
    sheet.write_text(rows("mine/own.jsonl"))
    folder.run()
    dataset = pd.read_parquet(folder.path / "results/mixed/dataset.parquet")
    assert dataset.groupby("environment")["latency_ms"].count().to_dict() == {"own": 12, "text": 12}
    assert (dataset["peak_memory_mib"] > 10).all()
    assert not (folder.path / "results/mixed/journal/own.jsonl").exists()
