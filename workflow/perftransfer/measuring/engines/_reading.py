"""What engines read in the same way: levels of options, the network's file, shapes and values of its inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from perftransfer.errors import unknown
from perftransfer.levels import level_text
from perftransfer.measuring.engines.interface import Options, UnsupportedConfigurationError

_T = TypeVar("_T")


def choice(name: str, level: object, allowed: Mapping[str, _T]) -> _T:
    """Return the value of a level in ``allowed``; truth values are called true and false.

    Raises UnsupportedConfigurationError for an unknown level.
    """
    text = level_text(level)
    if text not in allowed:
        raise UnsupportedConfigurationError(unknown(name, "level", text, allowed))
    return allowed[text]


def number(name: str, level: Any, minimum: int = 1) -> int:
    """Return the level as a whole number.

    Raises UnsupportedConfigurationError if it is not one, or below ``minimum``: libraries take 0 for their own choice.
    """
    whole = isinstance(level, int | float) and not isinstance(level, bool) and level == int(level)
    if not whole or level < minimum:
        raise UnsupportedConfigurationError(f"option {name} is {level!r}: give a number from {minimum}")
    return int(level)


def precision(options: Options) -> str:
    """Return the precision of the network's file that the configuration asks for."""
    return str(options.get("precision") or "fp32")


def network_file(files: Mapping[str, str], options: Options) -> str:
    """Return the path of the network in the precision of the configuration (by default fp32).

    Raises UnsupportedConfigurationError if there is none.
    """
    level = precision(options)
    if level not in files:
        raise UnsupportedConfigurationError(f"no network file in precision {level}; there are {', '.join(files)}")
    return files[level]


def shape(name: str, sizes: Sequence[int | str | None], workload: Mapping[str, int]) -> list[int]:
    """Return the shape of the input ``name``: the workload gives the sizes of free dimensions, by their names.

    Raises UnsupportedConfigurationError if the workload lacks one.
    """
    missing = [size for size in sizes if not isinstance(size, int) and size not in workload]
    if missing:
        raise UnsupportedConfigurationError(
            f"input {name!r} has free dimension {missing[0]!r}; the environment gives {', '.join(workload)}"
        )
    return [size if isinstance(size, int) else workload[str(size)] for size in sizes]


def values(
    name: str, kind: str, sizes: Sequence[int], types: Mapping[str, type[np.generic]], rng: np.random.Generator
) -> np.ndarray:
    """Return an array of normal numbers for an input of floats, of ones for integers: valid tokens and masks.

    kind: the engine's name of the input's type. types: NumPy's types by those names.

    Raises UnsupportedConfigurationError for an unknown type.
    """
    if kind not in types:
        raise UnsupportedConfigurationError(f"input {name!r} is {kind}; this engine feeds {', '.join(types)}")
    dtype = np.dtype(types[kind])
    return rng.standard_normal(sizes).astype(dtype) if dtype.kind == "f" else np.ones(sizes, dtype)
