"""What `pip install` brings: the workflow, option spaces and reference measurements come with the package."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tests_root import ROOT
from tiny_network import network

pytestmark = pytest.mark.workflow

WRITE = """
from perftransfer.tune import study_files
from perftransfer.tune.request import request
asked = request("tiny.onnx", shape=["image=1x3x8x8"])
study_files.write(asked)
print(" ".join(study_files.command(asked)))
"""


def test_a_study_of_tune_is_planned_by_what_a_wheel_brings_in_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "dist").mkdir()
    build = f"from hatchling.build import build_wheel; print(build_wheel({str(tmp_path / 'dist')!r}))"
    made = subprocess.run([sys.executable, "-c", build], cwd=ROOT, capture_output=True, text=True, check=True)
    site, empty = tmp_path / "site", tmp_path / "empty"
    with zipfile.ZipFile(tmp_path / "dist" / made.stdout.split()[-1]) as wheel:
        wheel.extractall(site)
    empty.mkdir()
    network(empty, ["batch", 3, "height", "width"])
    environment = {name: value for name, value in os.environ.items() if name != "DATASETS"} | {"PYTHONPATH": str(site)}
    written = subprocess.run(
        [sys.executable, "-c", WRITE], cwd=empty, env=environment, capture_output=True, text=True, check=False
    )
    assert written.returncode == 0, written.stderr
    python, *arguments = written.stdout.split()
    assert python == "python"
    assert str(site) in written.stdout
    planned = subprocess.run(
        [sys.executable, *arguments, "--dry-run"],
        cwd=empty, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert planned.returncode == 0, planned.stderr
    for rule in ("merge", "target", "confirm", "report"):
        assert rule in planned.stdout + planned.stderr
