"""What ``make`` hands to the program, with one that does nothing in its place."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from tests_root import ROOT


@pytest.fixture
def here(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name, text in {
        "envs/requirements.txt": "", ".venv/installed": "",
        ".venv/bin/python": "#!/bin/sh\nprintf '%s\\n' \"$@\" > arguments\n",
    }.items():  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    return tmp_path


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
    return subprocess.run(
        ["make", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_what_the_user_gives_reaches_the_program_as_it_is(here: Path) -> None:
    study = "it's mine; touch harm $HOME `touch harm`.yaml"
    done = make(here, f"STUDY={study}", "CONFIG=seed=2 study=a;touch${IFS}harm", "CORES=2 $(touch harm)")
    assert done.returncode == 0, done.stderr
    expected = ["-m", "perftransfer.run", study, "--cores", "2 $(touch harm)"]
    expected += ["--config", "seed=2", "study=a;touch${IFS}harm"]
    assert (here / "arguments").read_text().splitlines() == expected
    assert not (here / "harm").exists()


def test_a_blank_in_the_path_is_said_at_once(here: Path, tmp_path: Path) -> None:
    moved = here.rename(tmp_path.with_name("my drive"))
    done = make(moved)
    assert done.returncode != 0
    assert "contains a blank" in done.stderr
