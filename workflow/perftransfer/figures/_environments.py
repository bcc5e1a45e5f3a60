"""How environments are named in figures: always with the mark that tells an emulated one, never cut."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

import pandas as pd

CROWDED = 6  # environments beyond which the mark is "(e)", explained once, instead of the word

SHORT = 20  # characters that need no second line
PIECE = re.compile(r"[^-_ ]*[-_ ]+|[^-_ ]+")  # what a line may end with


class Environments:
    """The environments of a figure, in the order of the study, and their labels."""

    def __init__(self, environments: pd.DataFrame, shown: Iterable[str]) -> None:
        """Take the environments of ``environments`` that are ``shown``; those it doesn't know follow by name."""
        wanted = set(shown)
        known = environments[["environment"]].drop_duplicates() if "environment" in environments else pd.DataFrame()
        order = [str(name) for name in known.get("environment", [])]
        self.names = [name for name in order if name in wanted] + sorted(wanted - set(order))
        self.emulated = emulated(environments) & wanted
        self.crowded = len(self.names) > CROWDED
        self._described = described(environments, self.names)

    def __len__(self) -> int:
        return len(self.names)

    def labels(self, lines: int = 1, crowded: bool | None = None) -> list[str]:
        """Return a label for each environment, on up to ``lines`` lines; ``crowded``: with the short mark."""
        short = self.crowded if crowded is None else crowded
        return [wrapped(environment_label(name, name in self.emulated, short), lines) for name in self.names]

    def descriptions(self, lines: int = 1) -> list[str]:
        """Return a label "(hardware, model, size)" for each environment, as the paper writes them.

        All are as in ``labels`` if one lacks a description or shares it with another: with two ways of naming in one
        figure, those named differently would seem to be of another kind.
        """
        names = [(self._described.get(name, name), name in self.emulated) for name in self.names]
        return [wrapped(environment_label(name, mark, self.crowded), lines) for name, mark in names]

    def axis(self, what: str) -> str:
        """Return the name of an axis with ``descriptions``: "target (hardware, model, size)"."""
        return f"{what} (hardware, model, size)" if self._described else what

    @property
    def counted(self) -> str:
        """The sentence that says how many targets there are, where they are not named."""
        restricted = f", of which {len(self.emulated)} emulated on the same machine" if self.emulated else ""
        return f"Targets: {len(self)}{restricted}."

    @property
    def note(self) -> str:
        """The line that explains the short mark, "" where none stands."""
        return "(e): emulated, a restriction of the same machine." if self.crowded and self.emulated else ""


def emulated(environments: pd.DataFrame) -> set[str]:
    """Return the names of the environments of ``environments`` that are emulated."""
    if not {"environment", "emulated"} <= set(environments.columns):
        return set()
    marks = environments["emulated"].astype("boolean").fillna(False).to_numpy(dtype=bool)
    return {str(name) for name in environments.loc[marks, "environment"].unique()}


def described(environments: pd.DataFrame, names: Iterable[str]) -> dict[str, str]:
    """Return "(hardware, model, size in pixels)" of each of ``names``, nothing at all unless all have one of their own.

    >>> columns = {"environment": ["a"], "hardware": ["TX2"], "network": ["Xception"], "image_px": [200]}
    >>> described(pd.DataFrame(columns), ["a"])
    {'a': '(TX2, Xception, 200)'}
    """
    rows = environments.reindex(columns=["environment", "hardware", "network", "image_px"])
    rows = rows[rows["environment"].isin(list(names))].dropna()
    found = {
        str(name): f"({hardware}, {network}, {size:.0f})"
        for name, hardware, network, size in rows.itertuples(index=False)
    }
    return found if set(found) == set(names) and len(set(found.values())) == len(found) else {}


def environment_label(name: str, is_emulated: bool, short: bool = False) -> str:
    """Return how an environment is named in a figure.

    >>> environment_label("mobilenetv2-128px-1core", True)
    'mobilenetv2-128px-1core (emulated)'
    """
    if not is_emulated:
        return name
    return f"{name} (e)" if short else f"{name} (emulated)"


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
