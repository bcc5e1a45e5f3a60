"""Read YAML files of users: plain data only; a duplicate key is an error.

Scalars are what they look like, as in YAML 1.2: a truth value is ``true`` or ``false``, a number is decimal. In YAML
1.1, which PyYAML reads, ``off`` is a truth value, ``010`` is 8, ``1:30`` is 90, and ``1e3`` is text.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from pathlib import Path
from typing import IO, Any

import yaml

from perftransfer.errors import UserError

# ``<<: *other`` includes the keys of another mapping; it is not a key itself.
_MERGE = "tag:yaml.org,2002:merge"
#: Values that a file may hold, counted wherever an alias repeats them.
MAX_VALUES = 200_000
_INTEGER = "[-+]?(0|[1-9][0-9]*)"
_EXPONENT = "[eE][-+]?[0-9]+"
_FRACTION = r"[-+]?((0|[1-9][0-9]*)\.[0-9]*|\.[0-9]+)"
# Tag, what is written so, and the characters that it may begin with.
_SCALARS = (
    ("bool", "true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", _INTEGER, "-+0123456789"),
    (
        "float",
        rf"{_FRACTION}([eE][-+]?[0-9]+)?|{_INTEGER}[eE][-+]?[0-9]+|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
    ("null", "~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", "<<", "<"),
)


class _Loader(yaml.SafeLoader):
    """A safe loader that refuses duplicate keys; PyYAML would silently keep the last one."""

    def get_single_node(self) -> yaml.Node | None:
        node = super().get_single_node()
        if node is not None:
            _check_size(node)
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, KeyError) as error:
            # For example, an invalid date: PyYAML lets Python's own error through, which has no line number.
            raise yaml.constructor.ConstructorError(
                None, None, f"{node.value!r} is not a valid {node.tag.rpartition(':')[2]}", node.start_mark
            ) from error

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if key_node.tag == _MERGE:
                continue
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                # PyYAML itself refuses it below, with its line number.
                continue
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"duplicate key {key!r}", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


class _Dumper(yaml.SafeDumper):
    """A safe dumper that quotes what one of the two versions of YAML would not read as text."""


_Loader.yaml_implicit_resolvers = {}
_Dumper.yaml_implicit_resolvers = {key: [*items] for key, items in yaml.SafeDumper.yaml_implicit_resolvers.items()}
for _tag, _pattern, _first in _SCALARS:
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})$"), list(_first))


def _check_size(root: yaml.Node) -> None:
    """Raise an error for a value that contains itself, or for aliases that repeat too much."""
    sizes: dict[int, int] = {}
    path: set[int] = set()

    def size(node: yaml.Node) -> int:
        if isinstance(node, yaml.ScalarNode):
            return 1
        key = id(node)
        if key in path:
            raise yaml.constructor.ConstructorError(None, None, "a value that contains itself", node.start_mark)
        if key not in sizes:
            path.add(key)
            parts = (
                node.value if isinstance(node, yaml.SequenceNode) else [part for pair in node.value for part in pair]
            )
            sizes[key] = 1 + sum(map(size, parts))
            path.remove(key)
            if sizes[key] > MAX_VALUES:
                problem = f"more than {MAX_VALUES} values, with those that aliases repeat"
                raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        return sizes[key]

    size(root)


def _load(stream: str | IO[str]) -> Any:
    """Return what YAML text stands for. Raises UserError that begins with the line, where there is one."""
    try:
        return _Loader(stream).get_single_data()
    except RecursionError as error:
        raise UserError("nested too deeply") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}: " if mark else ""
        raise UserError(f"{line}{getattr(error, 'problem', None) or error}") from error


def parse(text: str) -> Any:
    """Return what a line of YAML stands for.

    Raises
    ------
    UserError
        If it is not valid YAML, or has a duplicate key.
    """
    try:
        return _load(text)
    except UserError as error:
        raise UserError(f"not valid YAML: {str(error).removeprefix('line 1: ')}") from error


def dump(content: object) -> str:
    """Write plain values as YAML that both versions read alike."""
    text: str = yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    return text


def read_version_1_1(path: Path) -> object:
    """Return what Snakemake reads from a YAML file that ``read`` has checked."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def read(path: Path) -> dict[str, object]:
    """Return the mapping in a YAML file.

    Raises UserError with file and line if the file is missing, is not valid YAML, has a duplicate key, or is not a
    mapping.
    """
    try:
        with path.open(encoding="utf-8") as file:
            content = _load(file)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text: {error}") from error
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    if content is None:
        raise UserError(f"{path}: is empty, expected a mapping of keys to values")
    if not isinstance(content, dict):
        what = "a list" if isinstance(content, list) else repr(content)
        raise UserError(f"{path}: found {what}, expected a mapping of keys to values")
    return content
