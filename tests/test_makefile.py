"""What ``make`` hands to Snakemake, and what it says at the end, with programs that do nothing in their place."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from tests_root import ROOT

SNAKEMAKE = """#!/bin/sh
printf '%s\\n' "$@" > arguments
[ -z "$REPORT" ] || { mkdir -p results/toy; touch results/toy/report.html; }
"""


@pytest.fixture
def here(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name, text in {
        "envs/requirements.txt": "", ".venv/installed": "", ".venv/bin/snakemake": SNAKEMAKE,
        ".venv/bin/python": '#!/bin/sh\n[ "$2" != perftransfer.study ] || echo toy\n',
    }.items():  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    return tmp_path


def make(folder: Path, *arguments: str, report: str = "1") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *arguments], cwd=folder, env={"PATH": "/usr/local/bin:/usr/bin:/bin", "REPORT": report},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_report_is_announced_only_if_it_exists(here: Path) -> None:
    done = make(here, report="")
    assert done.returncode != 0
    assert "Report:" not in done.stdout
    assert "results/toy/report.html is missing" in done.stdout
    assert "Report:  results/toy/report.html" in make(here).stdout


def test_what_the_user_gives_reaches_snakemake_as_it_is(here: Path) -> None:
    study = "it's mine; touch harm $HOME `touch harm`.yaml"
    done = make(here, f"STUDY={study}", "CONFIG=seed=2 study=a;touch${IFS}harm", "CORES=2 $(touch harm)")
    assert done.returncode == 0, done.stderr
    expected = ["--cores", "2 $(touch harm)", "--configfile", study, "--config", "seed=2", "study=a;touch${IFS}harm"]
    assert (here / "arguments").read_text().splitlines() == expected
    assert not (here / "harm").exists()


def test_a_blank_in_the_path_is_said_at_once(here: Path, tmp_path: Path) -> None:
    moved = here.rename(tmp_path.with_name("my drive"))
    done = make(moved)
    assert done.returncode != 0
    assert "contains a blank" in done.stderr
