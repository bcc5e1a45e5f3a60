"""The how-to pages that show commands, each as it stands."""

from __future__ import annotations

import pages
import pytest
from clones import Clone

pytestmark = [pytest.mark.workflow, pytest.mark.docs]


@pytest.mark.parametrize("page", ["network", "engine", "measurements", "simulator", "strategy"])
def test_a_page_does_what_it_shows(page: str, clone: Clone) -> None:
    pages.run(clone, f"how-to/{page}.md")


def test_what_a_page_shows_is_compared_without_its_numbers() -> None:
    printed = "a-64px: 12 of 24 measured\nthen  3.5 s\n"
    pages.compare(["a-96px: 1 of 2 measured", "then 1 s"], printed)
    pages.compare(["a-1px: … measured"], printed)
    with pytest.raises(AssertionError, match="b-64px"):
        pages.compare(["b-64px: 12 of 24 measured"], printed)
    with pytest.raises(AssertionError, match="12 of 24"):
        pages.compare(["then 1 s", "a-64px: 12 of 24"], printed)
