"""What can be named in a study is what lies in a folder: a file in ``learners/`` is a learner, and so on.

There is no registry to edit. A file whose name starts with an underscore, or is ``interface``, is no offer.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from perftransfer.errors import UserError, unknown


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


def path_of(offered: Mapping[str, str], what: str, name: str) -> str:
    """Import path that ``modules`` or ``in_capitals`` give for ``name``; ``what`` it is, for the message.

    Raises UserError if there is none.
    """
    if name not in offered:
        raise UserError(unknown(what, what, name, offered))
    return offered[name]


def module(package: str, name: str) -> ModuleType:
    """Import the module ``name`` of ``package``.

    Raises UserError if there is none.
    """
    return importlib.import_module(path_of(modules(package), package.rpartition(".")[2], name))


def constant(package: str, name: str, variable: str, default: Any = None) -> Any:
    """Value of a literal that the module ``name`` of ``package`` assigns at its top, without importing the module.

    default: for a module that does not; without one, ValueError is raised.
    """
    for node in _body(package, name):
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == variable for t in node.targets):
            return ast.literal_eval(node.value)
    if default is None:
        raise ValueError(f"{package}.{name} assigns no literal to {variable}")
    return default


def keywords(package: str, name: str, function: str) -> dict[str, tuple[str, Any]]:
    """Annotation and default of the keyword-only parameters of a function of the module ``name``.

    The module is not imported, so the defaults must be literals.
    """
    for node in _body(package, name):
        if isinstance(node, ast.FunctionDef) and node.name == function:
            return {
                argument.arg: (ast.unparse(argument.annotation), ast.literal_eval(default))
                for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
                if argument.annotation is not None and default is not None
            }
    raise ValueError(f"{package}.{name} has no function {function}")


def _body(package: str, name: str) -> list[ast.stmt]:
    spec = importlib.util.find_spec(f"{package}.{name}")
    assert spec is not None and spec.origin is not None, name
    return ast.parse(Path(spec.origin).read_text(encoding="utf-8")).body
