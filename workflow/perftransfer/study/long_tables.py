"""Environments of long tables: files in which a column names the environment of each row."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

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
    column = str(mapping.environment_column)
    attributes = {key: name for key, name in mapping.attributes.model_dump().items() if name is not None}
    values: list[Level]
    if mapping.environment_values == "all" or attributes:
        attributes_by_value = _read(mapping, column, attributes, downloads)
        values = (
            [*attributes_by_value] if mapping.environment_values == "all" else list(mapping.environment_values or ())
        )
    else:
        values, attributes_by_value = list(mapping.environment_values or ()), {}
    out: dict[str, ImportedEnvironment] = {}
    for value in values:
        name = re.sub("[^a-z0-9_.-]+", "-", level_text(value).lower()).strip("-_.")
        if not re.match(NAME, name) or name in out:
            problem = "becomes the same name as another" if name in out else "has no letter or digit"
            raise UserError(
                f"{where}: environments: {level_text(value)!r} {problem}; name the environments by a mapping"
            )
        known: _Attributes = {}
        if attributes_by_value:
            (text,) = matching_texts(list(attributes_by_value), value, f"{where}: environments")
            known = attributes_by_value[text]
        out[name] = _environment(mapping, {column: value}, level_text(value), known, f"{where}: environment {name}")
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


def _read(mapping: Import, column: str, attributes: Mapping[str, str], downloads: Path) -> dict[str, _Attributes]:
    """Return the attributes of each environment of a file, by what the column says.

    Every job reads the study, so what was found is kept, until the file changes.
    """
    probe = ImportedEnvironment(file=mapping.file, address=mapping.address, sha256=mapping.sha256, hardware="")
    form, path, state = table_format(mapping), None, []
    if mapping.sha256 is None:
        path = published_file(probe).locate(downloads)
        state = [str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns]
    request = json.dumps([mapping.sha256, state, column, attributes, asdict(form)], sort_keys=True)
    stored = downloads / f".{mapping.file}.{hashlib.sha256(request.encode()).hexdigest()[:16]}.json"
    try:
        content: dict[str, _Attributes] = json.loads(stored.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        path = path or published_file(probe).locate(downloads)
        names = {column, *attributes.values()}
        content = _attributes(text_table.read(path, names, form, only=names), column, attributes)
        write_text(stored, json.dumps(content))
    return content


def _attributes(table: TextTable, column: str, attributes: Mapping[str, str]) -> dict[str, _Attributes]:
    environments = table.column(column)
    everywhere = np.arange(len(environments.codes))
    if "" in environments.texts:
        row = table.row(environments.first(everywhere, ""))
        raise UserError(f"{table.where}: {row}: the column {column}, which names the environment, is empty")
    out: dict[str, dict[str, str]] = {text: {} for text in environments.distinct(everywhere)}
    for key, name in attributes.items():
        cells = table.column(name)
        pairs = pd.DataFrame({"environment": environments.codes, "cell": cells.codes}).drop_duplicates()
        several = pairs[pairs["environment"].duplicated()]
        if len(several):
            text = environments.texts[several["environment"].iloc[0]]
            first = [
                cells.texts[code] for code in pairs.loc[pairs["environment"] == several["environment"].iloc[0], "cell"]
            ]
            raise UserError(
                f"{table.where}: environment {text}: {key} (column {name}) is {' and '.join(map(repr, first[:2]))}"
            )
        for environment, cell in pairs.itertuples(index=False):
            out[environments.texts[environment]][key] = str(cells.texts[cell])
    return dict(out)
