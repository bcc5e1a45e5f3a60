"""Published tables as environments: found, checked, and mapped to our columns by the study."""

from __future__ import annotations

import hashlib
import http.client
import os
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from perftransfer.dataset import tables
from perftransfer.dataset.tables import configurations_frame
from perftransfer.errors import BadInput, unknown
from perftransfer.space.options import Option, configuration_id, level_text


def locate(name: str, address: str | None, sha256: str, downloads: Path) -> Path:
    """Find a published file by its name, or download it once, and check what it holds.

    Looked for anywhere below the folder that the environment variable DATASETS names (of several by that name, the one
    with the right content), then in ``downloads``, then fetched from ``address`` into ``downloads``, where nothing but
    the right content stays.

    Raises BadInput if it can be had nowhere, or if its SHA-256 is another one.
    """
    folder = os.environ.get("DATASETS")
    if folder and not Path(folder).is_dir():
        raise BadInput(f"DATASETS names {folder}: there is no such folder")
    found = sorted(path for path in Path(folder).rglob(name) if path.is_file()) if folder else []
    candidates = found or [path for path in (downloads / name,) if path.exists()]
    problems = []
    for path in candidates:
        problem = _mismatch(str(path), path.read_bytes(), sha256)
        if problem is None:
            return path
        problems.append(problem)
    if problems:
        raise BadInput("\n".join(problems))
    if address is None:
        raise BadInput(f"{name}: not below the folder DATASETS ({folder or 'not set'}), and no address is given")
    _download(address, downloads / name, sha256)
    return downloads / name


def _mismatch(where: str, content: bytes, sha256: str) -> str | None:
    got = hashlib.sha256(content).hexdigest()
    return None if got == sha256.lower() else f"{where}: SHA-256 is {got}, the study says {sha256.lower()}"


def _download(address: str, path: Path, sha256: str) -> None:
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:
            content = answer.read()
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise BadInput(
            f"{address}: cannot be fetched ({error}); if you have {path.name}, set DATASETS to a folder that holds it"
        ) from error
    problem = _mismatch(address, content, sha256)
    if problem is not None:
        raise BadInput(problem)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Environments of one file are imported side by side: each job has a temporary name of its own.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_bytes(content)
    temporary.replace(path)


def read(path: Path) -> pd.DataFrame:
    """Read a CSV or Parquet file, by its ending."""
    if path.suffix == ".parquet":
        return tables.read(path)
    try:
        # Only an empty cell is empty: "None" may be a level.
        return pd.read_csv(path, keep_default_na=False, na_values=[""])
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: no readable CSV file: {error}") from error


def convert(
    table: pd.DataFrame,
    where: str,
    environment: str,
    *,
    rows: Mapping[str, Any],
    options: Mapping[str, Mapping[str, Any]],
    objectives: Mapping[str, Mapping[str, Any]],
) -> tuple[pd.DataFrame, tuple[Option, ...]]:
    """Map a published table to ours: ``environment, configuration_id``, objectives, options.

    rows: values of columns that pick the rows of this environment. options: for each option its ``column`` (default:
    its name), or ``columns`` to be added up where nested options are one (how many cores are on), ``ordered``,
    ``levels`` in their order (default: those found, sorted), ``default`` (default: the first row's). objectives: for
    each objective its ``column`` and the ``factor`` that turns it into the unit in the objective's name.

    Raises BadInput that names the column or level that is missing, or a configuration that stands twice; rows are
    counted from 1, the first below the header.
    """
    for column, value in rows.items():
        _need(table, column, where)
        table = table[table[column].map(level_text) == level_text(value)]
        if table.empty:
            raise BadInput(f"{where}: environment {environment}: no row has {column} = {value!r}")
    if table.empty:
        raise BadInput(f"{where}: environment {environment}: the table has no rows")
    # What a person counts in the file, whatever rows were picked.
    numbers = [int(position) + 1 for position in table.index]
    table = table.reset_index(drop=True)
    columns: dict[str, pd.Series] = {}
    schema: list[Option] = []
    for name, mapping in options.items():
        parts = mapping.get("columns") or [mapping.get("column") or name]
        for part in parts:
            _need(table, part, where)
        values = table[parts].sum(axis=1, skipna=False) if len(parts) > 1 else table[parts[0]]
        if values.isna().any():
            raise BadInput(f"{where}: row {numbers[int(values.isna().to_numpy().argmax())]}: option {name} is empty")
        columns[name] = values
        schema.append(_option(name, values, mapping, where))
    configurations = pd.DataFrame(columns)
    for option in schema:
        texts = configurations[option.name].map(level_text)
        strange = texts[~texts.isin(option.texts)]
        if len(strange):
            row = numbers[strange.index[0]]
            raise BadInput(unknown(f"{where}: row {row}: {option.name}", "level", strange.iloc[0], option.levels))
        configurations[option.name] = texts.map({text: option.levels[i] for i, text in enumerate(option.texts)})
    records: list[dict[str, Any]] = [
        dict(zip(columns, row, strict=True)) for row in configurations.to_numpy(dtype=object)
    ]
    ids = [configuration_id(record) for record in records]
    frame = configurations_frame({str(i): record for i, record in enumerate(records)}, schema).drop(
        columns="configuration_id"
    )
    head = pd.DataFrame({"environment": environment, "configuration_id": ids})
    for name, mapping in objectives.items():
        column = mapping.get("column") or name
        _need(table, column, where)
        head[name] = pd.to_numeric(table[column], errors="coerce") * float(mapping.get("factor", 1.0))
    twice = head[head["configuration_id"].duplicated()]
    if len(twice):
        raise BadInput(
            f"{where}: environment {environment}: row {numbers[twice.index[0]]} is a configuration that stood before; "
            "does an option or a row selection lack in the mapping?"
        )
    return pd.concat([head, frame], axis=1), tuple(schema)


def _need(table: pd.DataFrame, column: str, where: str) -> None:
    if column not in table:
        raise BadInput(unknown(where, "column", column, table.columns))


def _option(name: str, values: pd.Series, mapping: Mapping[str, Any], where: str) -> Option:
    levels: Sequence[Any] = mapping.get("levels") or sorted(
        {_plain(value) for value in values}, key=lambda level: (isinstance(level, str), level)
    )
    default = mapping.get("default")
    if default is None:
        default = _plain(values.iloc[0])
    if level_text(default) not in map(level_text, levels):
        raise BadInput(unknown(f"{where}: option {name}: default", "level", default, levels))
    return Option(name, tuple(levels), bool(mapping.get("ordered", False)), default)


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
