"""All environments in one table, and one schema for their options."""

from __future__ import annotations

import itertools
import json
from collections.abc import Container, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from perftransfer.dataset import measured, tables
from perftransfer.dataset.option_column import OptionColumn, texts
from perftransfer.dataset.params import EnvironmentDescription
from perftransfer.errors import UserError
from perftransfer.space.options import Level, Option, configuration_id, configuration_ids, level_text
from perftransfer.space.relative import as_compared, column_as_compared

#: Columns of dataset.parquet that describe the environment, before ``configuration_id``.
ENVIRONMENT_COLUMNS = ("environment", "hardware", "emulated", "cores", "engine", "network", "batch", "image_px")


def merge(
    environments: Mapping[str, EnvironmentDescription],
    measured_files: Mapping[str, Path],
    imported_files: Mapping[str, Path],
    objectives: Sequence[str],
    *,
    relative_to_sizes: bool = True,
) -> tuple[Iterator[pd.DataFrame], tuple[Option, ...], dict[str, Level]]:
    """Return one row per (environment, configuration), the schema of the options, and the constant options.

    environments: the description of each, in the order of the study. The rows come as one frame per environment, each
    made when it is asked for: only one environment's measurements are in memory. Constant options are dropped from the
    table and the schema: they have no effect. An option that an environment lacks is inactive in all of its rows;
    then ``configuration_id`` stands for the varying options that are active, and is the same for the same settings.
    So it does if an option is compared relative to a size of the environment (``space.relative``): it is then in the
    schema under the name that says so. Not so options of measured environments alone, if ``relative_to_sizes`` is
    False: environments were measured in the same configurations, few of which would be the same relative to a size.

    Raises UserError if an environment lacks that size.
    """
    files = {name: measured_files.get(name) or imported_files[name] for name in environments}
    if "energy_mj" in objectives:
        for name in files:
            if name in measured_files:
                _check_energy(name, files[name])
    own_schemas = {name: tables.options(path) for name, path in files.items()}
    saying = (schema for name, schema in own_schemas.items() if relative_to_sizes or name not in measured_files)
    sizes = {option.name: option.relative_to for schema in saying for option in schema if option.relative_to}
    views = {
        name: _View([option for option in schema if option.name in sizes], sizes, environments[name], name)
        for name, schema in own_schemas.items()
    }
    schemas = [tuple(map(views[name].option, schema)) for name, schema in own_schemas.items()]
    columns = [OptionColumn(option) for option in common_schema(schemas)]
    for (name, path), schema in zip(files.items(), own_schemas.values(), strict=True):
        levels = tables.distinct(path, [option.name for option in schema])
        for column in columns:
            column.add(views[name].levels(levels).get(column.option.name))
    _check_names([column.option.name for column in columns], objectives)
    varying = {column.option.name: column for column in columns if column.varies}
    constant = {column.option.name: column.constant for column in columns if not column.varies}
    types = _types_of_values(objectives, files, measured_files)
    unlike = bool(sizes) or any(len(schema) < len(columns) for schema in schemas)

    def frame_of(name: str, description: EnvironmentDescription) -> pd.DataFrame:
        own = [option.name for option in own_schemas[name] if views[name].option(option).name in varying]
        rows = views[name].table(_rows(files[name], own, objectives, name in measured_files).astype(types))
        options = {option: column.stored(rows.get(option), len(rows)) for option, column in varying.items()}
        facts = {column: description.get(column) for column in ENVIRONMENT_COLUMNS} | {"environment": name}
        frame = pd.DataFrame(
            {column: pd.Series([value] * len(rows), dtype=_TYPES[column]) for column, value in facts.items()}
            | {"configuration_id": rows["configuration_id"], **options}
            | {column: rows[column] for column in types}
        )
        if unlike:
            # Without the constant ones, the same settings have other digits in each environment.
            active = {option: texts(values) for option, values in options.items()}
            frame["configuration_id"] = configuration_ids(active) if active else configuration_id({})
            frame = frame.sort_values("configuration_id", kind="stable")
        return frame

    frames: Iterator[pd.DataFrame] = (frame_of(name, description) for name, description in environments.items())
    if not environments:
        # A target that is searched without sources.
        frames = iter([_empty(types)])
    return frames, tuple(column.option for column in varying.values()), constant


