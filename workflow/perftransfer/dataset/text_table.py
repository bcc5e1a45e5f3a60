"""Tables of others, read as text: what is a number, a truth value or a name is decided by who maps them."""

from __future__ import annotations

import bz2
import codecs
import csv
import gzip
import io
import lzma
import zlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from perftransfer.dataset import tables
from perftransfer.dataset.params import TableFormat
from perftransfer.errors import UserError, unknown
from perftransfer.space.options import level_text

#: What may separate cells, in the order in which it is tried.
SEPARATORS = (",", ";", "\t", "|", " ")
_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "spaces"}
_COMPRESSED: dict[str, type[gzip.GzipFile] | type[bz2.BZ2File] | type[lzma.LZMAFile]] = {
    ".gz": gzip.GzipFile,
    ".bz2": bz2.BZ2File,
    ".xz": lzma.LZMAFile,
}
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
#: Bytes of text that are read at most: a small compressed file may hold any amount.
MAX_BYTES = 2**31
# Line of a row, counted from 1, and its cells.
_Row = tuple[int, list[str]]
# Lines in which the header is looked for.
_HEADER_LINES = 50


@dataclass(frozen=True, eq=False)
class TextColumn:
    """Texts of a column. codes: which of the different ``texts`` is in each row."""

    codes: np.ndarray
    texts: np.ndarray

    @classmethod
    def of(cls, values: pd.Series, where: str) -> TextColumn:
        """Write each different value of a column as text, "" if there is none.

        Raises UserError if the values are no scalars.
        """
        try:
            codes, different = pd.factorize(values, use_na_sentinel=False)
        except TypeError as error:
            raise UserError(f"{where}: column {values.name}: its cells are lists or the like") from error
        written = ["" if pd.isna(value) else level_text(value) for value in different]
        # Of a column of several types, 1 and "1" are the same text.
        merged, texts = pd.factorize(np.array(written, dtype=object))
        return cls(merged[codes], np.asarray(texts, dtype=object))

    def distinct(self, positions: np.ndarray) -> list[str]:
        """Return the different texts of some rows, in the order of their first rows."""
        return list(self.texts[pd.unique(self.codes[positions])])

    def codes_of(self, texts: Collection[str]) -> np.ndarray:
        """Return the codes of some texts."""
        return np.flatnonzero(np.isin(self.texts, list(texts)))

    def at(self, positions: np.ndarray) -> np.ndarray:
        """Return the texts of some rows."""
        result: np.ndarray = self.texts[self.codes[positions]]
        return result

    def first(self, positions: np.ndarray, text: str) -> int:
        """Return the first of some rows that has a text."""
        return int(positions[self.at(positions) == text][0])


@dataclass(frozen=True, eq=False)
class TextTable:
    """A table whose cells are read as text.

    where: its name in messages. frame: its cells. separator: what separated them; "" in a Parquet file. lines: of each
    row, in a text file. remarks: what was left out or found out.
    """

    where: str
    frame: pd.DataFrame
    separator: str = ""
    lines: Sequence[int] | None = None
    remarks: Sequence[str] = field(default=())

    def row(self, position: int) -> str:
        """Say which row of the file is at a position, counted from 1 below the header."""
        return f"row {position + 1}" + (f" (line {self.lines[position]})" if self.lines is not None else "")

    def column(self, name: str) -> TextColumn:
        """Return a column.

        Raises
        ------
        UserError
            If the table has no such column, or several.
        """
        if name not in self.frame:
            raise UserError(unknown(self.where, "column", name, self.frame.columns))
        (positions,) = np.nonzero(self.frame.columns == name)
        if len(positions) > 1:
            raise UserError(f"{self.where}: {len(positions)} columns are called {name!r}")
        return TextColumn.of(self.frame.iloc[:, positions[0]], self.where)

    def as_text(self) -> pd.DataFrame:
        """Return all columns as text."""
        everywhere = np.arange(len(self.frame))
        return pd.DataFrame({name: self.column(name).at(everywhere) for name in map(str, self.frame.columns)})


def read(
    path: Path, columns: Collection[str] = (), form: TableFormat | None = None, only: Collection[str] | None = None
) -> TextTable:
    """Read a CSV or Parquet file, by its ending; a text file may be compressed (gz, bz2, xz).

    Parameters
    ----------
    path
        File.
    columns
        Names of columns that the table is known to have: they tell how its cells are separated and where its header is.
    form
        What the study says of a text file.
    only
        Columns to read of a Parquet file; by default all.

    Raises
    ------
    UserError
        If it is not a readable table; says in which line.
    """
    if path.suffix == ".parquet":
        names = tables.columns(path)
        if only is not None and set(only) <= set(names):
            names = [name for name in names if name in only]
        return TextTable(path.name, tables.read(path, names))
    return _Reader(path, _text(path, form or TableFormat()), set(columns), form or TableFormat()).table()


