"""Modules that figures use, imported on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perftransfer.lazy import Lazy, np, pd

__all__ = ["cells", "mpl", "np", "pd"]

if TYPE_CHECKING:
    from perftransfer.figures import _cells as cells
    from perftransfer.figures import _matplotlib as mpl
else:
    cells, mpl = map(Lazy, ("perftransfer.figures._cells", "perftransfer.figures._matplotlib"))
