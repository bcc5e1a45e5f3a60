"""Published tables as environments, mapped to columns of the dataset by the study."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from perftransfer.dataset import cells, number_format, text_table
from perftransfer.dataset.merge import columns_of
from perftransfer.dataset.number_format import NumberFormat
from perftransfer.dataset.params import EnvironmentRows, ImportParams, ObjectiveMapping, OptionMapping
from perftransfer.dataset.published import PublishedFile
from perftransfer.dataset.tables import option_columns
from perftransfer.dataset.text_table import TextColumn, TextTable
from perftransfer.errors import UserError, unknown
from perftransfer.space.options import Level, Option, configuration_id, level_text
from perftransfer.space.relative import is_positive

# Cells that a message names.
_NAMED = 3


@dataclass(frozen=True, eq=False)
class ImportedEnvironment:
    """An environment of a published table.

    frame: ``environment, configuration_id``, objectives, options, a row per configuration; of objectives measured more
    than once also spread and number (``columns_of``), and if a configuration failed, ``status`` and ``error``. ranked:
    what the ranks of options by rank stand for. remarks: what was dropped, summarised or found out.
    """

    frame: pd.DataFrame
    options: tuple[Option, ...]
    ranked: Mapping[str, Sequence[Level]]
    remarks: Sequence[str]


def read(params: ImportParams, downloads: Path) -> dict[str, TextTable]:
    """Read the files of an import, each once; see ``PublishedFile`` for where they are looked for.

    Raises
    ------
    UserError
        If a file is not available, or is not a readable table.
    """
    named = named_columns(params)
    return {
        name: text_table.read(PublishedFile(name, file.address, file.sha256).locate(downloads), named, params.table)
        for name, file in params.files.items()
    }


def named_columns(params: ImportParams) -> set[str]:
    """Return the columns that all files of an import have: those of options without a pattern, and of rows."""
    names = {column for each in params.environments.values() for column in each.rows}
    for name, option in params.options.items():
        if "*" not in name:
            names |= set(option.columns or [option.column or name])
    return names


def convert(tables: Mapping[str, TextTable], params: ImportParams) -> Iterator[tuple[str, ImportedEnvironment]]:
    """Map published tables to environments: their names and what they are.

    Parameters
    ----------
    tables
        Content of the files by name.
    params
        How they are mapped.

    Raises
    ------
    UserError
        If a column or a level is missing, or a cell is not what it should be; names file, row and column.
        Rows are counted from 1, the first below the header.
    """
    options = _expanded(params, next(iter(tables.values())))
    files = {name: _File(table, params, options) for name, table in tables.items()}
    picked = {name: files[rows.file].positions(name, rows) for name, rows in params.environments.items()}
    for name, file in files.items():
        file.picked = np.unique(
            np.concatenate([picked[each] for each, source in params.environments.items() if source.file == name])
        )
    _check_objectives(files.values(), params.objectives)
    levels = {name: _levels(list(files.values()), name, mapping) for name, mapping in options.items()}
    for name, rows in params.environments.items():
        yield name, files[rows.file].environment(name, picked[name], levels)


def _expanded(params: ImportParams, table: TextTable) -> dict[str, OptionMapping]:
    """Replace patterns of options by an option for each column that they match, and that is nothing else."""
    options = params.options
    used = {objective.column or name for name, objective in params.objectives.items()} | named_columns(params)
    out: dict[str, OptionMapping] = {}
    for name, mapping in options.items():
        if "*" not in name:
            out[name] = mapping
            continue
        pattern = mapping.column or name
        before, _, after = map(re.escape, pattern.partition("*"))
        columns = [str(column) for column in table.frame.columns]
        matches = {column: re.fullmatch(f"{before}(.+){after}", column) for column in columns if column not in used}
        matched = {name.replace("*", match[1]): column for column, match in matches.items() if match}
        if not matched:
            raise UserError(
                f"{table.where}: option {name}: no column matches {pattern!r}. Columns: {', '.join(columns)}"
            )
        for option, column in matched.items():
            # As other names of options are written.
            plain = re.sub("[^a-z0-9_]+", "_", option.lower()).strip("_")
            if not plain[:1].isalpha():
                raise UserError(f"{table.where}: option {name}: {column!r} gives a name without a letter first")
            if plain in out:
                raise UserError(f"{table.where}: option {name}: two columns become {plain!r}; one is {column!r}")
            out[plain] = replace(mapping, column=column)
    return out


def _levels(files: Sequence[_File], name: str, mapping: OptionMapping) -> cells.Levels:
    """Return the levels of an option over all environments of the import."""
    plain: dict[str, str] = {}
    for file in files:
        # What is computed has decimal points.
        numbers = NumberFormat() if _is_computed(mapping) else file.numbers
        texts = np.array(file.option(name).distinct(file.picked), dtype=object)
        active = texts[~_are_any(texts, mapping.marks)]
        plain |= {text: numbers.plain(text) or text for text in active if text}
    kind = "number" if _is_computed(mapping) else mapping.type
    where = files[0].where + (f" and {len(files) - 1} other files" if len(files) > 1 else "")
    read = cells.read_levels(plain.values(), kind, mapping.levels, f"{where}: option {name}")
    return replace(read, by_text={text: read.by_text[value] for text, value in plain.items() if value in read.by_text})


def _is_computed(mapping: OptionMapping) -> bool:
    """Whether levels are computed from numbers."""
    return mapping.factor is not None or bool(mapping.columns)


def _are_any(texts: Sequence[str] | np.ndarray, values: Sequence[Level]) -> np.ndarray:
    """Whether each of some cells is one of the values that the study lists; numbers however they are written."""
    written = {level_text(value) for value in values}
    numbers = {float(x) for x in values if isinstance(x, int | float) and not isinstance(x, bool)}
    return np.array([text in written or NumberFormat().parse(text) in numbers for text in texts], dtype=bool)


def _check_objectives(files: Collection[_File], objectives: Mapping[str, ObjectiveMapping]) -> None:
    """Raise UserError for an objective that no file has: one file may lack what others have."""
    for name, objective in objectives.items():
        column = objective.column or name
        if not any(column in file.table.frame for file in files):
            first = next(iter(files))
            first.table.column(column)


class _File:
    """A file of an import, with what is found out once for all its environments."""

    def __init__(self, table: TextTable, params: ImportParams, options: Mapping[str, OptionMapping]) -> None:
        self.table = table
        self.where = table.where
        self._params = params
        self._options = options
        self._columns: dict[str, TextColumn] = {}
        self._computed: dict[str, TextColumn] = {}
        #: Rows that belong to an environment.
        self.picked = np.arange(0)

    def _column(self, name: str) -> TextColumn:
        if name not in self._columns:
            self._columns[name] = self.table.column(name)
        return self._columns[name]

    def positions(self, environment: str, source: EnvironmentRows) -> np.ndarray:
        """Return the rows of an environment."""
        where = f"{self.where}: environment {environment}"
        positions = np.arange(len(self.table.frame))
        if not len(positions):
            raise UserError(f"{where}: the table has no rows")
        for name, value in source.rows.items():
            column = self._column(name)
            texts = cells.matching_texts(column.distinct(positions), value, f"{where}: rows: {name}")
            positions = positions[np.isin(column.codes, column.codes_of(texts))[positions]]
        return positions

    @cached_property
    def numbers(self) -> NumberFormat:
        """How the file's numbers are written."""
        names = [objective.column or name for name, objective in self._params.objectives.items()]
        for name, option in self._options.items():
            if option.type == "number" or _is_computed(option):
                names += option.columns or [option.column or name]
        columns = [self._column(name).distinct(self.picked) for name in names if name in self.table.frame]
        texts = [
            text
            for column in columns
            for text, failed in zip(column, _are_any(column, self._params.missing), strict=True)
            if not failed
        ]
        table = self._params.table
        return number_format.guess(
            texts, self.where, table.decimal, table.thousands, semicolons=self.table.separator == ";"
        )

    @property
    def remarks(self) -> list[str]:
        """What was left out of the file, or found out about it."""
        plain = self.numbers == NumberFormat()
        return [*self.table.remarks, *([] if plain else [f"{self.where}: numbers are read with {self.numbers}"])]

    def option(self, name: str) -> TextColumn:
        """Return the cells of an option; where it is computed, what was computed."""
        mapping = self._options[name]
        if not _is_computed(mapping):
            return self._column(mapping.column or name)
        if name not in self._computed:
            self._computed[name] = self._compute(name, mapping)
        return self._computed[name]

    def _compute(self, name: str, mapping: OptionMapping) -> TextColumn:
        marker = level_text(mapping.marks[0])
        total = np.zeros(len(self.table.frame))
        is_inactive = np.zeros(len(total), dtype=bool)
        for part in mapping.columns or [mapping.column or name]:
            column = self._column(part)
            values = np.array([self.numbers.parse(text) for text in column.texts], dtype=float)
            marked = _are_any(column.texts, mapping.marks)
            wrong = self.picked[~(np.isfinite(values) | marked)[column.codes[self.picked]]]
            if len(wrong):
                text = column.texts[column.codes[wrong[0]]]
                what = f"is {text!r}; a factor or a sum needs numbers" if text else "is empty"
                raise UserError(f"{self.where}: {self.table.row(int(wrong[0]))}: option {name} {what}")
            total += values[column.codes]
            is_inactive |= marked[column.codes]
        total *= mapping.factor or 1.0
        # Twelve digits: levels converted from another unit must be equal despite rounding.
        texts = [
            marker if inactive else level_text(float(f"{value:.12g}"))
            for value, inactive in zip(total, is_inactive, strict=True)
        ]
        return TextColumn.of(pd.Series(texts, dtype=object), self.where)

    def environment(self, name: str, positions: np.ndarray, levels: Mapping[str, cells.Levels]) -> ImportedEnvironment:
        """Return an environment, one row per configuration."""
        remarks: list[str] = []
        without: list[str] = []
        schema, columns, ranked = self._configurations(positions, levels, without)
        if without:
            remarks.append(f"{self.where}: environment {name} is without options inactive there: {', '.join(without)}")
        records: list[dict[str, Level | None]] = [
            dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)
        ]
        ids = [configuration_id(record) for record in records]
        values = self._values(name, positions, remarks)
        if not values:
            raise UserError(f"{self.where}: environment {name}: no objective was measured there")
        head = pd.DataFrame(
            {"environment": name, "configuration_id": ids}
            | {objective: each.numbers for objective, each in values.items()}
        )
        first = np.flatnonzero(~head["configuration_id"].duplicated().to_numpy())
        if len(first) < len(head):
            remarks += self._replicates(name, positions, head["configuration_id"], schema)
            head = _summarised(head, list(values), first)
        head = pd.concat([head, _statuses(ids, first, values)], axis=1)
        frame = option_columns([records[i] for i in first], schema)
        return ImportedEnvironment(pd.concat([head, frame], axis=1), schema, ranked, [*self.remarks, *remarks])

    def _configurations(
        self, positions: np.ndarray, levels: Mapping[str, cells.Levels], without: list[str]
    ) -> tuple[tuple[Option, ...], dict[str, list[Level | None]], dict[str, list[Level]]]:
        """Return the schema of some rows, their levels by option, and what ranks stand for.

        without: gets the names of options that are inactive in all of these rows.
        """
        schema: list[Option] = []
        columns: dict[str, list[Level | None]] = {}
        ranked: dict[str, list[Level]] = {}
        for name, mapping in self._options.items():
            column = self.option(name)
            distinct = column.distinct(positions)
            texts = [t for t, off in zip(distinct, _are_any(distinct, mapping.marks), strict=True) if not off]
            if not texts and levels[name].by_text:
                # Other environments of the import have it.
                without.append(name)
                continue
            for text in texts:
                if text in levels[name].by_text:
                    continue
                where = f"{self.where}: {self.table.row(column.first(positions, text))}"
                if text == "":
                    raise UserError(f"{where}: option {name} is empty; if it has no effect there: inactive: ['']")
                raise UserError(unknown(f"{where}: {name}", "level", text, mapping.levels or ()))
            option = self._option(name, mapping, texts, levels[name], len(texts) < len(distinct))
            written = dict(zip(option.texts, option.levels, strict=False))
            if mapping.by_rank:
                ranked[name] = list(option.levels)
                option = _by_rank(option)
                written = dict(zip(written, option.levels, strict=True))
            by_text = {text: written[level_text(levels[name].by_text[text])] for text in texts}
            columns[name] = [by_text.get(text) for text in column.at(positions)]
            schema.append(option)
        return tuple(schema), columns, ranked

    def _option(
        self, name: str, mapping: OptionMapping, texts: Sequence[str], levels: cells.Levels, conditional: bool
    ) -> Option:
        """Return the schema of an option in an environment whose different cells are ``texts``."""
        where = f"{self.where}: option {name}"
        if not texts:
            raise UserError(f"{where}: it is inactive in all rows of an environment; leave it out of the import")
        if mapping.levels is not None:
            found: Sequence[Level] = [
                level_text(level) if mapping.type == "text" else level for level in mapping.levels
            ]
        elif mapping.ordered:
            found = cells.in_order(levels, texts, where)
        else:
            found = levels.sorted(texts)
        default = levels.by_text[texts[0]] if mapping.default is None else mapping.default
        if level_text(default) not in map(level_text, found):
            raise UserError(unknown(f"{where}: default", "level", default, found))
        if mapping.relative_to:
            wrong = [level for level in found if not is_positive(level)]
            if wrong:
                raise UserError(f"{where} is {wrong[0]!r}; relative_to needs numbers above 0")
        return Option(name, tuple(found), mapping.ordered, default, conditional, mapping.relative_to or "")

    def _values(self, name: str, positions: np.ndarray, remarks: list[str]) -> dict[str, _Values]:
        """Return the values of the objectives that an environment has, by objective."""
        out: dict[str, _Values] = {}
        for objective, mapping in self._params.objectives.items():
            column_name = mapping.column or objective
            where = f"{self.where}: environment {name}: {objective}"
            if column_name != objective:
                where += f" (column {column_name})"
            if column_name not in self.table.frame or self._column(column_name).distinct(positions) == [""]:
                remarks.append(f"{where}: was not measured there")
                continue
            column = self._column(column_name)
            values = self._parsed(column, float(mapping.factor))
            failed = _are_any(column.texts, self._params.missing)
            wrong = positions[~(np.isfinite(values) & (values > 0) | failed)[column.codes[positions]]]
            if len(wrong):
                raise UserError(self._wrong_values(where, column, wrong, len(positions), float(mapping.factor)))
            texts = np.array([text or "empty" for text in column.at(positions)], dtype=object)
            is_failed = failed[column.codes[positions]]
            out[objective] = _Values(
                np.where(is_failed, np.nan, values[column.codes[positions]]), np.where(is_failed, texts, "")
            )
            if is_failed.any():
                counts = Counter(texts[is_failed])
                said = ", ".join(f"{count} {text}" for text, count in counts.most_common(_NAMED))
                first = self.table.row(int(positions[is_failed][0]))
                remarks.append(f"{where}: {is_failed.sum()} of {len(positions)} rows failed: {said}, first {first}")
        return out

    def _parsed(self, column: TextColumn, factor: float) -> np.ndarray:
        # None becomes NaN.
        values = np.array([self.numbers.parse(text) for text in column.texts], dtype=float)
        with np.errstate(over="ignore", under="ignore"):
            result: np.ndarray = values * factor
        return result

    def _wrong_values(self, where: str, column: TextColumn, wrong: np.ndarray, rows: int, factor: float) -> str:
        """Say which cells of an objective are no values."""
        named = ", ".join(
            f"{self.table.row(int(position))}: {column.texts[column.codes[position]]!r}" for position in wrong[:_NAMED]
        )
        more = " ..." if len(wrong) > _NAMED else ""
        has_comma = any("," in column.texts[code] for code in column.codes[wrong])
        format_hint = ". How numbers are written: decimal, thousands" if has_comma else ""
        unit = f" after multiplication by {factor:g}" if factor != 1 else ""
        return (
            f"{where}: {len(wrong)} of {rows} cells {'is' if len(wrong) == 1 else 'are'} not a finite number above "
            f"0{unit}: {named}{more}. If such a cell means that the measurement failed, list it in the import: "
            f"missing: [{column.texts[column.codes[wrong[0]]]!r}]{format_hint}"
        )

    def _replicates(self, name: str, positions: np.ndarray, ids: pd.Series, schema: Sequence[Option]) -> list[str]:
        """Say how many configurations have several rows, and which columns differ between these.

        Raises UserError if the study allows none.
        """
        counts = ids.value_counts()
        repeated = counts[counts > 1]
        where = f"{self.where}: environment {name}"
        second = int(np.flatnonzero(ids.duplicated().to_numpy())[0])
        used = {
            column
            for option, mapping in self._options.items()
            for column in mapping.columns or [mapping.column or option]
        }
        used |= {objective.column or each for each, objective in self._params.objectives.items()}
        used |= set(self._params.environments[name].rows)
        numbers = pd.factorize(ids)[0]
        differing = []
        for column in dict.fromkeys(map(str, self.table.frame.columns)):
            if column not in used and isinstance(self.table.frame[column], pd.Series):
                pairs = pd.DataFrame({"id": numbers, "code": self._column(column).codes[positions]}).drop_duplicates()
                if len(pairs) > len(counts):
                    differing.append(column)
        hint = f"; not in the import, and different in such rows: {', '.join(differing[:6])}" if differing else ""
        if self._params.replicates == "error":
            raise UserError(
                f"{where}: {self.table.row(int(positions[second]))} is a duplicate configuration{hint}. Is an option "
                "or a row selection missing in the import? If rows are repetitions, say so: replicates: median"
            )
        least, most = int(repeated.min()), int(repeated.max())
        rows = f"{least} rows each" if least == most else f"{least} to {most} rows"
        n = len(repeated)
        verb = "configuration has" if n == 1 else "configurations have"
        return [f"{where}: {n} {verb} {rows}; their median is the value{hint}"]


