"""What engines read in the same way: levels of options, the network's file, shapes and values of its inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from perftransfer.errors import unknown
from perftransfer.measuring.engines.interface import Options, UnsupportedConfigurationError

_T = TypeVar("_T")


def choice(name: str, level: object, allowed: Mapping[str, _T]) -> _T:
    """What the level stands for. Raises UnsupportedConfigurationError if it is none of ``allowed``."""
    if str(level) not in allowed:
        raise UnsupportedConfigurationError(unknown(name, "level", str(level), allowed))
    return allowed[str(level)]


def number(name: str, level: Any) -> int:
    """The level as a whole number. Raises UnsupportedConfigurationError below 1: that leaves it to the library."""
    if int(level) < 1:
        raise UnsupportedConfigurationError(f"option {name} is {level!r}: give a number from 1")
    return int(level)


def precision(options: Options) -> str:
    """Return the precision of the network's file that the configuration asks for."""
    return str(options.get("precision") or "fp32")


def network_file(files: Mapping[str, str], options: Options) -> str:
    """Path of the network in the precision that the configuration asks for (fp32 where it asks for none).

    Raises UnsupportedConfigurationError if there is none.
    """
    level = precision(options)
    if level not in files:
        raise UnsupportedConfigurationError(f"no network file in precision {level}; there are {', '.join(files)}")
    return files[level]


def shape(name: str, sizes: Sequence[int | str | None], workload: Mapping[str, int]) -> list[int]:
    """Shape of the input ``name``: free dimensions bear the names of the workload's columns, which fill them.

    Raises UnsupportedConfigurationError if the workload lacks one.
    """
    missing = [size for size in sizes if not isinstance(size, int) and size not in workload]
    if missing:
        raise UnsupportedConfigurationError(
            f"input {name!r} has free dimension {missing[0]!r}; the environment gives {', '.join(workload)}"
        )
    return [size if isinstance(size, int) else workload[str(size)] for size in sizes]


def values(name: str, kind: str, sizes: Sequence[int], types: Mapping[str, Any], rng: np.random.Generator) -> Any:
    """An array of normal numbers for an input of floats; of ones for integers: any table of tokens and mask takes them.

    kind: the engine's name of the input's type. types: NumPy's types by those names.

    Raises UnsupportedConfigurationError for a type that is none of them.
    """
    if kind not in types:
        raise UnsupportedConfigurationError(f"input {name!r} is {kind}; this engine feeds {', '.join(types)}")
    dtype = np.dtype(types[kind])
    return rng.standard_normal(sizes).astype(dtype) if dtype.kind == "f" else np.ones(sizes, dtype)
