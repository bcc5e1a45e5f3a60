"""An environment that was measured elsewhere, and networks of other kinds, through the whole workflow."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pandas as pd
import pytest
import small_space

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
figures: [influence]
tables: [environments]
"""


def rows(measurements: str) -> str:
    return (
        HEADER
        + ROW.format(name="text", network="bertmini", image_px="-", sizes="sequence=8", measurements="")
        + ROW.format(name="own", network="mine/net.onnx", image_px=64, sizes="", measurements=measurements)
    )


def test_a_text_network_a_network_of_the_user_and_measurements_from_a_board(clone):
    clone.write("config/spaces/small.yaml", small_space.SPACE)
    clone.write("config/mixed.yaml", STUDY)
    (clone.path / "mine").mkdir()
    networks.write("squeezenet", "fp32", clone.path / "mine/net.onnx", seed=7)
    sheet = clone.write("config/mixed.tsv", rows(""))
    packed = clone.snakemake("results/mixed/boards/own", "--configfile", "config/mixed.yaml")
    assert packed.returncode == 0, packed.stderr[-3000:]

    # On the board: that folder and the package.
    board = clone.path.parent / "board"
    shutil.copytree(clone.path / "results/mixed/boards/own", board)
    done = subprocess.run(
        [sys.executable, "-m", "perftransfer", "measure", "--environment", "environment.json",
         "--configurations", "configurations.json", "--out", "own.jsonl"],
        cwd=board, env={**os.environ, "PYTHONPATH": str(clone.path / "workflow")},
        capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr

    shutil.copy(board / "own.jsonl", clone.path / "mine/own.jsonl")
    sheet.write_text(rows("mine/own.jsonl"))
    done = clone.snakemake("--configfile", "config/mixed.yaml")
    assert done.returncode == 0, done.stderr[-3000:]
    dataset = pd.read_parquet(clone.path / "results/mixed/dataset.parquet")
    assert dataset.groupby("environment")["latency_ms"].count().to_dict() == {"own": 12, "text": 12}
    assert (dataset["peak_memory_mib"] > 10).all()
    assert not (clone.path / "results/mixed/journal/own.jsonl").exists()
