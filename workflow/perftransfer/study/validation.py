"""From the mapping in a study's file to typed sections, or to one clear line for each thing that is wrong."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from perftransfer import yaml_file
from perftransfer.errors import UserError, shortened, unknown
from perftransfer.study.sections import (
    FILE_NAME,
    GPU_TYPE,
    NAME,
    OBJECTIVE,
    OPTION_PATTERN,
    SHA256,
    GoalSection,
    StudySections,
)

_PATTERNS = {
    NAME: "at most 100 lower-case letters, digits and _ . -",
    OBJECTIVE: "lower-case letters, digits and _, a letter first",
    SHA256: "64 hexadecimal digits",
    GPU_TYPE: "letters, digits and _ .",
    OPTION_PATTERN: "lower-case letters, digits and _, a letter first; one * for a pattern",
    FILE_NAME: "the name of a file, without folders and without * ? [",
}


def validate(content: Mapping[str, object], where: str) -> StudySections:
    """Check all keys and values of a study.

    where: the file, or files, that it came from. Raises UserError with a line per problem: file, key, what was found,
    what is allowed.
    """
    try:
        return StudySections.model_validate(dict(content))
    except ValidationError as error:
        lines = [_line(where, problem) for problem in error.errors(include_url=False)]
        raise UserError("\n".join(lines)) from error


def validate_goal(text: str, where: str) -> GoalSection:
    """Check a goal that is written as YAML in one line, as in the environment sheet.

    where: file and line. Raises UserError with a line per problem, as ``validate`` does.
    """
    try:
        content = yaml_file.parse(text)
    except UserError as error:
        raise UserError(f"{where}: goal: {error}") from error
    try:
        return GoalSection.model_validate(content)
    except ValidationError as error:
        lines = [_line(f"{where}: goal", problem, GoalSection) for problem in error.errors(include_url=False)]
        raise UserError("\n".join(lines)) from error


def key_path(location: tuple[int | str, ...]) -> str:
    """Write a place in the file the way people do: ``evaluation.strategies[1]``."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")


def _line(where: str, problem: ErrorDetails, section: type[BaseModel] = StudySections) -> str:
    location, kind, value = problem["loc"], problem["type"], problem["input"]
    where_key = f"{where}: {key_path(location)}" if location else where
    if kind == "extra_forbidden":
        parent = key_path(location[:-1])
        return unknown(f"{where}: {parent}" if parent else where, "key", location[-1], _fields(location[:-1], section))
    if kind == "missing":
        return f"{where_key}: is missing"
    message = problem["msg"].removeprefix("Value error, ")
    if kind == "value_error":
        return f"{where_key}: {message}"
    if kind == "string_pattern_mismatch":
        return f"{where_key}: found {shortened(value)}, allowed: {_PATTERNS[problem['ctx']['pattern']]}"
    if kind in ("model_type", "dict_type"):
        keys = _fields(location, section)
        return f"{where_key}: found {shortened(value)}, expected a mapping" + (
            f" with the keys {', '.join(keys)}" if keys else ""
        )
    if kind in ("bool_type", "bool_parsing"):
        return f"{where_key}: found {shortened(value)}, expected true or false"
    if kind in ("int_type", "int_parsing", "int_from_float"):
        return f"{where_key}: found {shortened(value)}, expected a whole number"
    return f"{where_key}: found {shortened(value)}; {message[0].lower()}{message[1:]}"


def _fields(location: tuple[int | str, ...], section: type[BaseModel]) -> list[str]:
    """Keys that are allowed at a place of a section."""
    here: Any = section
    for part in location:
        if isinstance(here, type) and issubclass(here, BaseModel):
            here = here.model_fields[str(part)].annotation
            if isinstance(here, types.UnionType):
                # A section that may be missing.
                here = typing.get_args(here)[0]
        elif typing.get_origin(here) is dict:
            here = typing.get_args(here)[1]
    return list(here.model_fields) if isinstance(here, type) and issubclass(here, BaseModel) else []
