"""Matplotlib's part of the figures, imported on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perftransfer.lazy import Lazy

__all__ = ["mpl"]

if TYPE_CHECKING:
    from perftransfer.figures import _matplotlib as mpl
else:
    mpl = Lazy("perftransfer.figures._matplotlib")
