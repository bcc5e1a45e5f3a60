"""All environments in one table, and one schema for their options."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from perftransfer.dataset import measured, tables
from perftransfer.errors import BadInput
from perftransfer.space.options import INACTIVE, Level, Option, configuration_id, level_text

#: Columns of dataset.parquet that describe the environment, before ``configuration_id``.
ENVIRONMENT_COLUMNS = ("environment", "hardware", "emulated", "cores", "engine", "network", "batch", "image_px")


def merge(
    environments: Mapping[str, Mapping[str, Any]],
    measured_files: Mapping[str, Path],
    imported_files: Mapping[str, Path],
    objectives: Sequence[str],
) -> tuple[pd.DataFrame, tuple[Option, ...], dict[str, Level]]:
    """Return one row per (environment, configuration), the schema of the options, and the options that never vary.

    environments: the description of each, in the order of the study. Constant options are dropped from the table and
    the schema: they can decide nothing. An option that an environment lacks is inactive in all of its rows; then
    ``configuration_id`` stands for the varying options that are active, and is the same for the same settings.
    """
    frames = []
    schemas = []
    for name, description in environments.items():
        path = measured_files.get(name) or imported_files[name]
        frame, schema = tables.read(path), tables.options(path)
        options = [option.name for option in schema]
        configurations = frame.drop_duplicates("configuration_id").set_index("configuration_id")[options]
        if name in measured_files and "energy_mj" in objectives:
            _check_energy(name, frame)
        values = (
            _values(frame, objectives)
            if name in measured_files
            else _published(frame.set_index("configuration_id"), objectives)
        )
        rows = configurations.join(values).sort_index().reset_index()
        for column in reversed(ENVIRONMENT_COLUMNS):
            value = name if column == "environment" else description.get(column)
            rows.insert(0, column, pd.Series([value] * len(rows), dtype=_TYPES[column]))
        frames.append(rows)
        schemas.append(schema)
    schema = _common(schemas)
    dataset = pd.concat(frames, ignore_index=True)
    constant: dict[str, Level] = {}
    varying = []
    for option in schema:
        dataset[option.name] = dataset[option.name].where(dataset[option.name].notna(), INACTIVE)
        texts = dataset[option.name].map(level_text)
        # A level that is the only one wherever the option exists decides nothing either.
        if _differs(texts) or texts.groupby(dataset["environment"]).nunique().max() > 1:
            varying.append(option)
            if dataset[option.name].dtype == object:
                # One environment has it as text, another as numbers; a column has one type.
                dataset[option.name] = texts.astype("str")
        else:
            active = texts[texts != INACTIVE]
            constant[option.name] = option.levels[option.code(active.iloc[0])] if len(active) else INACTIVE
    if any({option.name for option in own} != {option.name for option in schema} for own in schemas):
        # Of unlike options, and without the constant ones, the same settings have other digits in each environment.
        names = [option.name for option in varying]
        dataset["configuration_id"] = [
            configuration_id(
                {name: level for name, level in zip(names, row, strict=True) if level_text(level) != INACTIVE}
            )
            for row in dataset[names].itertuples(index=False)
        ]
        dataset = dataset.sort_values(["environment", "configuration_id"], key=_in_order(list(environments)))
    values_columns = [column for objective in objectives for column in _columns_of(objective)]
    order = [*ENVIRONMENT_COLUMNS, "configuration_id", *(option.name for option in varying), *values_columns]
    return dataset[order], tuple(varying), constant


def mixed_hosts(measured_files: Mapping[str, Path]) -> list[str]:
    """Say which environments were measured in several states of their machine, and what differed."""
    said = []
    for name, path in measured_files.items():
        changes = json.loads(tables.metadata(path).get("host_changes", "{}"))
        for fact, values in changes.items():
            said.append(f"environment {name}: measured with more than one {fact}: {'; '.join(map(str, values))}")
    return said


_TYPES = {
    "environment": "str",
    "hardware": "str",
    "emulated": "boolean",
    "cores": "str",
    "engine": "str",
    "network": "str",
    "batch": "Int64",
    "image_px": "Int64",
}


def _columns_of(objective: str) -> tuple[str, str, str]:
    return objective, f"{objective}_cv", f"{objective}_n"


def _values(frame: pd.DataFrame, objectives: Sequence[str]) -> pd.DataFrame:
    parts = [
        measured.per_configuration(frame, objective) if objective in frame else _missing(objective)
        for objective in objectives
    ]
    return pd.concat(parts, axis=1)


def _check_energy(environment: str, frame: pd.DataFrame) -> None:
    """Raise BadInput if an environment has no energy at all; the measurements themselves stay."""
    reasons = [str(reason) for reason in frame["energy_missing"].dropna().unique()]
    if reasons and frame["energy_mj"].isna().all():
        raise BadInput(
            f"environment {environment}: energy_mj could not be measured ({'; '.join(reasons)}); leave it out of the "
            "study's objectives: there are no estimates here"
        )


def _missing(objective: str) -> pd.DataFrame:
    return pd.DataFrame({column: pd.Series(dtype="float64") for column in _columns_of(objective)})


def _published(frame: pd.DataFrame, objectives: Sequence[str]) -> pd.DataFrame:
    """Published values are aggregated already: no spread, and nobody knows over how many processes."""
    return pd.DataFrame(
        {
            column: frame[objective] if column == objective and objective in frame else float("nan")
            for objective in objectives
            for column in _columns_of(objective)
        },
        index=frame.index,
    )


def _common(schemas: Sequence[tuple[Option, ...]]) -> tuple[Option, ...]:
    """Unite the schemas by name: options and levels that only some environments have are put in their order.

    An option that some environment lacks is conditional: there it is inactive. One is ordered if it is everywhere.
    """
    names: list[str] = []
    for schema in schemas:
        _insert(names, [option.name for option in schema])
    out = []
    for name in names:
        found = [option for schema in schemas for option in schema if option.name == name]
        first = found[0]
        levels = list(first.levels)
        for option in found[1:]:
            _insert(levels, option.levels)
        if len(levels) > len(first.levels) and all(isinstance(level, int | float) for level in levels):
            levels.sort(key=float)
        conditional = len(found) < len(schemas) or any(option.conditional for option in found)
        ordered = all(option.ordered for option in found)
        out.append(Option(name, tuple(levels), ordered, first.default, conditional))
    return tuple(out)


def _in_order(environments: Sequence[str]) -> Callable[[pd.Series], pd.Series]:
    """Sort key: environments as the study has them, configurations by their digits."""
    places = {name: i for i, name in enumerate(environments)}
    return lambda column: column.map(places) if column.name == "environment" else column


def _differs(texts: pd.Series) -> bool:
    """Whether an option has several levels, apart from being inactive."""
    return len(set(texts) - {INACTIVE}) > 1


def _insert(levels: list[Any], others: Sequence[Any]) -> None:
    """Insert what ``levels`` lacks of ``others``, each behind the level that stands before it there."""
    known = [level_text(level) for level in levels]
    place = len(levels)
    for level in others:
        text = level_text(level)
        if text in known:
            place = known.index(text) + 1
        else:
            levels.insert(place, level)
            known.insert(place, text)
            place += 1
