"""Figures: each module of this folder is one, and its name is the figure's name.

A figure's module offers ``TITLE`` and ``CAPTION`` (plain text), ``TABLES`` (which tables it reads: transfer, influence,
similarity, ranges, or those of ``dataset.row_groups``) and ``draw(tables, objective)``, which returns a
``matplotlib.figure.Figure`` and touches no global state. One with ``ACROSS_OBJECTIVES = True`` is drawn once, for all
objectives, and gets "all" for one. Listing the figures does not import matplotlib.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perftransfer import catalogue

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Without these a file carries the time at which it was written, or the program that wrote it.
METADATA: dict[str, dict[str, Any]] = {
    "pdf": {"CreationDate": None},
    "svg": {"Date": None},
    "png": {"Software": None},
}


def names() -> list[str]:
    """Return the names of all figures, sorted."""
    return list(catalogue.modules(__name__))


def save(figure: Figure, stem: Path) -> list[Path]:
    """Write ``figure`` as ``stem`` + .pdf, .svg and .png, and return the three paths.

    Each file appears whole or not at all, and the same figure gives the same bytes. The folder must exist.
    """
    from perftransfer.figures._style import settings

    paths = []
    with settings():
        # Each drawing would move the layout by a trifle; laid out once, the three files show the same picture.
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        for form, metadata in METADATA.items():
            path = stem.with_name(f"{stem.name}.{form}")
            unfinished = path.with_name(f".{path.name}.{os.getpid()}")
            try:
                figure.savefig(unfinished, format=form, metadata=metadata)
                unfinished.replace(path)
            finally:
                unfinished.unlink(missing_ok=True)
            paths.append(path)
    return paths
