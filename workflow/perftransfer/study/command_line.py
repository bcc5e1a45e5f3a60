"""What ``--config`` on the command line does to a study, and which command makes a study again."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

from perftransfer import yaml_file
from perftransfer.errors import UserError

DEFAULT = "config/config.yaml"


def typed(
    config: Mapping[str, object], written: Sequence[Mapping[str, object]], read: Sequence[object] | None = None
) -> dict[str, object]:
    """Give values the types that they have in the study's files.

    Snakemake reads ``--config 'measuring={"repeats": 3}'`` with text inside: "3" is not a number there. It reads files
    as YAML 1.1, in which ``off`` is false and ``010`` is 8.

    Parameters
    ----------
    config
        What Snakemake read from the files and its command line.
    written
        Content of the files, in the order in which they were read.
    read
        What Snakemake read from each; by default the same.
    """
    out: dict[str, object] = _typed(config, reduce(_merged, read or written, {}), reduce(_merged, written, {}))
    return out


def _typed(value: Any, read: Any, written: Any) -> Any:
    if value in (read, written):
        return written
    if isinstance(value, Mapping):
        is_same = isinstance(read, Mapping) and isinstance(written, Mapping) and len(read) == len(written)
        # Keys, too, may be read as something else.
        keys = dict(zip(read, written, strict=True)) if is_same else {}
        return {
            keys.get(key, key): _typed(item, read[key], written[keys[key]]) if key in keys else _typed(item, None, None)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_typed(item, None, None) for item in value]
    if isinstance(value, str):
        try:
            return yaml_file.parse(value)
        except UserError:
            return value
    return value


def _merged(below: Any, above: Any) -> Any:
    if isinstance(below, Mapping) and isinstance(above, Mapping):
        return {**below, **{key: _merged(below.get(key), value) for key, value in above.items()}}
    return above


def commands(config: Mapping[str, object], written: Sequence[Mapping[str, object]], files: Sequence[str]) -> list[str]:
    """Shell commands that make this study again, with what the command line changed in its files."""
    if len(files) != 1:
        return [f"snakemake --cores all --configfile {' '.join(files)}"]
    default = files[0] == DEFAULT
    changed = [f"{key}={json.dumps(value)}" for key, value in config.items() if written[0].get(key) != value]
    snakemake = "snakemake --cores all"
    if not default:
        snakemake += f" --configfile {shlex.quote(files[0])}"
    if changed:
        return [f"{snakemake} --config {' '.join(map(shlex.quote, changed))}"]
    return ["make" if default else f"make STUDY={shlex.quote(files[0])}", snakemake]
