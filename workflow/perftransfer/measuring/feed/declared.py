"""What the file of a network declares of its inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

#: NumPy's type of the array that is made for an input, by the name of the input's type. NumPy has no bfloat16.
TYPES: dict[str, type[np.generic]] = {
    "float32": np.float32, "float16": np.float16, "float64": np.float64, "bfloat16": np.float32,
    "int8": np.int8, "int16": np.int16, "int32": np.int32, "int64": np.int64,
    "uint8": np.uint8, "uint16": np.uint16, "uint32": np.uint32, "uint64": np.uint64,
    "bool": np.bool_, "string": np.object_,
}  # fmt: skip
FLOATS = ("float32", "float16", "float64", "bfloat16")


@dataclass(frozen=True)
class DeclaredInput:
    """An input of a network.

    sizes: of its dimensions; a free one is its name, or None without one. None: their number is unknown. type: NumPy's
    name of it, or ``bfloat16``, ``string``, or what else the file says. is_optional: whether it may be left out.
    rows: of the table that it indexes; None if it indexes none, or one of unknown size. decides: what of the work its
    value decides ("the trip count of Loop"), "" for nothing.
    """

    name: str
    sizes: Sequence[int | str | None] | None
    type: str = "float32"
    is_optional: bool = False
    rows: int | None = None
    decides: str = ""
