from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import scipy.linalg  # noqa: F401  it brings a library of its own, which is to be there when threads are limited
from clones import Clone, copy_tree
from hypothesis import settings
from tests_root import ROOT
from threadpoolctl import threadpool_limits

from perftransfer.measuring import machine_lock, quiet

if TYPE_CHECKING:
    from study_folder import StudyFolder

# The same examples in every run: a test that fails, fails for everybody.
settings.register_profile("deterministic", derandomize=True, deadline=None, max_examples=30, database=None)
settings.load_profile("deterministic")
# As Snakemake has it in its jobs. Matrices here are small, and two workers of pytest with two threads each wait for one
# another longer than they compute. Processes that a test starts are left alone.
threadpool_limits(1, "blas")
# Every worker, job and script imports the package. Some images ask Python to keep no bytecode, so that each of them
# would compile all of it, and each worker rewrite the assertions of all tests.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
os.environ[quiet.VARIABLE] = "0"
# Tests measure next to one another, and to whatever else this machine measures.
os.environ[machine_lock.VARIABLE] = str(Path(tempfile.gettempdir(), f"perftransfer-tests-{os.getpid()}.lock"))


# Those who ask for one of these run Snakemake, or read what a whole study has written.
OF_A_WHOLE_STUDY = {"clone", "finished", "finished_study"}


# First, since pytest then leaves out what ``-m`` does.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark whole studies, and begin with them: they take longest, and several workers end together."""
    for item in items:
        if OF_A_WHOLE_STUDY & {*getattr(item, "fixturenames", ())}:
            item.add_marker("workflow")
    items.sort(key=lambda item: item.get_closest_marker("workflow") is None)


@pytest.fixture(scope="session")
def datasets() -> Path:
    """Folder of published measurements: the environment variable DATASETS, or beside the checkout."""
    shared = ROOT.parent / "shared"
    folder = Path(os.environ.get("DATASETS", shared / "datasets"))
    if not folder.is_dir():
        if shared.is_dir():
            pytest.fail(f"the published measurements should lie in {folder}")
        pytest.skip(f"no published measurements: DATASETS is not set, and there is no folder {folder}")
    return folder


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return copy_tree(tmp_path / "clone")


@pytest.fixture(scope="session")
def finished_study(tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    """The small study of ``simulated_study``, run to its report once for all tests. It is for reading only."""
    # Not above: tests that run no study need not wait for Snakemake to be imported.
    import simulated_study
    from built_once import built_once
    from study_folder import StudyFolder

    def build(path: Path) -> None:
        folder = StudyFolder.create(path)
        simulated_study.write_into(folder)
        folder.run()

    return StudyFolder(built_once(tmp_path_factory, "finished_study", build))


@pytest.fixture
def finished(finished_study: StudyFolder, tmp_path: Path) -> StudyFolder:
    """The finished study, to change and run again."""
    return finished_study.linked(tmp_path / "study")


@pytest.fixture
def folder(tmp_path: Path) -> StudyFolder:
    """A folder without results."""
    from study_folder import StudyFolder

    return StudyFolder.create(tmp_path / "study")
