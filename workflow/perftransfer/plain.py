"""Convert typed values to plain ones (as JSON and YAML have them) and back.

Values cross processes as plain values: the parameters of a Snakemake job, and what is sent to a board. On
both sides they are frozen dataclasses. Standard library only, because boards use this module.
"""

from __future__ import annotations

import functools
import types
from collections import abc
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path, PurePath
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints, is_typeddict

T = TypeVar("T")
Plain = Any  # None, bool, int, float, str, and lists and dictionaries (with keys of text) of these

_SEQUENCES = (abc.Sequence, abc.Collection, abc.Iterable, tuple)
_MAPPINGS = (abc.Mapping, abc.MutableMapping, dict)


def to_plain(value: object) -> Plain:
    """Return `value` as None, numbers, text, lists and dictionaries.

    Parameters
    ----------
    value
        A dataclass, mapping, sequence, path, or a value that is plain already. They may be nested.

    Raises
    ------
    TypeError
        If it contains anything else, which could not be read back.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in fields(value) if field.init}
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError(f"keys must be text: {sorted(map(repr, value))}")
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, PurePath):
        return str(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return [to_plain(item) for item in value]
    raise TypeError(f"not a plain value: {value!r}")


def from_plain(expected: type[T], value: Plain, where: str = "") -> T:
    """Rebuild what `to_plain` has made plain, and check it strictly.

    Parameters
    ----------
    expected
        The type to build: a dataclass or TypedDict, or what their fields may hold (`Sequence`, `tuple`, `list`,
        `Mapping`, `dict`, `Literal`, `Path`, unions, `Any`). A sequence becomes a tuple unless it is a `list`.
    value
        The plain value, e.g. `snakemake.params[0]` or what `json.loads` returns.
    where
        Name of the value in messages, e.g. a file's.

    Raises
    ------
    TypeError
        If a value has another type; the message names the key, as in `protocol.repeats`.
    ValueError
        If a key is unknown or missing, or a value is not allowed.
    """
    result: T = _build(expected, value, where)
    return result


def _build(expected: Any, value: Plain, where: str) -> Any:
    if expected is Any or expected is object:
        return value
    origin, arguments = get_origin(expected), get_args(expected)
    if origin in (Union, types.UnionType):
        return _member(arguments, value, where)
    if origin is Literal:
        if not any(value == allowed and type(value) is type(allowed) for allowed in arguments):
            raise ValueError(f"{_at(where)}is {value!r}, allowed: {', '.join(map(repr, arguments))}")
        return value
    if isinstance(expected, type) and (is_dataclass(expected) or is_typeddict(expected)):
        return _fields(expected, value, where)
    if (origin or expected) in _MAPPINGS:
        return _mapping(arguments, value, where)
    if (origin or expected) in (*_SEQUENCES, list):
        return _sequence(origin or expected, arguments, value, where)
    if expected in (Path, PurePath):
        return Path(_scalar(str, value, where))
    return _scalar(expected, value, where)


def _scalar(expected: Any, value: Plain, where: str) -> Any:
    """Return a value whose type is exactly the expected one; a whole number is a valid float."""
    if expected is None or expected is type(None):
        valid = value is None
    else:
        valid = type(value) is expected or (expected is float and type(value) is int)
    if not valid:
        raise TypeError(f"{_at(where)}must be {_name(expected)}, is {value!r}")
    return value


def _member(alternatives: tuple[Any, ...], value: Plain, where: str) -> Any:
    """Return the value as the alternative that it fits; if it fits none, the message is about the nearest."""
    errors: list[TypeError | ValueError] = []
    for alternative in alternatives:
        try:
            return _build(alternative, value, where)
        except (TypeError, ValueError) as error:
            errors.append(error)
    several = [each for each in alternatives if each is not type(None)]
    if len(several) == 1 and value is not None:
        raise errors[alternatives.index(several[0])]
    raise TypeError(f"{_at(where)}must be {' or '.join(map(_name, alternatives))}, is {value!r}")


def _sequence(kind: Any, arguments: tuple[Any, ...], value: Plain, where: str) -> Any:
    if not isinstance(value, list | tuple):
        raise TypeError(f"{_at(where)}must be a list, is {value!r}")
    if kind is tuple and arguments and arguments[-1] is not Ellipsis:
        if len(value) != len(arguments):
            raise ValueError(f"{_at(where)}must have {len(arguments)} items, has {len(value)}")
        types_of_items = arguments
    else:
        types_of_items = (arguments[0] if arguments else Any,) * len(value)
    items = [
        _build(item_type, item, f"{where}[{index}]")
        for index, (item_type, item) in enumerate(zip(types_of_items, value, strict=True))
    ]
    return items if kind is list else tuple(items)


def _mapping(arguments: tuple[Any, ...], value: Plain, where: str) -> dict[str, Plain]:
    items = _dictionary(value, where)
    item_type = arguments[1] if arguments else Any
    return {key: _build(item_type, item, _key(where, key)) for key, item in items.items()}


def _fields(expected: Any, value: Plain, where: str) -> Any:
    items = _dictionary(value, where)
    hints = _hints(expected)
    if is_typeddict(expected):
        names, required = set(hints), set(expected.__required_keys__)
    else:
        written = [field for field in fields(expected) if field.init]
        names = {field.name for field in written}
        required = {field.name for field in written if field.default is field.default_factory is MISSING}
    for what, keys in (("unknown", items.keys() - names), ("missing", required - items.keys())):
        if keys:
            listed = ", ".join(_key(where, key) for key in sorted(keys))
            raise ValueError(f"{what} key{'s' * (len(keys) > 1)} of {_name(expected)}: {listed}")
    return expected(**{key: _build(hints[key], item, _key(where, key)) for key, item in items.items()})


@functools.cache
def _hints(expected: Any) -> dict[str, Plain]:
    return get_type_hints(expected)


def _dictionary(value: Plain, where: str) -> dict[str, Plain]:
    if not isinstance(value, Mapping):
        raise TypeError(f"{_at(where)}must be a mapping, is {value!r}")
    for key in value:
        if not isinstance(key, str):
            raise TypeError(f"{_at(where)}must have keys of text, has {key!r}")
    return dict(value)


def _key(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


def _at(where: str) -> str:
    return f"{where}: " if where else ""


def _name(expected: Any) -> str:
    if expected is None or expected is type(None):
        return "None"
    return expected.__name__ if isinstance(expected, type) and not get_args(expected) else str(expected)
