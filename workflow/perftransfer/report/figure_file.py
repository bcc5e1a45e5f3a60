"""A figure's file, as the page shows it."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from perftransfer import objectives
from perftransfer.errors import UserError
from perftransfer.figures.interface import ALL_OBJECTIVES

# Points per CSS pixel.
_PIXEL = 0.75
_WIDTH = re.compile(r"<svg\b[^>]*?\swidth=\"([0-9.]+)(pt|px)?\"")


@dataclass(frozen=True)
class FigureFile:
    """A figure: its name, the objective that it was drawn for, title and caption, its SVG file, and its section."""

    name: str
    objective: str
    title: str
    caption: str
    svg: Path
    section: str = ""

    @cached_property
    def _content(self) -> bytes:
        try:
            return self.svg.read_bytes()
        except OSError as error:
            raise UserError(f"{self.svg}: the figure cannot be read: {error.strerror}") from error

    @property
    def data(self) -> str:
        """The SVG as base64. Embedded as an image, its ids cannot collide with those of another."""
        return base64.b64encode(self._content).decode("ascii")

    @property
    def width_px(self) -> int | None:
        """Width at which its type has the size it was set in; None if the file has none."""
        match = _WIDTH.search(self._content[:4000].decode("utf-8", "replace"))
        return round(float(match[1]) / (_PIXEL if match[2] == "pt" else 1)) if match else None

    @property
    def alternative(self) -> str:
        """Text for readers who cannot see the figure."""
        if self.objective == ALL_OBJECTIVES:
            return f"{self.title}: all objectives. The findings on each objective say what it shows."
        return f"{self.title}: {objectives.label(self.objective)}. The sentences above say what it shows."
