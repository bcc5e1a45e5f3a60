"""What the inputs of a network are fed: their sizes, from the environment sheet, and their values.

Planned once, from what the network's file declares (``networks.inputs``), before anything is measured; engines get a
plan and need not know how dimensions are named. Standard library and numpy only: boards get plans ready made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from perftransfer.errors import UserError, unknown
from perftransfer.measuring.feed import fill as fills
from perftransfer.measuring.feed import sizes
from perftransfer.measuring.feed.declared import TYPES, DeclaredInput
from perftransfer.measuring.feed.fill import Fill

__all__ = ["DeclaredInput", "FedInput", "Fill", "PlannedInput", "arrays", "describe", "plan"]


@dataclass(frozen=True)
class PlannedInput:
    """What an input is fed. type: see ``DeclaredInput``."""

    name: str
    shape: Sequence[int]
    type: str
    fill: Fill


class FedInput(TypedDict):
    """The same in words, as journals and the report have it."""

    name: str
    shape: list[int]
    type: str
    filled: str


def plan(
    declared: Sequence[DeclaredInput], workload: Mapping[str, int], requested: Mapping[str, Fill]
) -> list[PlannedInput]:
    """Plan what every input of a network is fed.

    Parameters
    ----------
    declared
        Inputs, as the network's file declares them.
    workload
        Sizes by the names that the sheet has for them.
    requested
        How inputs are filled, by their names, where the sheet says so.

    Raises
    ------
    UserError
        If a size or a value is missing, or if the network does not take one that the sheet gives. Lists all.
    """
    shapes, problems = sizes.shapes(declared, workload)
    problems += _unknown_inputs(declared, requested)
    planned = []
    for each in declared:
        try:
            fill = fills.chosen(each, requested.get(each.name))
            if each.name in shapes:
                fills.check(fill, each, shapes[each.name])
                planned.append(PlannedInput(each.name, shapes[each.name], each.type, fill))
        except UserError as error:
            problems.append(str(error))
    if problems:
        raise UserError("\n".join(problems))
    return planned


def problems_of_sizes(
    declared: Sequence[DeclaredInput], workload: Mapping[str, int], requested: Mapping[str, Fill]
) -> list[str]:
    """Return what is wrong with sizes and with names of inputs, arguments as for ``plan``; types are not looked at."""
    return [*sizes.shapes(declared, workload)[1], *_unknown_inputs(declared, requested)]


def _unknown_inputs(declared: Sequence[DeclaredInput], requested: Mapping[str, Fill]) -> list[str]:
    names = [each.name for each in declared]
    strange = [name for name in requested if name not in names]
    if strange and all(requested[name].from_archive for name in strange) and len(strange) < len(requested):
        return []
    return [unknown("inputs", "input", name, names) for name in strange]


def arrays(planned: Sequence[PlannedInput], seed: int) -> dict[str, npt.NDArray[np.generic] | None]:
    """Return an array for each input, None for one that is left out; bfloat16 as float32.

    The same seed gives the same numbers.
    """
    # One generator for all normal numbers, in the order of the inputs: another would feed other numbers than journals
    # of earlier versions were measured with.
    normal = np.random.default_rng(seed)
    out: dict[str, npt.NDArray[np.generic] | None] = {}
    for position, each in enumerate(planned):
        rng = normal if each.fill.kind == "normal" else np.random.default_rng([seed, position])
        out[each.name] = fills.values(each.fill, each.name, each.shape, TYPES[each.type], rng)
    return out


def describe(planned: Sequence[PlannedInput]) -> list[FedInput]:
    """Return a plan in words."""
    return [
        {"name": each.name, "shape": list(each.shape), "type": each.type, "filled": each.fill.words(each.type)}
        for each in planned
    ]


def words(planned: Sequence[PlannedInput]) -> str:
    """Return a plan in one line: ``x [1, 64] float32 with normal numbers``."""
    return ", ".join(f"{fed['name']} {fed['shape']} {fed['type']} with {fed['filled']}" for fed in describe(planned))


def unusual(planned: Sequence[PlannedInput]) -> dict[str, object]:
    """Return how those inputs are filled that are not filled as all were before the sheet could say so.

    That belongs to what makes two measurements comparable. The usual fillings do not: so old measurements still count.
    """
    return {each.name: each.fill.identity() for each in planned if each.type not in _USUAL.get(each.fill.kind, ())}


# Types that were always filled so.
_USUAL = {"normal": ("float32", "float16", "float64"), "ones": ("int64", "int32", "bool")}
