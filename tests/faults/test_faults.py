"""A short run of the campaign of faults; the long one is ``make test-faults``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests_root import ROOT

from faults.campaign import Figures, small_disk


def test_damaged_files_kills_and_a_full_disk_are_survived(tmp_path: Path) -> None:
    paths = os.pathsep.join([str(ROOT / name) for name in ("workflow", "tests")])
    command = [sys.executable, "-m", "faults.campaign", "--seed", "7", "--files", "18", "--kills", "2"]
    done = subprocess.run(
        [*command, "--full-disks", "1", "--runs", "0"],
        env={**os.environ, "PYTHONPATH": paths, "TMPDIR": str(tmp_path)},
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    *_, figures = (line for line in done.stdout.splitlines() if line.startswith("tried"))
    assert figures.endswith("tracebacks 0, lost 0, doubled 0"), done.stdout[-5000:] + done.stderr[-2000:]
    assert done.returncode == 0
    # Of 18 files, 2 kills and the run after them, and with a small disk two runs more.
    assert int(figures.split()[1]) >= 23


def test_a_small_disk_can_be_mounted(tmp_path: Path) -> None:
    with small_disk(tmp_path, 64) as reason:
        if reason:
            pytest.skip(f"the campaign has no full disk here: {reason}")


def test_figures_count_what_is_wrong() -> None:
    figures = Figures()
    figures.add("table:1.1", "")
    figures.add("journal:1.2", "AssertionError: lost")
    figures.add("journal:1.3", "KeyError: 'x'")
    assert (figures.tried, figures.handled, figures.tracebacks, figures.lost, figures.doubled) == (3, 1, 1, 1, 0)
    assert "journal:1.3: KeyError: 'x'" in str(figures)
