"""Strategies: design + how the source is used. One file each; its name in capitals is its name in a study."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from perftransfer import designs
from perftransfer.catalogue import Catalogue

if TYPE_CHECKING:
    from perftransfer.strategies.interface import Strategy

CATALOGUE: Catalogue[Strategy] = Catalogue(__name__, "Strategy", "strategy", upper_case=True)

#: Of the learner on a sample of the target alone, by a design that the study names.
NO_TRANSFER = "NT"
_NO_TRANSFER_MODULE = f"{__name__}._learner_on_target"


def names() -> list[str]:
    """List the names of the built-in strategies, without importing them."""
    return CATALOGUE.names()


def without_transfer(design: str) -> str:
    """Name of the strategy that fits the learner to a sample chosen by ``design``, and uses no source: NT+design."""
    return f"{NO_TRANSFER}+{design}"


def modules_of(name: str) -> list[str]:
    """Return the import paths of the modules that hold the strategy ``name``, without importing them.

    A strategy is one of ``names``, or the import path of a user's own class (``my_module.MyStrategy``); either may be
    followed by another design than its own (``KT+random``).

    Raises UserError if there is none.
    """
    base, design = _parts(name)
    modules = [_NO_TRANSFER_MODULE if base == NO_TRANSFER else CATALOGUE.module_of(base)]
    return [*modules, designs.module_of(design)] if design is not None else modules


def check(name: str) -> None:
    """Make sure that there is a strategy ``name``; classes of a user's own are imported for that.

    Raises UserError if there is none.
    """
    if "." in name:
        load(name)
    else:
        modules_of(name)


def load(name: str) -> type[Strategy]:
    """Import, or make, the class of the strategy ``name``.

    Raises UserError if there is none.
    """
    base, named = _parts(name)
    if base == NO_TRANSFER:
        cls: type[Strategy] = importlib.import_module(_NO_TRANSFER_MODULE).LearnerOnTarget
    else:
        cls = CATALOGUE.load(base)
    if named is None:
        return cls
    design = designs.load(named)
    content: dict[str, object] = {"design": design}
    if base == NO_TRANSFER:
        content |= {"title": f"no transfer, {design.title}", "needs_source": False}
        return type(NO_TRANSFER, (cls,), content)
    content |= {"title": f"{cls.title}, {design.title}", "needs_source": cls.needs_source or design.needs_source}
    return type(cls.__name__, (cls,), content)


def _parts(name: str) -> tuple[str, str | None]:
    """Split a name into the strategy and the design named after it, if any; without transfer there must be one."""
    base, plus, design = name.partition("+")
    return base, design if plus or base == NO_TRANSFER else None


def uses_sources(name: str) -> bool:
    """Whether the strategy ``name`` is known to use sources; False where nothing is known of it."""
    return name in names() and bool(load(name).needs_source)
