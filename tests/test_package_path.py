"""Checks that other processes find the package without an installation."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import perftransfer
from perftransfer import package_path
from perftransfer.errors import UserError

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


@pytest.mark.parametrize(("folder", "character"), [("My Drive", "a blank"), ("a;b", ";"), ("$HOME", r"\$")])
def test_an_interpreter_that_snakemake_cannot_start_is_refused(folder: str, character: str) -> None:
    with pytest.raises(UserError, match=rf"must not contain {character}: "):
        package_path.check_interpreter(f"/home/me/{folder}/.venv/bin/python")
    package_path.check_interpreter("/home/Zoë/perftransfer-1.0_b/.venv/bin/python3")
