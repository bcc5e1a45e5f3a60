"""Let other processes find this package, by PYTHONPATH: a clone needs no installation."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from perftransfer.errors import UserError

# Characters that a shell does not take as they are.
_SPECIAL = re.compile(r"""[\s'"\\$&;|<>()*?#`!{}\[\]]""")


def package_path() -> str:
    """Return PYTHONPATH with the folder of this package in front."""
    here = str(Path(__file__).parents[1])
    rest = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path not in ("", here)]
    return os.pathsep.join([here, *rest])


def export() -> None:
    """Set PYTHONPATH so that child processes find this package."""
    os.environ["PYTHONPATH"] = package_path()


def check_interpreter(path: str = sys.executable) -> None:
    """Raise UserError if jobs cannot be started with this Python: Snakemake hands its path to a shell unquoted."""
    if special := _SPECIAL.search(path):
        character = "a blank" if special[0].isspace() else special[0]
        raise UserError(
            f"{path}: the path of Python must not contain {character}: Snakemake could not start a job with it. "
            "Rename the folder, or move the clone (or .venv) to another one"
        )
