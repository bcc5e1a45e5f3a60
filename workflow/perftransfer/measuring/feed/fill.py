"""How an input is filled: what the environment sheet may say, what is done where it says nothing, and the numbers."""

from __future__ import annotations

import hashlib
import json
import lzma
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from perftransfer.errors import UserError, unknown
from perftransfer.measuring.feed.declared import FLOATS, TYPES, DeclaredInput

Scalar: TypeAlias = bool | int | float | str
#: A number or text, or nested lists of them.
Value: TypeAlias = Scalar | Sequence[object]
Kind = Literal["normal", "ones", "zeros", "range", "value", "file", "absent"]

_WORDS: tuple[Kind, ...] = ("normal", "ones", "zeros", "absent")
_KEYS = ("range", "value", "file")
# Of the numbers of a range; integers of 64 bits are below it.
_LIMIT = 2.0**65
_ALLOWED = "ones, zeros, normal, absent, a value, {range: [low, high]}, {value: ...} or {file: x.npz}"


# What NumPy and its libraries raise for files that are damaged, or something else.
_DAMAGE = (
    ValueError, EOFError, KeyError, SyntaxError, RuntimeError, MemoryError, OverflowError, struct.error, zlib.error,
    zipfile.BadZipFile, lzma.LZMAError, tokenize.TokenError,
)  # fmt: skip


@dataclass(frozen=True)
class Fill:
    """How an input is filled.

    kind: ``normal`` (mean 0, spread 1), ``ones``, ``zeros``, ``absent`` (an optional input that is left out), or what a
    field of this name says. range: from the first number to below the second one, integers or fractions as the input's
    type is. value: of all elements, or nested lists of the input's shape. file: array of the input's name in an
    ``.npz``, or the one of an ``.npy``; sha256: of the file. from_archive: whether the file was named for all inputs
    at once; it may hold arrays for which there is no input.
    """

    kind: Kind
    range: Sequence[float] | None = None
    value: Value | None = None
    file: str | None = None
    sha256: str = ""
    from_archive: bool = False

    def words(self, of_type: str) -> str:
        """Describe it; ``of_type`` is the type of the input."""
        if self.kind == "range":
            assert self.range is not None
            low, high = self.range
            return f"from {low:g} to below {high:g}" if of_type in FLOATS else f"integers from {low} to {int(high) - 1}"
        if self.kind == "value":
            text = json.dumps(self.value)
            return text if len(text) <= 60 else f"{text[:57]}..."
        if self.kind == "file":
            return f"{Path(str(self.file)).name} (SHA-256 {self.sha256[:12]})"
        return {"normal": "normal numbers", "absent": "left out"}.get(self.kind, self.kind)

    def identity(self) -> dict[str, object]:
        """Return what decides the numbers, as plain values: of a file what it holds, not where it is."""
        facts = {"kind": self.kind, "range": self.range, "value": self.value, "sha256": self.sha256}
        return {name: fact for name, fact in facts.items() if fact not in (None, "")}


def parse(content: object) -> dict[str, Fill]:
    """Return how inputs are filled, by their names, from what the sheet's column ``inputs`` holds as YAML.

    Raises UserError that lists everything that is wrong.
    """
    if content is None:
        return {}
    if not isinstance(content, Mapping):
        raise UserError(f"inputs: found {content!r}, expected YAML in one line: {{ids: {{range: [0, 30522]}}}}")
    out: dict[str, Fill] = {}
    problems = []
    for name, item in content.items():
        if not isinstance(name, str):
            problems.append(f"inputs: found the key {name!r}, expected the name of an input, in quotes: '{name}'")
            continue
        try:
            if name == "file" and isinstance(item, str) and item.endswith(".npz"):
                out |= {array: fill for array, fill in _of_archive(item).items() if array not in content}
            else:
                out[name] = _of_item(f"inputs: {name}", name, item)
        except UserError as error:
            problems.append(str(error))
    if problems:
        raise UserError("\n".join(problems))
    return out


