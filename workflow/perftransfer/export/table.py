"""Options and their levels, next to the default ones."""

from __future__ import annotations

from perftransfer.export.interface import Deployment, Format
from perftransfer.levels import level_text


class Table(Format):
    """A line per option: its level, and that of the default configuration."""

    title = "Options and levels"

    def write(self, deployment: Deployment) -> str:
        """Return aligned columns."""
        rows = [("option", "level", "default")]
        for name, level in deployment.configuration.items():
            rows.append((name, level_text(level), level_text(deployment.default.get(name))))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in rows)
        return "".join(f"{line.rstrip()}\n" for line in lines)
