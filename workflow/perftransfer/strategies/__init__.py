"""Strategies: design + how the source is used. One file each; its name in capitals is its name in a study."""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING

from perftransfer import catalogue, designs
from perftransfer.errors import UserError

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
    """Import paths of the modules that hold the strategy ``name``, without importing them.

    A strategy is one of ``names``, or the import path of a class of somebody's own (``my_module.MyStrategy``); either
    may be followed by another design than its own (``KT+random``).

    Raises UserError if there is none.
    """
    base, _, design = name.partition("+")
    if base == NO_TRANSFER:
        path = f"{__name__}._learner_on_target"
    elif "." in base:
        path = _own_module(base)
    else:
        path = catalogue.path_of(catalogue.in_capitals(__name__), "strategy", base)
    return [path, designs.module_of(design)] if design or base == NO_TRANSFER else [path]


def _own_module(name: str) -> str:
    """Import path of the module of a strategy of somebody's own. Raises UserError if there is none."""
    module = name.rpartition(".")[0]
    try:
        found = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        found = None
    if found is None:
        raise UserError(f"strategy {name}: there is no Python module {module}; is its folder on PYTHONPATH?")
    return module


def load(name: str) -> type[Strategy]:
    """Import, or make, the class of the strategy ``name``.

    Raises UserError if there is none.
    """
    from perftransfer.strategies.interface import Strategy

    module, *named = map(importlib.import_module, modules_of(name))
    base = name.partition("+")[0]
    if base == NO_TRANSFER:
        (design,) = named
        content = {"title": f"no transfer, {design.TITLE}", "design": design, "needs_source": False}
        return type(NO_TRANSFER, (module.LearnerOnTarget,), content)
    cls = getattr(module, base.rpartition(".")[2], None)
    if not (isinstance(cls, type) and issubclass(cls, Strategy)):
        raise UserError(
            f"strategy {name}: {module.__name__} has no class of that name that is a {Strategy.__module__}.Strategy"
        )
    if named:
        (design,) = named
        needs = cls.needs_source or design.NEEDS_SOURCE
        content = {"title": f"{cls.title}, {design.TITLE}", "design": design, "needs_source": needs}
        return type(cls.__name__, (cls,), content)
    return cls


def uses_sources(name: str) -> bool:
    """Whether the strategy ``name`` is known to use sources; False where nothing is known of it."""
    return name in names() and bool(load(name).needs_source)
