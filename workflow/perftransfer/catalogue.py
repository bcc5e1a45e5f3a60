"""Find plug-ins: every file in ``learners/`` is a learner, every file in ``designs/`` a design, and so on.

There is no registry to edit. Files whose names start with an underscore, and ``interface.py``, are not plug-ins.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
import sys
from types import ModuleType
from typing import Generic, TypeVar

from perftransfer.errors import UserError, unknown

T = TypeVar("T")


class Catalogue(Generic[T]):
    """The plug-ins of one kind: one file each in a package, one class in each file.

    Besides the built-in plug-ins, every name may be the import path of a user's own class, as in
    ``my_module.MyClass``. Create one per package, in its ``__init__.py``::

        CATALOGUE: Catalogue[Design] = Catalogue(__name__, "Design", "design")

    Nothing is imported to list names. ``load`` imports one plug-in and the base class.

    Parameters
    ----------
    package
        Import path of the package whose files are the plug-ins.
    base_class
        Name of the abstract base class in ``<package>.interface``.
    what
        What a plug-in is called in messages, such as ``"design"``.
    upper_case
        Whether a plug-in is called by its file's name in capitals, as learners and strategies are: ``RF``. Its class
        then has that name, too. Otherwise the class is the only public one in the file that is derived from the base
        class.
    """

    def __init__(self, package: str, base_class: str, what: str, *, upper_case: bool = False) -> None:
        self.package = package
        self.what = what
        self._base_class = base_class
        self._upper_case = upper_case

    def names(self) -> list[str]:
        """List the built-in plug-ins in alphabetical order, without importing them."""
        return list(self._modules())

    def module_of(self, name: str) -> str:
        """Return the import path of the module that holds a plug-in, without importing it.

        Raises
        ------
        UserError
            If there is no such plug-in, or no such module of a user's own.
        """
        if "." in name:
            return self._own_module(name)
        modules = self._modules()
        if name not in modules:
            raise UserError(unknown(self.what, self.what, name, modules))
        return modules[name]

    def check(self, name: str) -> None:
        """Make sure that there is a plug-in of this name; a user's own is imported for that, a built-in one is not.

        Raises
        ------
        UserError
            As ``load`` does.
        """
        if "." in name:
            self.load(name)
        else:
            self.module_of(name)

    def load(self, name: str) -> type[T]:
        """Import the module of a plug-in and return its class.

        Raises
        ------
        UserError
            If there is no such plug-in, its module has no such class that is derived from the base class, or a user's
            own module cannot be imported.
        ImportError
            If a library that a built-in plug-in imports is not installed.
        """
        module = self._import_own(name) if "." in name else importlib.import_module(self.module_of(name))
        base: type[T] = getattr(importlib.import_module(f"{self.package}.interface"), self._base_class)
        path = f"{base.__module__}.{base.__name__}"
        if "." in name or self._upper_case:
            cls = getattr(module, name.rpartition(".")[2], None)
            if not (isinstance(cls, type) and issubclass(cls, base)):
                raise UserError(f"{self.what} {name}: {module.__name__} has no class of that name that is a {path}")
            if missing := sorted(getattr(cls, "__abstractmethods__", ())):
                raise UserError(f"{self.what} {name}: the class lacks {', '.join(missing)}; see {path}")
            return cls
        classes = [
            cls
            for cls in vars(module).values()
            if inspect.isclass(cls)
            and issubclass(cls, base)
            and cls.__module__ == module.__name__
            and not cls.__name__.startswith("_")
        ]
        if len(classes) != 1:
            named = ", ".join(cls.__name__ for cls in classes) or "none"
            raise UserError(f"{self.what} {name}: {module.__name__} must have one public {path}; found: {named}")
        return classes[0]

    def _modules(self) -> dict[str, str]:
        entries = pkgutil.iter_modules(importlib.import_module(self.package).__path__)
        files = sorted(file.name for file in entries if not file.name.startswith("_") and file.name != "interface")
        return {name.upper() if self._upper_case else name: f"{self.package}.{name}" for name in files}

    def _own_module(self, name: str) -> str:
        module = name.rpartition(".")[0]
        # A study names a class of its user, and has no say in which other code runs.
        if name.split(".")[0] in sys.stdlib_module_names:
            raise UserError(f"{self.what} {name}: {module} is a module of Python itself, expected one of your own")
        try:
            spec = importlib.util.find_spec(module)
        except (ImportError, ValueError):
            spec = None
        except Exception as error:
            # Of the package that the module is in, which is imported to find it.
            raise UserError(_not_imported(self.what, name, module, error)) from error
        if spec is None:
            raise UserError(f"{self.what} {name}: there is no Python module {module}; is its folder on PYTHONPATH?")
        return module

    def _import_own(self, name: str) -> ModuleType:
        path = self._own_module(name)
        try:
            return importlib.import_module(path)
        except (Exception, SystemExit) as error:
            raise UserError(_not_imported(self.what, name, path, error)) from error


def _not_imported(what: str, name: str, module: str, error: BaseException) -> str:
    return f"{what} {name}: {module} cannot be imported: {type(error).__name__}: {error}"
