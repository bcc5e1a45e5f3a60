"""Read YAML files of users: plain data only; a duplicate key is an error."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from perftransfer.errors import UserError

# ``<<: *other`` includes the keys of another mapping; it is not a key itself.
_MERGE = "tag:yaml.org,2002:merge"


class _Loader(yaml.SafeLoader):
    """A safe loader that refuses duplicate keys; PyYAML would silently keep the last one."""

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


def parse(text: str) -> Any:
    """Return what YAML text stands for.

    Raises
    ------
    UserError
        If it is not valid YAML, or has a duplicate key.
    """
    try:
        return _Loader(text).get_single_data()
    except yaml.YAMLError as error:
        raise UserError(f"not valid YAML: {getattr(error, 'problem', None) or error}") from error


def read(path: Path) -> dict[str, object]:
    """Return the mapping in a YAML file.

    Raises UserError with file and line if the file is missing, is not valid YAML, has a duplicate key, or is not a
    mapping.
    """
    try:
        with path.open(encoding="utf-8") as file:
            content = _Loader(file).get_single_data()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text: {error}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}: " if mark else ""
        raise UserError(f"{path}: {line}{getattr(error, 'problem', None) or error}") from error
    if content is None:
        raise UserError(f"{path}: is empty, expected a mapping of keys to values")
    if not isinstance(content, dict):
        what = "a list" if isinstance(content, list) else repr(content)
        raise UserError(f"{path}: found {what}, expected a mapping of keys to values")
    return content
