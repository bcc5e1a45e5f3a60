"""What can be named in a study is what lies in a folder: a file in ``learners/`` is a learner, and so on.

There is no registry to edit. A file whose name starts with an underscore, or is ``interface``, is no offer.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import pkgutil
from pathlib import Path
from types import ModuleType
from typing import Any

from perftransfer.errors import BadInput, unknown


def modules(package: str) -> dict[str, str]:
    """Map the name of each offering module of ``package`` to its import path, sorted, without importing the modules."""
    paths = importlib.import_module(package).__path__
    return {
        found.name: f"{package}.{found.name}"
        for found in sorted(pkgutil.iter_modules(paths), key=lambda found: found.name)
        if not found.name.startswith("_") and found.name != "interface"
    }


def in_capitals(package: str) -> dict[str, str]:
    """``modules`` by their names in capitals, as learners and strategies are called in the field: RF, NLMS."""
    return {name.upper(): path for name, path in modules(package).items()}


def path_of(package: str, what: str, name: str) -> str:
    """Import path of the module of ``package`` that is called ``name`` in capitals; ``what`` it is, for the message.

    Raises BadInput if there is none.
    """
    offered = in_capitals(package)
    if name not in offered:
        raise BadInput(unknown(what, what, name, offered))
    return offered[name]


def module(package: str, name: str) -> ModuleType:
    """Import the module ``name`` of ``package``.

    Raises BadInput if there is none.
    """
    offered = modules(package)
    if name not in offered:
        raise BadInput(unknown(package.rpartition(".")[2], "module", name, offered))
    return importlib.import_module(offered[name])


def constant(package: str, name: str, variable: str) -> Any:
    """Value of a literal that the module ``name`` of ``package`` assigns at its top, without importing the module."""
    spec = importlib.util.find_spec(f"{package}.{name}")
    assert spec is not None and spec.origin is not None, name
    for node in ast.parse(Path(spec.origin).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == variable for t in node.targets):
            return ast.literal_eval(node.value)
    raise ValueError(f"{package}.{name} assigns no literal to {variable}")