def _of_item(where: str, name: str, item: object) -> Fill:
    if item in _WORDS and isinstance(item, str):
        return Fill(item)
    if isinstance(item, Mapping):
        if len(item) != 1 or next(iter(item)) not in _KEYS:
            raise UserError(f"{where}: found {dict(item)!r}, allowed: {_ALLOWED}")
        ((key, content),) = item.items()
        if key == "range":
            return Fill("range", range=_range(where, content))
        if key == "file":
            if not isinstance(content, str):
                raise UserError(f"{where}: file: found {content!r}, expected the name of a file")
            return _of_file(where, name, content)
        item = content
    elif isinstance(item, str):
        raise UserError(f"{unknown(where, 'filling', item, _WORDS)}. A text is {{value: {item}}}; or give {_ALLOWED}")
    if not _is_value(item):
        raise UserError(f"{where}: found {item!r}, allowed: {_ALLOWED}")
    return Fill("value", value=item)  # type: ignore[arg-type]


def _range(where: str, content: object) -> tuple[float, float]:
    numbers = content if isinstance(content, list) else []
    valid = [n for n in numbers if isinstance(n, int | float) and not isinstance(n, bool) and abs(n) < _LIMIT]
    if len(numbers) != 2 or len(valid) != 2 or not valid[0] < valid[1]:
        raise UserError(
            f"{where}: range: found {content!r}, expected [low, high]: from low to below high, as in [0, 30522]"
        )
    return valid[0], valid[1]


def _is_value(item: object) -> bool:
    if isinstance(item, list):
        return bool(item) and all(map(_is_value, item))
    return isinstance(item, bool | int | float | str)


def _of_archive(file: str) -> dict[str, Fill]:
    """One for each array of an ``.npz``."""
    names, digest = _array_names("inputs: file", file), _digest(file)
    return {name: Fill("file", file=file, sha256=digest, from_archive=True) for name in names}


def _of_file(where: str, name: str, file: str) -> Fill:
    names = _array_names(f"{where}: file", file)
    if names and name not in names:
        raise UserError(unknown(f"{where}: file: {file}", "array", name, names))
    return Fill("file", file=file, sha256=_digest(file))


@contextmanager
def _opened(where: str, file: str) -> Iterator[npt.NDArray[np.generic] | Mapping[str, npt.NDArray[np.generic]]]:
    """The array of an ``.npy``, or the arrays of an ``.npz`` by name. Raises UserError."""
    try:
        content = np.load(file, allow_pickle=False)
        with nullcontext(content) if isinstance(content, np.ndarray) else content as opened:
            yield opened
    except OSError as error:
        raise UserError(f"{where}: {file}: cannot be read: {error.strerror or error}") from error
    except _DAMAGE as error:
        raise UserError(f"{where}: {file}: is no .npy or .npz file of numbers: {error}") from error


def _array_names(where: str, file: str) -> list[str]:
    """Return the names of the arrays of an ``.npz``; none for an ``.npy``."""
    with _opened(where, file) as content:
        return [] if isinstance(content, np.ndarray) else list(content)


def _digest(file: str) -> str:
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()


def chosen(declared: DeclaredInput, requested: Fill | None) -> Fill:
    """Return how an input is filled: as requested, or else as its type and the graph say.

    Raises UserError if nobody can know it.
    """
    where, name = f"input {declared.name}", declared.name
    if declared.type not in TYPES:
        raise UserError(f"{where}: is of type {declared.type}, which cannot be fed; types that can: {', '.join(TYPES)}")
    if requested is not None:
        if requested.kind == "absent" and not declared.is_optional:
            raise UserError(f"{where}: is not optional; give another filling than absent")
        return requested
    if declared.is_optional:
        return Fill("absent")
    if declared.decides:
        raise UserError(
            f"{where}: its value decides {declared.decides}, so it has to be given; add it to the sheet's column "
            f"inputs: {{{name}: VALUE}}"
        )
    if declared.rows is not None:
        return Fill("range", range=(0, declared.rows))
    if declared.type in FLOATS:
        return Fill("normal")
    if declared.type == "string":
        raise UserError(f"{where}: is a text; add it to the sheet's column inputs: {{{name}: {{value: TEXT}}}}")
    if declared.type in ("int8", "uint8", "int16", "uint16"):
        # Narrow integers are images and sound, wider ones masks and counts.
        limits = np.iinfo(declared.type)
        return Fill("range", range=(int(limits.min), int(limits.max) + 1))
    return Fill("ones")