@dataclass(frozen=True, eq=False)
class _Values:
    """An objective in some rows. numbers: NaN where it failed. failures: what the cell says there, else ""."""

    numbers: np.ndarray
    failures: np.ndarray


def _summarised(head: pd.DataFrame, objectives: Sequence[str], first: np.ndarray) -> pd.DataFrame:
    """Return one row per configuration: the median of its rows, their spread and number."""
    numbers = pd.factorize(head["configuration_id"])[0]
    out = head.iloc[first].reset_index(drop=True)
    for objective in objectives:
        groups = head[objective].groupby(numbers, sort=True)
        value, spread, number = columns_of(objective)
        out[value] = groups.median().to_numpy()
        out[spread] = (groups.std(ddof=1) / groups.mean()).to_numpy()
        out[number] = groups.count().to_numpy(dtype=float)
    return out


def _statuses(ids: Sequence[str], first: np.ndarray, values: Mapping[str, _Values]) -> pd.DataFrame:
    """Return status and error of each configuration: failed if no row has a value; nothing if none failed."""
    failures = [each.failures for each in values.values()]
    failed = np.logical_and.reduce([each != "" for each in failures])
    if not failed.any():
        return pd.DataFrame(index=range(len(first)))
    numbers = pd.factorize(pd.Series(ids))[0]
    all_failed = pd.Series(failed).groupby(numbers, sort=True).all().to_numpy()
    errors = [failures[0][i] if bad else None for i, bad in zip(first, all_failed, strict=True)]
    status = np.where(all_failed, "failed", "ok")
    return pd.DataFrame({"status": pd.Series(status, dtype="str"), "error": pd.Series(errors, dtype="str")})


def _by_rank(option: Option) -> Option:
    """Return the option with ranks for levels (Iqbal et al. 2019, sec. 3).

    Clocks of different boards become the same option.
    """
    ranks = tuple(range(1, len(option.levels) + 1))
    return replace(option, levels=ranks, default=ranks[option.code(option.default)])