def _empty(types: Mapping[str, str]) -> pd.DataFrame:
    return pd.DataFrame(columns=[*ENVIRONMENT_COLUMNS, "configuration_id", *types]).astype(
        {column: _TYPES[column] for column in ENVIRONMENT_COLUMNS} | {"configuration_id": "str", **types}
    )


class _View:
    """Options of an environment as they are compared: some relative to its sizes.

    relative: those that are, in its own schema. sizes: what each is relative to, by name.
    """

    def __init__(
        self,
        relative: Sequence[Option],
        sizes: Mapping[str, str],
        description: EnvironmentDescription,
        environment: str,
    ) -> None:
        self._relative = {option.name: (option, sizes[option.name]) for option in relative}
        self._sizes = {}
        for option, size in self._relative.values():
            self._sizes[option.name] = size_of(description, size, f"environment {environment}: option {option.name}")

    def option(self, option: Option) -> Option:
        """Return an option as it is compared."""
        if option.name not in self._relative:
            return option
        return as_compared(option, self._relative[option.name][1], self._sizes[option.name])

    def table(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return a table with columns of options as they are compared."""
        for name, (option, size) in self._relative.items():
            if name in rows:
                rows = column_as_compared(rows, option, size, self._sizes[name])
        return rows

    def levels(self, distinct: Mapping[str, pd.Series]) -> dict[str, pd.Series]:
        """Return the different levels of each option as they are compared."""
        out = {}
        for name, levels in distinct.items():
            compared = self.table(pd.DataFrame({name: levels}))
            out[str(compared.columns[0])] = compared.iloc[:, 0]
        return out


def size_of(description: EnvironmentDescription, size: str, where: str) -> int:
    """Return a size of an environment.

    Raises UserError if it is not known.
    """
    value = description.get("n_cores" if size == "cores" else size)
    if not isinstance(value, int):
        raise UserError(f"{where} is compared relative to {size}, which is not known there; give it as a number")
    return value


def import_remarks(imported_files: Mapping[str, Path]) -> list[str]:
    """Return what was dropped, summarised or found out when published tables were imported; each remark once."""
    remarks = (json.loads(tables.metadata(path).get("remarks", "[]")) for path in imported_files.values())
    return list(dict.fromkeys(itertools.chain.from_iterable(remarks)))


def check_objectives(dataset: Path, objectives: Sequence[str], *, several: bool) -> list[str]:
    """Check how many environments of a dataset have each objective, and say which lack one.

    Raises UserError if there are none, or if ``several`` and there is only one, so that nothing can be compared.
    """
    table, remarks = tables.PartitionedTable(dataset), []
    for objective in objectives:
        measured_in = table.with_values(objective)
        lacking = [name for name in table.environments if name not in measured_in]
        if len(measured_in) < 1 + several:
            where = f"only in {measured_in[0]}" if measured_in else "in no environment"
            raise UserError(f"objective {objective} was measured {where}; remove it from the study's objectives")
        if lacking:
            names = ", ".join(lacking[:3]) + " ..." * (len(lacking) > 3)
            remarks.append(f"{objective} was not measured in {len(lacking)} of {len(table.environments)}: {names}")
    return remarks


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


def columns_of(objective: str) -> tuple[str, str, str]:
    """Columns of an objective in the dataset: value, spread over processes, number of processes."""
    return objective, f"{objective}_cv", f"{objective}_n"


def columns_of_dataset(objectives: Sequence[str]) -> set[str]:
    """Return names that no option can have: columns of the dataset, and those of imported environments."""
    values = (name for objective in objectives for name in columns_of(objective))
    return {*ENVIRONMENT_COLUMNS, "configuration_id", "status", "error", *values}


def _check_names(options: Sequence[str], objectives: Sequence[str]) -> None:
    """Raise UserError for an option with the name of another column of the dataset."""
    others = columns_of_dataset(objectives)
    for name in options:
        if name in others:
            raise UserError(f"option {name}: a column of the dataset has that name; give it another one")


def _check_energy(environment: str, path: Path) -> None:
    """Raise UserError if an environment has no energy at all. The measurements are kept."""
    reasons = [str(reason) for reason in tables.distinct(path, ["energy_missing"])["energy_missing"].dropna()]
    if reasons and tables.read(path, ["energy_mj"])["energy_mj"].isna().all():
        raise UserError(
            f"environment {environment}: energy_mj could not be measured ({'; '.join(reasons)}); remove it from the "
            "study's objectives"
        )


def _types_of_values(
    objectives: Sequence[str], files: Mapping[str, Path], measured_files: Container[str]
) -> dict[str, str]:
    """Types of the columns of values; numbers of processes are integers if no row lacks one."""
    complete = all(name in measured_files and _complete(path) for name, path in files.items())
    types: dict[str, str] = {}
    for objective in objectives:
        value, spread, number = columns_of(objective)
        counted = complete and all(objective in tables.columns(path) for path in files.values())
        types |= {value: "float64", spread: "float64", number: "int64" if counted else "float64"}
    return types


def _complete(path: Path) -> bool:
    """Whether a process of every measured configuration came to an end."""
    if set(tables.distinct(path, ["status"])["status"]) <= {"ok"}:
        return True
    frame = tables.read(path, ["configuration_id", "status"])
    ended = frame.loc[frame["status"] == "ok", "configuration_id"]
    return bool(frame["configuration_id"].nunique() == ended.nunique())


def _rows(path: Path, options: Sequence[str], objectives: Sequence[str], is_measured: bool) -> pd.DataFrame:
    """One row per configuration, sorted: ``configuration_id``, those options that the environment has, and values."""
    value_columns = [column for objective in objectives for column in columns_of(objective)]
    columns = ["configuration_id", *options, *(objectives if is_measured else value_columns)]
    frame = tables.read(path, [*columns, "status", "disturbed"] if is_measured else columns)
    if is_measured:
        values = measured.per_configuration(frame, [objective for objective in objectives if objective in frame])
    else:
        # Aggregated already; of values that were published as such, spread and number of processes are unknown.
        values = frame.set_index("configuration_id")[[column for column in value_columns if column in frame]]
    configurations = frame.drop_duplicates("configuration_id").set_index("configuration_id")
    rows = configurations[[name for name in options if name in frame]].join(values.reindex(columns=value_columns))
    return rows.sort_index().reset_index()


def common_schema(schemas: Sequence[tuple[Option, ...]]) -> tuple[Option, ...]:
    """Unite the schemas by name: options and levels that only some environments have are put in their order.

    An option that some environment lacks is conditional: there it is inactive. One is ordered if it is everywhere.
    """
    names: list[str] = []
    for schema in schemas:
        _insert(names, [option.name for option in schema])
    out = []
    for name in names:
        variants = [option for schema in schemas for option in schema if option.name == name]
        first = variants[0]
        levels = list(first.levels)
        for option in variants[1:]:
            _insert(levels, option.levels)
        if len(levels) > len(first.levels) and all(isinstance(level, int | float) for level in levels):
            levels.sort(key=float)
        conditional = len(variants) < len(schemas) or any(option.conditional for option in variants)
        ordered = all(option.ordered for option in variants)
        out.append(Option(name, tuple(levels), ordered, first.default, conditional))
    return tuple(out)


def _insert(levels: list[Any], others: Sequence[Any]) -> None:
    """Insert what ``levels`` lacks of ``others``, each after the level that precedes it there."""
    known_texts = [level_text(level) for level in levels]
    position = len(levels)
    for level in others:
        text = level_text(level)
        if text in known_texts:
            position = known_texts.index(text) + 1
        else:
            levels.insert(position, level)
            known_texts.insert(position, text)
            position += 1