def _text(path: Path, form: TableFormat) -> str:
    """Decompress and decode a file."""
    try:
        opener = _COMPRESSED.get(path.suffix)
        with path.open("rb") if opener is None else opener(path) as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        if isinstance(error, OSError) and error.errno:
            raise UserError(f"{path}: cannot be read: {error.strerror}") from error
        raise UserError(f"{path}: not a readable {path.suffix.lstrip('.') or 'text'} file: {error}") from error
    if len(content) > MAX_BYTES:
        raise UserError(f"{path}: holds more than {MAX_BYTES // 2**30} GiB of text")
    marked = next((name for mark, name in _MARKS.items() if content.startswith(mark)), None)
    try:
        text: str = content.decode(form.encoding or marked or "utf-8")
    except LookupError as error:
        raise UserError(f"{path}: unknown encoding {form.encoding!r}") from error
    except UnicodeError as error:
        where = f"line {content[: error.start].count(10) + 1}: " if isinstance(error, UnicodeDecodeError) else ""
        raise UserError(
            f"{path}: not a readable CSV file: {where}not {form.encoding or marked or 'UTF-8'} text; say its encoding "
            "in the import, e.g. encoding: latin-1"
        ) from error
    before, zero, _ = text.partition("\0")
    if zero:
        line = before.count("\n") + 1
        raise UserError(f"{path}: not a readable CSV file: line {line}: not text")
    return text.removeprefix("\ufeff")


