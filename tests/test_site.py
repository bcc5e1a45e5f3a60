"""The documentation as a site: it builds without a warning, and no page of it asks another machine for anything."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from built_once import built_once
from tests_root import ROOT

pytestmark = pytest.mark.docs

#: What a browser loads by itself: scripts, styles, fonts, images. Links that people click may lead anywhere.
LOADED = re.compile(
    r"""<(?:script|img|iframe|source|link)\b[^>]*\b(?:src|href)=["']?(?:https?:)?//|@import|url\(["']?(?:https?:)?//"""
)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as ``make site`` does."""
    return built_once(tmp_path_factory, "site", build) / "html"


def build(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "--keep-going", "-d", folder / "doctrees",
         "docs", folder / "html"],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_every_page_is_in_the_site(site: Path) -> None:
    pages = [path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")]
    assert len(pages) > 3
    for page in pages:
        assert (site / page.with_suffix(".html")).is_file(), page


def test_nothing_is_loaded_from_another_machine(site: Path) -> None:
    files = [path for path in site.rglob("*") if path.suffix in {".html", ".css"}]
    assert len(files) > 5
    requests = [(path.name, match[0]) for path in files for match in LOADED.finditer(path.read_text("utf-8"))]
    assert requests == []
