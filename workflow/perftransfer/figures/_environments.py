"""How environments are named in figures: always with the mark of an emulated one, never cut."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from perftransfer.lazy import pd

CROWDED = 6  # environments beyond which the mark is "(e)", explained once, instead of the word

SHORT = 20  # characters that need no second line
PIECE = re.compile(r"[^-_ ]*[-_ ]+|[^-_ ]+")  # what a line may end with


class Environments:
    """The environments of a figure, in the order of the study, and their labels.

    Parameters
    ----------
    environments
        The environments of the study, a row each.
    names
        Those of the figure; what the study does not have follows by name.
    """

    def __init__(self, environments: pd.DataFrame, names: Iterable[str]) -> None:
        present = set(names)
        columns = ["environment", "emulated", "hardware", "network", "image_px"]
        rows = environments.reindex(columns=columns)
        rows = rows[rows["environment"].isin(present)]
        order = list(map(str, rows["environment"].unique()))
        self.names = order + sorted(present - set(order))
        emulated = rows["emulated"].astype("boolean").fillna(False).to_numpy(dtype=bool)
        self.emulated = set(map(str, rows.loc[emulated, "environment"]))
        self.crowded = len(self.names) > CROWDED
        self._described = described(rows, self.names)

    def __len__(self) -> int:
        return len(self.names)

    def labels(self, lines: int = 1, crowded: bool | None = None) -> list[str]:
        """Return a label for each environment, on up to ``lines`` lines; ``crowded``: with the short mark."""
        return self._marked(self.names, lines, self.crowded if crowded is None else crowded)

    def labels_by_name(self, crowded: bool | None = None) -> dict[str, str]:
        """Return the label of each environment by its name."""
        return dict(zip(self.names, self.labels(crowded=crowded), strict=True))

    def descriptions(self, lines: int = 1) -> list[str]:
        """Return a label "(hardware, model, size)" for each environment, as the paper writes them.

        All are as in ``labels`` if one lacks a description or shares it with another: with two ways of naming in one
        figure, those named differently would seem to be of another kind.
        """
        return self._marked([self._described.get(name, name) for name in self.names], lines, self.crowded)

    def _marked(self, texts: list[str], lines: int, short: bool) -> list[str]:
        mark = " (e)" if short else " (emulated)"
        marks = (mark if name in self.emulated else "" for name in self.names)
        return [wrapped(text + mark, lines) for text, mark in zip(texts, marks, strict=True)]

    def axis(self, role: str) -> str:
        """Return the name of an axis with ``descriptions``: "target (hardware, model, size)"."""
        return f"{role} (hardware, model, size)" if self._described else role

    def counted(self, role: str = "Targets") -> str:
        """Return the sentence that says how many there are, where they are not named."""
        emulated = f", of which {len(self.emulated)} emulated on the same machine" if self.emulated else ""
        return f"{role}: {len(self)}{emulated}."

    @property
    def note(self) -> str:
        """The line that explains the short mark, "" where none stands."""
        return "(e): emulated, a restriction of the same machine." if self.crowded and self.emulated else ""


def described(rows: pd.DataFrame, names: Iterable[str]) -> dict[str, str]:
    """Return "(hardware, model, size in pixels)" of each environment, nothing unless all differ.

    >>> columns = {"environment": ["a"], "hardware": ["TX2"], "network": ["Xception"], "image_px": [200]}
    >>> described(pd.DataFrame(columns), ["a"])
    {'a': '(TX2, Xception, 200)'}
    """
    rows = rows[["environment", "hardware", "network", "image_px"]].dropna()
    texts = {str(name): f"({hardware}, {network}, {size:.0f})" for name, hardware, network, size in rows.to_numpy()}
    return texts if set(texts) == set(names) and len(set(texts.values())) == len(texts) else {}


def wrapped(text: str, lines: int) -> str:
    """Break ``text`` after spaces, hyphens and underscores into at most ``lines`` lines of like length.

    What is short stays on one line.
    """
    if len(text) <= SHORT:
        return text
    width = max(math.ceil(len(text) / lines), *map(len, PIECE.findall(text)))
    while (broken := filled(text, width)).count("\n") >= lines:
        width += 1
    return broken


def filled(text: str, width: int) -> str:
    """Break ``text`` into lines of at most ``width`` characters, inside a word only where the word is longer."""
    broken = [""]
    for piece in PIECE.findall(text):
        for start in range(0, len(piece), width):
            part = piece[start : start + width]
            if len(broken[-1]) + len(part.rstrip()) > width:
                broken.append("")
            broken[-1] += part
    return "\n".join(line.rstrip() for line in broken if line)
