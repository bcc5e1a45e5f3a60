"""The tutorial, from the installed clone to `What to run`, as it stands: real measurements on the machine at hand."""

from __future__ import annotations

import re

import pages
import pytest
from clones import Clone
from tests_root import ROOT

pytestmark = [pytest.mark.workflow, pytest.mark.docs]


def test_the_tutorial_does_what_it_says(clone: Clone) -> None:
    pages.run(clone, "tutorial.md")
    page = (clone.path / "results/tutorial/report.html").read_text()
    section = page[page.index('<section id="recommendation">') : page.index('<section id="findings">')]
    said = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", section))
    quoted = re.findall(r"^> (.*)$", (ROOT / "docs/tutorial.md").read_text(), flags=re.MULTILINE)
    assert len(quoted) == 4
    if "no configuration is expected to be better than the default" in said:
        quoted = [quoted[0], quoted[3]]
    # Which of the two was faster is for the machine to say.
    pages.compare([re.sub(r"lower|higher", "…", line) for line in quoted], said)
