"""Copies of the working tree, in which Snakemake runs the way a user runs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests_root import ROOT


@dataclass
class Clone:
    """A copy of the working tree, in which Snakemake runs the way a user runs it."""

    path: Path

    def snakemake(self, *arguments: str, cores: int = 2, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "snakemake", *arguments, "--cores", str(cores)],
            cwd=self.path,
            env=self.environment(**environment),
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )

    @staticmethod
    def environment(**extra: str) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return inherited | extra

    def write(self, name: str, text: str) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path


def copy_tree(path: Path) -> Clone:
    """Copy what git tracks, and what it would track, as it is now."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = [name for name in listed.stdout.decode().split("\0") if name and not name.startswith("tests/")]
    # With bytecode, which stays valid as long as the file does: jobs need not compile the package again in each copy.
    bytecode = [file.relative_to(ROOT).as_posix() for file in (ROOT / "workflow").rglob("*.pyc")]
    for name in (*names, *bytecode):
        if (ROOT / name).is_file():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, path / name)
    return Clone(path)
