"""Figures: each file of this folder is one, and the file's name is the figure's name in a study.

A figure's class is derived from ``interface.Figure``. Listing and loading figures does not import
matplotlib.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perftransfer.catalogue import Catalogue
from perftransfer.figures._lazy import mpl
from perftransfer.figures.interface import AnyFigure, Figure, Inputs, NothingToShow

if TYPE_CHECKING:
    from perftransfer.figures._vega import Interactive

CATALOGUE: Catalogue[AnyFigure] = Catalogue(__name__, "Figure", "figure")

# Without these a file carries the time at which it was written, or the program that wrote it.
METADATA: dict[str, dict[str, Any]] = {
    "pdf": {"CreationDate": None},
    "svg": {"Date": None},
    "png": {"Software": None},
}


def names() -> list[str]:
    """Return the names of the figures that a study can name, sorted."""
    return [name for name in CATALOGUE.names() if CATALOGUE.load(name).still]


def interactive(inputs: Inputs, objective: str, subject: str = "") -> list[Interactive]:
    """Return the interactive figures that these inputs suffice for.

    Parameters
    ----------
    inputs
        What is available. Figures that read anything else are left out.
    objective
        What they show.
    subject
        What their names begin with, by default the objective.
    """
    figures = []
    # Those that a still figure stands for come first.
    for name in sorted(CATALOGUE.names(), key=lambda name: not CATALOGUE.load(name).still):
        figure = CATALOGUE.load(name)()
        if type(figure).interactive is Figure.interactive or not set(figure.inputs) <= set(inputs):
            continue
        try:
            part = figure.interactive(figure.select(inputs, objective))
        except NothingToShow:
            continue
        if part is not None:
            still = name if figure.still else None
            part = replace(part, name=f"{subject or objective}-interactive-{name}", section=figure.section, still=still)
            figures.append(part)
    return figures


def save(figure: mpl.Figure, stem: Path) -> list[Path]:
    """Write ``figure`` as ``stem`` + .pdf, .svg and .png, and return the three paths.

    Each file appears whole or not at all, and the same figure gives the same bytes. The folder must exist.
    """
    paths = []
    with mpl.settings():
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
