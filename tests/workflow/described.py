"""Whether docs/reference/files.md describes what a run has written: every file, every column, and no others."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import yaml
from tests_root import ROOT

from perftransfer.dataset import tables

PAGE = "docs/reference/files.md"


def check(results: Path) -> set[str]:
    """Compare the page with the files below ``results/<study>``; return the headings of the sections that were used."""
    sections, others = _read()
    objectives = yaml.safe_load((results / "study.yaml").read_text())["objectives"]
    used = set()
    # Hidden ones are Snakemake's, or parts of what is not finished.
    for path in sorted(path for path in results.rglob("[!.]*") if path.is_file()):
        name = path.relative_to(results).as_posix()
        found = [heading for heading in sections if any(_matches(pattern, name) for pattern in _code(heading))]
        if path.suffix not in (".parquet", ".csv"):
            assert not found and any(_matches(pattern, name) for pattern in others), f"{name} is not in {PAGE}"
            continue
        assert len(found) == 1, f"{name} is described in {PAGE} by {found or 'nothing'}"
        used.add(found[0])
        _compare(name, path, sections[found[0]], objectives)
    return used


def _compare(name: str, path: Path, described: dict[str, bool], objectives: list[str]) -> None:
    if path.suffix == ".parquet":
        columns = list(tables.read(path).columns)
        options = [option.name for option in tables.options(path)] if "<option>" in described else []
    else:
        columns, options = list(pd.read_csv(path, nrows=0).columns), []
    fixed = {
        column.replace("<objective>", objective): always
        for column, always in described.items()
        if column != "<option>"
        for objective in (objectives if "<objective>" in column else [""])
    }
    assert len(set(columns)) == len(columns)
    expected = {column for column, always in fixed.items() if always or column in columns}
    assert expected | set(options) == set(columns), f"{name}, as {PAGE} describes it"


def _read() -> tuple[dict[str, dict[str, bool]], list[str]]:
    """Columns by heading, with whether they are always there, and the names of files that are no tables."""
    head, *parts = (ROOT / PAGE).read_text(encoding="utf-8").split("\n### ")
    sections = {}
    for part in parts:
        heading, _, text = part.partition("\n")
        rows = re.findall(r"^\| (`.*?) \| (.*) \|$", text, flags=re.MULTILINE)
        sections[heading] = {column: "only if" not in meaning for cell, meaning in rows for column in _code(cell)}
        assert sections[heading], heading
    others = [name for cell in re.findall(r"^\| (`.*?) \|", head, flags=re.MULTILINE) for name in _code(cell)]
    return sections, others


def _code(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def _matches(pattern: str, name: str) -> bool:
    parts = re.split(r"(<\w+>)", pattern)
    holes = {"<log>": ".+"}
    return bool(
        re.fullmatch(
            "".join(holes.get(part, "[^/]+") if part.startswith("<") else re.escape(part) for part in parts), name
        )
    )
