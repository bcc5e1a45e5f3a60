"""What engines read in the same way: levels of options, the network's file, what its inputs are fed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from perftransfer.errors import unknown
from perftransfer.levels import Level, level_text
from perftransfer.measuring import networks
from perftransfer.measuring.engines.interface import Engine, Options, UnsupportedConfigurationError
from perftransfer.measuring.feed import arrays, plan

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


def level_problem(
    translate: Callable[[Options], object], option: str, level: Level, others: Iterable[Mapping[str, Level]]
) -> str | None:
    """Say why a level cannot be translated next to any of ``others``, levels that other options may need to have."""
    problems = []
    for other in others:
        try:
            translate({**other, option: level})
            return None
        except UnsupportedConfigurationError as error:
            problems.append(str(error))
    return problems[0]


def precision(options: Options, default: str = "fp32") -> str:
    """Return the precision of the network's file that the configuration asks for."""
    return str(options.get("precision") or default)


def network_file(files: Mapping[str, str], options: Options, default: str = "fp32") -> str:
    """Return the path of the network in the precision of the configuration, ``default`` if it names none.

    Raises UnsupportedConfigurationError if there is none.
    """
    level = precision(options, default)
    if level not in files:
        raise UnsupportedConfigurationError(f"no network file in precision {level}; there are {', '.join(files)}")
    return files[level]


def feed(
    engine: Engine, files: Mapping[str, str], workload: Mapping[str, int], options: Options, seed: int
) -> dict[str, npt.NDArray[np.generic] | None]:
    """Return an array for each input of the network, in their order; None for an optional input that is left out.

    bfloat16, which NumPy lacks, comes as float32: see ``bfloat16_bits``. The arguments are those of ``Engine.open``.
    What is fed was planned before it (``Engine.feeds``); without a plan, it is planned here, which needs onnx.

    Raises UnsupportedConfigurationError for a precision without a file, and UserError for what ``feed.plan`` refuses.
    """
    path, level = network_file(files, options), precision(options)
    planned = engine.feeds.get(level)
    return arrays(plan(networks.inputs(Path(path)), workload, {}) if planned is None else planned, seed)


def bfloat16_bits(values: npt.NDArray[np.generic]) -> npt.NDArray[np.uint16]:
    """Return the bits of float32 numbers as bfloat16, rounded towards zero."""
    return (np.ascontiguousarray(values, np.float32).view(np.uint32) >> 16).astype(np.uint16)


def float32_of_bits(bits: npt.NDArray[np.uint16]) -> npt.NDArray[np.float32]:
    """Return the numbers that these bits are as bfloat16."""
    return (bits.astype(np.uint32) << 16).view(np.float32)
