"""Strategies: design + how the source is used. One file each; its name in capitals is its name in a study."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from perftransfer import catalogue, designs

if TYPE_CHECKING:
    from perftransfer.strategies.interface import Strategy

#: Of the learner on a sample of the target alone, by a design that the study names.
NO_TRANSFER = "NT"


def names() -> list[str]:
    """Names of the strategies that a study may use, without importing them."""
    return list(catalogue.in_capitals(__name__))


def without_transfer(design: str) -> str:
    """Name of the strategy that fits the learner to a sample chosen by ``design``, and uses no source: NT+design."""
    return f"{NO_TRANSFER}+{design}"


def modules_of(name: str) -> list[str]:
    """Import paths of the modules that hold the strategy ``name``.

    Raises BadInput if there is none.
    """
    base, _, design = name.partition("+")
    if base == NO_TRANSFER:
        return [f"{__name__}._learner_on_target", designs.module_of(design)]
    return [catalogue.path_of(catalogue.in_capitals(__name__), "strategy", name)]


def load(name: str) -> type[Strategy]:
    """Import, or make, the class of the strategy ``name``."""
    module, *design = map(importlib.import_module, modules_of(name))
    if not design:
        cls: type[Strategy] = getattr(module, name)
        return cls
    content = {"title": f"no transfer, {design[0].TITLE}", "design": design[0], "needs_source": False}
    return type(NO_TRANSFER, (module.LearnerOnTarget,), content)
