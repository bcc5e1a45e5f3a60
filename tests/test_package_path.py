"""Checks that other processes find the package without an installation."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import perftransfer
from perftransfer import package_path

HOME = str(Path(perftransfer.__file__).parents[1])


def test_the_package_comes_first_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["/a", HOME, "", "/b"]))
    assert package_path.package_path() == os.pathsep.join([HOME, "/a", "/b"])
    monkeypatch.delenv("PYTHONPATH")
    assert package_path.package_path() == HOME


def test_a_process_started_elsewhere_imports_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "")
    package_path.export()
    subprocess.run([sys.executable, "-c", "import perftransfer"], cwd=tmp_path, check=True)
