"""Let other processes find this package, by PYTHONPATH: a clone needs no installation."""

from __future__ import annotations

import os
from pathlib import Path


def package_path() -> str:
    """Return PYTHONPATH with the folder of this package in front."""
    here = str(Path(__file__).parents[1])
    rest = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path not in ("", here)]
    return os.pathsep.join([here, *rest])


def export() -> None:
    """Set PYTHONPATH so that child processes find this package."""
    os.environ["PYTHONPATH"] = package_path()
