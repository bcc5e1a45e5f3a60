"""What ``--config`` on the command line does to a study, and which command makes a study again."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

import yaml

DEFAULT = "config/config.yaml"


def typed(config: Mapping[str, object], written: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """Give values from the command line the types that they would have in a file.

    Snakemake reads ``--config 'measuring={"repeats": 3}'`` with text inside: "3" is not a number there. Values from
    one of the files (``written``, in the order in which they were read) are unchanged.
    """
    out: dict[str, object] = _typed(config, reduce(_merged, written, {}))
    return out


def _typed(value: Any, written: Any) -> Any:
    if value == written:
        return value
    if isinstance(value, Mapping):
        base = written if isinstance(written, Mapping) else {}
        return {key: _typed(item, base.get(key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_typed(item, None) for item in value]
    if isinstance(value, str):
        try:
            return yaml.safe_load(value)
        except yaml.YAMLError:
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
