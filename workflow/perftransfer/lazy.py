"""Libraries that are imported on first use: Snakemake reads the titles of all figures and tables for each job."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__all__ = ["Lazy", "np", "pd"]


class Lazy:
    """Stands for the module of that name until something of it is used."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(importlib.import_module(self._name), attribute)


if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
else:
    np, pd = map(Lazy, ("numpy", "pandas"))
