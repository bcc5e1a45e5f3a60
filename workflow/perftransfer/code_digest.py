"""A digest of the code that a stage of the workflow uses.

Snakemake sees edits of a script, but not of the package. So each stage passes this digest as a parameter, and runs
again only if an edit affects it.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from functools import cache
from pathlib import Path

_PACKAGE = "perftransfer"
_ROOT = Path(__file__).parent


@cache
def _source(module: str) -> Path | None:
    """Return the file of a module of the package or of a user; None if there is no such module."""
    # Not by importlib: to find a.b.c it imports a.b, and this runs whenever Snakemake reads the workflow.
    package, *parts = module.split(".")
    paths = [_ROOT.joinpath(*parts)]
    if package != _PACKAGE:
        paths = [Path(folder, package, *parts) for folder in sys.path]
    files = (file for path in paths for file in (path / "__init__.py", path.with_suffix(".py")))
    return next((file for file in files if file.is_file()), None)


@cache
def _parsed(file: Path) -> tuple[str, frozenset[str]]:
    """Code of a file without docstrings and comments, and the modules of the package that it imports."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    imported: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported.update(alias.name for alias in node.names if alias.name.startswith(_PACKAGE))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(_PACKAGE):
            imported.add(str(node.module))
            # ``from package import name``: the name may itself be a module.
            imported.update(f"{node.module}.{alias.name}" for alias in node.names)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                node.body = [*node.body[1:]] or [ast.Pass()]
    return ast.unparse(tree), frozenset(name for name in imported if name != _PACKAGE and _source(name) is not None)


def imported_by(module: str) -> frozenset[str]:
    """Return the modules of the package that a module imports."""
    file = _source(module)
    assert file is not None, module
    return _parsed(file)[1]


def modules_used(*modules: str) -> list[str]:
    """Return these modules and all modules of the package that they import, directly or not, sorted."""
    used: set[str] = set()
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        if module not in used:
            used.add(module)
            waiting.extend(imported_by(module))
    return sorted(used)


def code_digest(*modules: str) -> str:
    """Return 12 hexadecimal digits that change with the code of these modules and of the modules that they import.

    Docstrings and comments do not count. Modules that are only found by listing a folder (a learner, a strategy) must
    be given by name.
    """
    digest = hashlib.sha256()
    for module in modules_used(*modules):
        file = _source(module)
        assert file is not None, module
        digest.update(f"{module}\0{_parsed(file)[0]}\0".encode())
    return digest.hexdigest()[:12]


def script_digest(script: str, *modules: str) -> str:
    """Return ``code_digest`` of the imports of a workflow's script, and of the ``modules`` that it loads by name."""
    from perftransfer import shipped

    return code_digest(*_parsed(shipped.root() / f"workflow/scripts/{script}.py")[1], *modules)
