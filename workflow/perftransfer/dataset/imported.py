"""Published tables as environments, mapped to columns of the dataset by the study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from perftransfer.dataset import tables
from perftransfer.dataset.params import ObjectiveMapping, OptionMapping
from perftransfer.dataset.tables import option_columns
from perftransfer.errors import UserError, unknown
from perftransfer.space.options import Level, Option, configuration_id, level_text
from perftransfer.space.relative import is_number


def read(path: Path) -> pd.DataFrame:
    """Read a CSV or Parquet file, by its ending."""
    if path.suffix == ".parquet":
        return tables.read(path)
    try:
        # Only an empty cell is empty: "None" may be a level.
        return pd.read_csv(path, keep_default_na=False, na_values=[""])
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: not a readable CSV file: {error}") from error


def convert(
    table: pd.DataFrame,
    where: str,
    environment: str,
    *,
    rows: Mapping[str, Level],
    options: Mapping[str, OptionMapping],
    objectives: Mapping[str, ObjectiveMapping],
) -> tuple[pd.DataFrame, tuple[Option, ...], dict[str, list[Level]]]:
    """Map a published table to ours: ``environment, configuration_id``, objectives, options.

    rows: values of columns that pick the rows of this environment. options, objectives: by name.

    Returns the table, the schema of its options, and for options by rank what the ranks stand for.

    Raises UserError that names the column or level that is missing, or a duplicate configuration; rows are
    counted from 1, the first below the header.
    """
    for column, value in rows.items():
        _need(table, column, where)
        table = table[table[column].map(level_text) == level_text(value)]
        if table.empty:
            raise UserError(f"{where}: environment {environment}: no row has {column} = {value!r}")
    if table.empty:
        raise UserError(f"{where}: environment {environment}: the table has no rows")
    # As counted in the file, before rows were picked.
    numbers = [int(position) + 1 for position in table.index]
    table = table.reset_index(drop=True)
    columns: dict[str, pd.Series] = {}
    schema: list[Option] = []
    for name, mapping in options.items():
        parts = list(mapping.columns or [mapping.column or name])
        for part in parts:
            _need(table, part, where)
        values = table[parts].sum(axis=1, skipna=False) if len(parts) > 1 else table[parts[0]]
        if values.isna().any():
            raise UserError(f"{where}: row {numbers[int(values.isna().to_numpy().argmax())]}: option {name} is empty")
        if mapping.factor is not None:
            wrong = [i for i, value in enumerate(values) if not _is_number(value)]
            if wrong:
                problem = f"option {name} is {_plain(values.iloc[wrong[0]])!r}; a factor needs numbers"
                raise UserError(f"{where}: row {numbers[wrong[0]]}: {problem}")
            # Twelve digits: levels converted from another unit must be equal despite rounding.
            values = values.map(lambda value, factor=float(mapping.factor): float(f"{float(value) * factor:.12g}"))
        columns[name] = values
        schema.append(_option(name, values, mapping, where))
    configurations = pd.DataFrame(columns)
    ranked: dict[str, list[Level]] = {}
    for i, option in enumerate(schema):
        texts = configurations[option.name].map(level_text)
        strange = texts[~texts.isin(option.texts)]
        if len(strange):
            row = numbers[strange.index[0]]
            raise UserError(unknown(f"{where}: row {row}: {option.name}", "level", strange.iloc[0], option.levels))
        if options[option.name].by_rank:
            ranked[option.name] = list(option.levels)
            schema[i] = _by_rank(option)
        levels = dict(zip(option.texts, schema[i].levels, strict=True))
        configurations[option.name] = texts.map(levels)
    records: list[dict[str, Level | None]] = [
        dict(zip(columns, row, strict=True)) for row in configurations.to_numpy(dtype=object)
    ]
    ids = [configuration_id(record) for record in records]
    frame = option_columns(records, schema)
    head = pd.DataFrame({"environment": environment, "configuration_id": ids})
    for name, objective in objectives.items():
        column = objective.column or name
        _need(table, column, where)
        head[name] = pd.to_numeric(table[column], errors="coerce") * float(objective.factor)
    duplicates = head[head["configuration_id"].duplicated()]
    if len(duplicates):
        raise UserError(
            f"{where}: environment {environment}: row {numbers[duplicates.index[0]]} is a duplicate configuration; "
            "is an option or a row selection missing in the mapping?"
        )
    return pd.concat([head, frame], axis=1), tuple(schema), ranked


def _is_number(value: Any) -> bool:
    number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    return number and bool(np.isfinite(value))


def _need(table: pd.DataFrame, column: str, where: str) -> None:
    if column not in table:
        raise UserError(unknown(where, "column", column, table.columns))


def _option(name: str, values: pd.Series, mapping: OptionMapping, where: str) -> Option:
    levels: Sequence[Any] = mapping.levels or sorted(
        {_plain(value) for value in values}, key=lambda level: (isinstance(level, str), level)
    )
    default = mapping.default
    if default is None:
        default = _plain(values.iloc[0])
    if level_text(default) not in map(level_text, levels):
        raise UserError(unknown(f"{where}: option {name}: default", "level", default, levels))
    if mapping.relative_to:
        wrong = [level for level in levels if not is_number(level)]
        if wrong:
            raise UserError(f"{where}: option {name} is {wrong[0]!r}; relative_to needs numbers above 0")
    return Option(name, tuple(levels), mapping.ordered, default, relative_to=mapping.relative_to or "")


def _by_rank(option: Option) -> Option:
    """Return the option with ranks for levels (Iqbal et al. 2019, sec. 3).

    Clocks of different boards become the same option.
    """
    ranks = tuple(range(1, len(option.levels) + 1))
    return Option(option.name, ranks, option.ordered, ranks[option.code(option.default)])


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
