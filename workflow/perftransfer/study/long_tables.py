"""Environments of long tables: files in which a column names the environment of each row."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import re
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TypedDict

import numpy as np
import pandas as pd

from perftransfer.dataset import text_table
from perftransfer.dataset.cells import matching_texts
from perftransfer.dataset.published import Unavailable
from perftransfer.dataset.tables import write_text
from perftransfer.dataset.text_table import TextTable
from perftransfer.errors import UserError
from perftransfer.space.options import Level, level_text
from perftransfer.study.facts import published_file, table_format
from perftransfer.study.sections import NAME, Import, ImportedEnvironment, StudySections

# Attributes of an environment, by name.
_Attributes = Mapping[str, str]
_NUMBERS = ("batch", "image_px")


class _Described(TypedDict):
    """What a file says of an environment. cells: of the columns that name it."""

    cells: list[str]
    attributes: dict[str, str]
    n_configurations: int


def with_environments(sections: StudySections, where: str, downloads: Path) -> StudySections:
    """Return the study with an environment for each value of the columns that name environments.

    Parameters
    ----------
    sections
        Content of the study's file.
    where
        Its name, for messages.
    downloads
        Folder for files that are fetched, and for what was found in them.

    Raises
    ------
    UserError
        If a file is not available (unless the study says to leave its environments out), or not as the study says.
    """
    imports = {}
    for key, mapping in sections.imports.items():
        imports[key] = mapping
        if mapping.environment_values is None:
            continue
        try:
            environments = _environments(mapping, f"{where}: imports.{key}", downloads)
        except Unavailable as error:
            if sections.missing == "stop":
                raise UserError(
                    f"{where}: imports.{key}: {error}. Set DATASETS to a folder that holds the file, or leave its "
                    "environments out: missing: leave_out"
                ) from error
            print(f"The environments of imports.{key} are left out: {error}", file=sys.stderr)
            environments = {}
        imports[key] = mapping.model_copy(update={"environments": environments})
    return sections.model_copy(update={"imports": imports})


def _environments(mapping: Import, where: str, downloads: Path) -> dict[str, ImportedEnvironment]:
    named = mapping.environment_column
    columns = named if isinstance(named, list) else [str(named)]
    attributes = {key: name for key, name in mapping.attributes.model_dump().items() if name is not None}
    takes_all = mapping.environment_values == "all"
    described: dict[tuple[Level, ...], _Described] = {}
    if takes_all or attributes or mapping.min_configurations > 1:
        described = {tuple(each["cells"]): each for each in _read(mapping, columns, attributes, downloads)}
    chosen = list(described) if takes_all else [(value,) for value in mapping.environment_values or ()]
    out: dict[str, ImportedEnvironment] = {}
    for cells in chosen:
        text = " ".join(map(level_text, cells))
        name = re.sub("[^a-z0-9_.-]+", "-", text.lower()).strip("-_.")
        if not re.match(NAME, name) or name in out:
            problem = "becomes the same name as another" if name in out else "has no letter or digit"
            raise UserError(f"{where}: environments: {text!r} {problem}; name the environments by a mapping")
        known: _Attributes = {}
        if described:
            if not takes_all:
                texts = [str(each["cells"][0]) for each in described.values()]
                each = described[tuple(matching_texts(texts, cells[0], f"{where}: environments"))]
            else:
                each = described[cells]
            if each["n_configurations"] < mapping.min_configurations:
                continue
            known = each["attributes"]
        rows = {**mapping.rows, **dict(zip(columns, cells, strict=True))}
        out[name] = _environment(mapping, rows, text, known, f"{where}: environment {name}")
    if not out:
        raise UserError(f"{where}: min_configurations: no environment has {mapping.min_configurations}")
    return out


def _environment(
    mapping: Import, rows: Mapping[str, Level], value: str, known: _Attributes, where: str
) -> ImportedEnvironment:
    numbers: dict[str, int] = {}
    for key in _NUMBERS:
        if text := known.get(key, ""):
            if not re.fullmatch("[1-9][0-9]*", text):
                raise UserError(f"{where}: {key}: found {text!r}, expected a whole number above 0")
            numbers[key] = int(text)
    cores = known.get("cores") or None
    return ImportedEnvironment(
        file=mapping.file,
        address=mapping.address,
        sha256=mapping.sha256,
        rows=dict(rows),
        hardware=known.get("hardware") or value,
        cores=int(cores) if cores is not None and cores.isdecimal() else cores,
        engine=known.get("engine") or None,
        network=known.get("network") or None,
        batch=numbers.get("batch"),
        image_px=numbers.get("image_px"),
    )


def _read(mapping: Import, columns: Sequence[str], attributes: Mapping[str, str], downloads: Path) -> list[_Described]:
    """Return what a file says of each environment.

    Every job reads the study, so what was found is kept, until the file changes.
    """
    probe = ImportedEnvironment(file=mapping.file, address=mapping.address, sha256=mapping.sha256, hardware="")
    form, path, state = table_format(mapping), None, []
    if mapping.sha256 is None:
        path = published_file(probe).locate(downloads)
        state = [str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns]
    option_columns = _option_columns(mapping) if mapping.min_configurations > 1 else []
    facts = [mapping.sha256, state, columns, attributes, mapping.rows, option_columns, asdict(form)]
    request = json.dumps(facts, sort_keys=True)
    stored = downloads / f".{mapping.file}.{hashlib.sha256(request.encode()).hexdigest()[:16]}.json"
    try:
        content: list[_Described] = json.loads(stored.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        path = path or published_file(probe).locate(downloads)
        names = {*columns, *attributes.values(), *mapping.rows}
        # A name with a * stands for columns that are not known before the table is read.
        has_patterns = any("*" in name for name in option_columns)
        only = None if has_patterns else names | set(option_columns)
        table = text_table.read(path, names, form, only=only)
        others = names | {objective.column or name for name, objective in mapping.objectives.items()}
        content = _describe(table, columns, attributes, mapping.rows, option_columns, others)
        write_text(stored, json.dumps(content))
    return content


def _option_columns(mapping: Import) -> list[str]:
    """Return names, or patterns, of the columns of options."""
    return [name for key, option in mapping.options.items() for name in option.columns or [option.column or key]]


def _describe(
    table: TextTable,
    columns: Sequence[str],
    attributes: Mapping[str, str],
    rows: Mapping[str, Level],
    option_columns: Sequence[str],
    others: Collection[str],
) -> list[_Described]:
    """Return the environments of a table in the order of their first rows.

    option_columns: names, or patterns, of the columns that tell configurations apart; none: rows are counted.
    others: columns that are something else.
    """
    positions = np.arange(len(table.frame))
    for name, level in rows.items():
        column = table.column(name)
        texts = matching_texts(list(column.texts), level, f"{table.where}: rows: {name}")
        positions = positions[np.isin(column.at(positions), texts)]
    cells = pd.DataFrame({name: table.column(name).at(positions) for name in columns})
    for name in columns:
        if (cells[name] == "").any():
            row = table.row(int(positions[cells[name] == ""][0]))
            raise UserError(f"{table.where}: {row}: the column {name}, which names the environment, is empty")
    # As in the import, a pattern stands for no column that is something else.
    matched = [
        name
        for name in map(str, table.frame.columns)
        if name in option_columns
        or (name not in others and any(fnmatch.fnmatchcase(name, each) for each in option_columns))
    ]
    out: list[_Described] = []
    for key, group in cells.groupby(list(columns), sort=False):
        texts = [str(text) for text in key]
        here = positions[group.index]
        configurations = pd.DataFrame({name: table.column(name).at(here) for name in matched})
        out.append(
            {
                "cells": texts,
                "attributes": {
                    attribute: _only(table.column(name).distinct(here), table.where, texts, attribute, name)
                    for attribute, name in attributes.items()
                },
                "n_configurations": len(configurations.drop_duplicates()) if matched else len(here),
            }
        )
    return out


def _only(texts: Sequence[str], where: str, environment: Sequence[str], attribute: str, column: str) -> str:
    """Return the text that all rows of an environment have."""
    if len(texts) > 1:
        found = " and ".join(map(repr, texts[:2]))
        raise UserError(f"{where}: environment {' '.join(environment)}: {attribute} (column {column}) is {found}")
    return texts[0]