class _Reader:
    """Finds the header and the separator of a table in a text, and takes its rows."""

    def __init__(self, path: Path, text: str, columns: set[str], form: TableFormat) -> None:
        self._path = path
        self._form = form
        self._columns = columns
        # Not str.splitlines, which also breaks lines at form feeds and the like.
        self._lines = list(io.StringIO(text, newline=""))
        self._remarks: list[str] = []

    def table(self) -> TextTable:
        first = self._first_line()
        separator, header_line = self._layout(first)
        if header_line > first:
            self._remark(f"{_lines(first, header_line - 1)} before the header {_is(header_line - first)} no rows")
        records = list(self._records(header_line, separator))
        if not records:
            raise self._error("it has no header")
        (_, header), *rows = records
        rows = self._without_repeated_header(header, rows)
        rows = self._without_footer(len(header), rows)
        rows = self._rectangular(header, rows)
        columns = list(map(list, zip(*(cells for _, cells in rows), strict=True))) or [[] for _ in header]
        frame = pd.DataFrame(dict(enumerate(columns)), dtype=object)
        frame.columns = pd.Index(header)
        if separator != ",":
            self._remark(f"cells are separated by {_NAMES.get(separator, repr(separator))}")
        return TextTable(self._path.name, frame, separator, [line for line, _ in rows], self._remarks)

    def _remark(self, text: str) -> None:
        self._remarks.append(f"{self._path.name}: {text}")

    def _error(self, problem: str) -> UserError:
        return UserError(f"{self._path}: not a readable CSV file: {problem}")

    def _first_line(self) -> int:
        """Return the position of the first line that may be the header: below what is skipped and leading comments."""
        position = min(self._form.skip_rows, len(self._lines))
        start = position
        while position < len(self._lines) and (self._is_comment(position) or not self._lines[position].strip()):
            position += 1
        commented = [i for i in range(start, position) if self._is_comment(i)]
        if self._form.comment is None and commented and self._is_header(commented[-1]):
            # As gnuplot and numpy write it.
            return commented[-1]
        if commented:
            self._remark(f"{_lines(commented[0], commented[-1])} {_is(len(commented))} a comment")
        return position

    def _is_comment(self, position: int) -> bool:
        return self._lines[position].lstrip().startswith(self._form.comment or "#")

    def _is_header(self, position: int) -> bool:
        """Whether a line that begins as a comment names the columns."""
        text = self._lines[position].lstrip(" #")
        return bool(self._columns) and any(self._columns <= set(_split(text, separator)) for separator in SEPARATORS)

    def _layout(self, first: int) -> tuple[str, int]:
        """Return the separator, and the position of the header."""
        declared = self._form.separator
        candidates = (declared,) if declared else SEPARATORS
        head = self._lines[first : first + _HEADER_LINES]
        fits = [
            (separator, first + i)
            for separator in candidates
            for i, line in enumerate(head)
            if self._columns and self._columns <= set(_split(line.lstrip(" #"), separator))
        ]
        if fits:
            separator = fits[0][0]
            # Other separators often stand between spaces.
            others = sorted({other for other, _ in fits[1:]} - {separator, " "})
            if others and len(self._columns) > 1:
                said = " or ".join(_NAMES[each] for each in [separator, *others])
                raise self._error(f"cells may be separated by {said}; say in the import which it is (separator)")
            return fits[0]
        if declared:
            return declared, first
        # Without a column that is known: the first separator that every line has equally often.
        for separator in SEPARATORS:
            widths = {len(_split(line, separator)) for line in head if line.strip()}
            if len(widths) == 1 and widths > {1}:
                return separator, first
        counts = {separator: len(_split(head[0], separator)) if head else 0 for separator in SEPARATORS}
        return max(SEPARATORS[:-1], key=lambda separator: counts[separator]), first

    def _records(self, header: int, separator: str) -> Iterator[_Row]:
        """Yield line and cells of each row, the header first."""
        comments = 0

        def lines() -> Iterator[str]:
            nonlocal comments
            for i in range(header, len(self._lines)):
                line = self._lines[i]
                if i == header:
                    line = line.lstrip(" #") if self._form.comment is None else line
                elif self._form.comment and self._is_comment(i):
                    comments += 1
                    # An empty line: lines are counted.
                    line = "\n"
                yield line

        known: dict[str, str] = {}
        reader = csv.reader(lines(), delimiter=separator, skipinitialspace=True, strict=True)
        line = 0
        try:
            for cells in reader:
                line, start = reader.line_num, line
                if separator == " ":
                    cells = [cell for cell in cells if cell]
                if any(cell.strip() for cell in cells):
                    # Few texts of a column differ: each is in memory once.
                    yield header + start + 1, [known.setdefault(text, text) for text in map(str.strip, cells)]
        except csv.Error as error:
            raise self._error(f"line {header + reader.line_num}: {error}") from error
        if comments:
            self._remark(f"{comments} comment line{'s' * (comments > 1)} left out")

    def _without_repeated_header(self, header: list[str], rows: list[_Row]) -> list[_Row]:
        """Leave out rows that say the header again: tables that were put together."""
        repeated = [line for line, cells in rows if cells == header]
        if repeated:
            self._remark(f"the header is repeated in {_listed(repeated)}")
        return [row for row in rows if row[1] != header]

    def _without_footer(self, width: int, rows: list[_Row]) -> list[_Row]:
        """Leave out lines at the end that are a remark: one cell, where rows have several."""
        end = len(rows)
        while end and width > 1 and len(rows[end - 1][1]) != width and len(list(filter(None, rows[end - 1][1]))) == 1:
            end -= 1
        if end < len(rows):
            self._remark(
                f"{_lines(rows[end][0] - 1, rows[-1][0] - 1)} below the last row {_is(len(rows) - end)} no row"
            )
        return rows[:end]

    def _rectangular(self, header: list[str], rows: list[_Row]) -> list[_Row]:
        """Check that every row has as many cells as the header; empty ones at the end of all rows are left out."""
        width = len(header)
        widths = Counter(len(cells) for _, cells in rows)
        if widths and set(widths) == {width + 1} and not any(cells[-1] for _, cells in rows):
            return [(line, cells[:-1]) for line, cells in rows]
        for line, cells in rows:
            if len(cells) != width:
                said = f"line {line} has {len(cells)} cell{'s' * (len(cells) != 1)}, the header has {width}"
                if cells[0].startswith("#"):
                    said += "; if it is a comment, say so in the import: comment: '#'"
                raise self._error(f"{said} ({', '.join(header[:6])}{' ...' * (width > 6)})")
        return rows


def _split(line: str, separator: str) -> list[str]:
    try:
        cells = next(csv.reader([line.rstrip("\r\n")], delimiter=separator, skipinitialspace=True), [])
    except csv.Error:
        return []
    return [cell.strip() for cell in cells if cell or separator != " "]


def _lines(first: int, last: int) -> str:
    """Name lines by their positions."""
    return f"line {first + 1}" if first == last else f"lines {first + 1} to {last + 1}"


def _is(n: int) -> str:
    return "is" if n == 1 else "are"


def _listed(lines: Sequence[int]) -> str:
    shown = ", ".join(map(str, lines[:3]))
    return f"line{'s' * (len(lines) > 1)} {shown}" + (" ..." if len(lines) > 3 else "")
