"""Pages of the documentation as scripts: what they show is what they do.

All blocks marked ``sh`` of a page are one script of bash, which ends at the first command that fails. A block marked
``text`` right after one of them is what it prints: each line of it has to be found in the output, in this order, where
any number stands for any other, any white space for any other, and … for anything. The output may have more lines.
Blocks of any other kind are not run.
"""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from clones import Clone
from tests_root import ROOT

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
_NUMBER = r"\d+(?:[.,]\d+)*"
_MARK = "-- block of the page"


@dataclass
class Step:
    """A block of commands, and the lines that it is said to print."""

    commands: str
    shown: list[str] = field(default_factory=list)
    printed: str = ""


def steps(page: str) -> list[Step]:
    """Read the steps of a page, named by its path below docs/."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    out: list[Step] = []
    end = 0
    for block in _BLOCK.finditer(text):
        kind, content = block.groups()
        if kind == "sh":
            out.append(Step(content))
        elif kind == "text" and out:
            assert not text[end : block.start()].strip(), f"{page}: a block of text that follows no commands"
            out[-1].shown = [line for line in content.splitlines() if line.strip(" …")]
        end = block.end() if kind in ("sh", "text") else end
    assert out, f"{page} has no commands"
    return out


def run(clone: Clone, page: str) -> list[Step]:
    """Do what a page says, in a copy of the project, and compare what is printed with what it shows."""
    _lend_environment(clone.path / ".venv")
    found = steps(page)
    script = clone.path.parent / "page.sh"
    script.write_text("\n".join(f"echo '{_MARK}'\n{step.commands}" for step in found))
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", script],
        cwd=clone.path,
        env=clone.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
        check=False,
    )
    printed = done.stdout.split(f"{_MARK}\n")[1:]
    assert done.returncode == 0, f"{page}:\n{found[len(printed) - 1].commands}\n{printed[-1][-3000:]}"
    for step, output in zip(found, printed, strict=True):
        step.printed = output
        compare(step.shown, output)
    return found


def compare(shown: list[str], printed: str) -> None:
    """Fail if a line is not found in what was printed after the line before it."""
    at = 0
    for line in shown:
        match = re.compile(_pattern(line)).search(printed, at)
        assert match, f"{line!r} is not in\n{printed}"
        at = match.end()


def _pattern(line: str) -> str:
    out = ""
    for part in re.split(rf"({_NUMBER}|\s*…\s*|\s+)", line.strip()):
        if "…" in part:
            out += r"[^\n]*?"
        elif part.isspace():
            out += r"\s+"
        else:
            out += _NUMBER if part[:1].isdigit() else re.escape(part)
    return out


def _lend_environment(path: Path) -> None:
    """Have the copy find the environment of the tests as its own, installed: tests install nothing."""
    path.mkdir()
    for entry in Path(sys.prefix).iterdir():
        if entry.name not in ("installed", "installed-dev"):
            (path / entry.name).symlink_to(entry)
    (path / "installed").touch()
