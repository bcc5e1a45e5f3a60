"""Wording, held by one text file per page: a change of words is one accepted snapshot.

    PERFTRANSFER_ACCEPT=1 python -m pytest tests/report

writes the files anew; look at their difference before committing it.
"""

from __future__ import annotations

import os
from html.parser import HTMLParser
from pathlib import Path

FOLDER = Path(__file__).parent / "snapshots"
_HIDDEN = {"script", "style", "svg"}
_BLOCKS = {"p", "li", "h1", "h2", "h3", "h4", "caption", "tr", "figcaption", "summary", "section", "pre", "label"}


class Text(HTMLParser):
    """The text of a page, a line for each block."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.hidden = 0
        self.lines = [""]
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hidden += tag in _HIDDEN
        if tag in _BLOCKS:
            self.lines.append("")
        elif tag in {"td", "th"}:
            self.lines[-1] += " | "

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in _HIDDEN
        if tag in _BLOCKS:
            self.lines.append("")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.lines[-1] += data

    def text(self) -> str:
        lines = (" ".join(line.split()) for line in self.lines)
        return "\n".join(line for line in lines if line.strip(" |")) + "\n"


def check(name: str, text: str) -> None:
    """Compare a text with the file of that name, or write it if changes are accepted."""
    path = FOLDER / f"{name}.txt"
    if os.environ.get("PERFTRANSFER_ACCEPT"):
        FOLDER.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"if this is intended: PERFTRANSFER_ACCEPT=1 writes {path}"
