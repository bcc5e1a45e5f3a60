"""Libraries that figures use, imported on first use: Snakemake reads the titles of all figures for each job."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__all__ = ["cells", "mpl", "np", "pd"]

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from perftransfer.figures import _cells as cells
    from perftransfer.figures import _matplotlib as mpl
else:

    class _Lazy:
        def __init__(self, name: str) -> None:
            self._name = name

        def __getattr__(self, attribute: str) -> Any:
            return getattr(importlib.import_module(self._name), attribute)

    np, pd = map(_Lazy, ("numpy", "pandas"))
    cells, mpl = map(_Lazy, ("perftransfer.figures._cells", "perftransfer.figures._matplotlib"))
