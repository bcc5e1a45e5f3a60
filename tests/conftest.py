from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import scipy.linalg  # noqa: F401  it brings a library of its own, which is to be there when threads are limited
from hypothesis import settings
from tests_root import ROOT
from threadpoolctl import threadpool_limits

# The same examples in every run: a test that fails, fails for everybody.
settings.register_profile("deterministic", derandomize=True, deadline=None, max_examples=30, database=None)
settings.load_profile("deterministic")
# As Snakemake has it in its jobs. Matrices here are small, and two workers of pytest with two threads each wait for one
# another longer than they compute. Processes that a test starts are left alone.
threadpool_limits(1, "blas")


@pytest.fixture(scope="session")
def datasets() -> Path:
    """Folder of published measurements: the environment variable DATASETS, or beside the checkout."""
    shared = ROOT.parent / "shared"
    folder = Path(os.environ.get("DATASETS", shared / "datasets"))
    if not folder.is_dir():
        if os.environ.get("CI") == "true" and shared.is_dir():
            pytest.fail(f"the published measurements should lie in {folder}")
        pytest.skip(f"no published measurements: DATASETS is not set, and there is no folder {folder}")
    return folder


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
    def environment(**more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return kept | more

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
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file() and not name.startswith("tests/"):
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, path / name)
    return Clone(path)


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return copy_tree(tmp_path / "clone")