def check(fill: Fill, declared: DeclaredInput, shape: Sequence[int]) -> None:
    """Raise UserError if an input of this type, shape and table cannot be filled so."""
    where = f"input {declared.name}"
    if fill.kind in ("normal", "ones", "zeros", "absent"):
        is_possible = declared.type != "string" and (fill.kind != "normal" or declared.type in FLOATS)
        if fill.kind != "absent" and not is_possible:
            raise UserError(f"{where}: is of type {declared.type}, which cannot be filled with {fill.kind}")
        if fill.kind == "ones" and declared.rows is not None:
            _check_rows(where, 1, 1, declared.rows)
        return
    low: float
    high: float
    if fill.kind == "range":
        assert fill.range is not None
        low, high = fill.range
        if declared.type in ("string", "bool"):
            raise UserError(f"{where}: is of type {declared.type}, which has no range")
        if declared.type not in FLOATS:
            if low != int(low) or high != int(high):
                raise UserError(f"{where}: range: found {[low, high]}, expected whole numbers for {declared.type}")
            high -= 1
    else:
        array = _array(fill, declared.name)
        if fill.file is not None and _digest(fill.file) != fill.sha256:
            raise UserError(f"{where}: {fill.file} is another file than before; its SHA-256 was {fill.sha256}")
        _check_array(where, fill, array, declared.type, shape)
        if declared.type == "string" or not array.size:
            return
        low, high = array.min().item(), array.max().item()
    if declared.type in FLOATS:
        largest = float(np.finfo("float32" if declared.type == "bfloat16" else declared.type).max)
        if not (-largest <= low and high <= largest):
            raise UserError(
                f"{where}: found numbers from {low:g} to {high:g}; {declared.type} holds numbers up to {largest:g}"
            )
    elif declared.type != "bool":
        limits = np.iinfo(declared.type)
        if low < limits.min or high > limits.max:
            raise UserError(
                f"{where}: found numbers from {low:g} to {high:g}; {declared.type} holds {limits.min} to {limits.max}"
            )
    if declared.rows is not None:
        _check_rows(where, low, high, declared.rows)


def _check_rows(where: str, low: float, high: float, rows: int) -> None:
    if low < -rows or high >= rows:
        raise UserError(
            f"{where}: found numbers from {low:g} to {high:g}; it indexes a table of {rows} rows, so that only "
            f"{-rows} to {rows - 1} are valid"
        )


def _array(fill: Fill, name: str) -> npt.NDArray[np.generic]:
    if fill.kind == "value":
        try:
            return np.array(fill.value)
        except (ValueError, OverflowError) as error:
            raise UserError(f"input {name}: value: lists of unlike lengths: {error}") from error
    assert fill.file is not None
    with _opened(f"input {name}: file", fill.file) as content:
        return content if isinstance(content, np.ndarray) else content[name]


def _check_array(where: str, fill: Fill, array: npt.NDArray[np.generic], of_type: str, shape: Sequence[int]) -> None:
    if (array.dtype.kind in "US") != (of_type == "string") or array.dtype.kind not in "biufUS":
        raise UserError(f"{where}: found values of type {array.dtype}, expected {of_type}")
    if array.dtype.kind == "f" and of_type not in FLOATS:
        raise UserError(f"{where}: found fractions ({array.dtype}), expected {of_type}")
    if of_type == "bool" and array.dtype.kind != "b":
        raise UserError(f"{where}: found numbers ({array.dtype}), expected true and false")
    if array.ndim == 0 and fill.kind == "value":
        return
    if array.shape != tuple(shape):
        raise UserError(
            f"{where}: found values of shape {list(array.shape)}, expected {list(shape)}, or one value for all"
        )


def values(
    fill: Fill, name: str, shape: Sequence[int], dtype: type[np.generic], rng: np.random.Generator
) -> npt.NDArray[np.generic] | None:
    """Return the array; None for an input that is left out."""
    if fill.kind == "absent":
        return None
    if fill.kind == "normal":
        return rng.standard_normal(tuple(shape)).astype(dtype)
    if fill.kind in ("ones", "zeros"):
        return np.full(tuple(shape), fill.kind == "ones", dtype)
    if fill.kind == "range":
        assert fill.range is not None
        low, high = fill.range
        if np.dtype(dtype).kind == "f":
            return rng.uniform(low, high, tuple(shape)).astype(dtype)
        return rng.integers(int(low), int(high), tuple(shape), dtype)
    return np.array(np.broadcast_to(_array(fill, name), tuple(shape)), dtype, order="C")
