"""One colour, marker and line for each strategy, in all figures and on the page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple


class Style(NamedTuple):
    """How one strategy is drawn."""

    colour: str
    marker: str
    line: Literal["-"] | tuple[float, tuple[float, ...]]


# Grey levels 0, 0.69, 0.24, 0.55, 0.43 in reading order: apart for the colour-blind and on a grey printer, too.
KNOWN = {
    "RS": Style("#000000", "o", "-"),
    "GS": Style("#f0a830", "s", (0, (4, 1.2))),
    "DM": Style("#3cb48c", "D", (0, (1, 1))),
    "LMS": Style("#004c97", "^", (0, (6, 1.5, 1, 1.5))),
    "NLMS": Style("#c8500a", "v", (0, (2.5, 1))),
}
OTHERS = (
    Style("#7b3294", "P", "-"),
    Style("#8c8c8c", "X", (0, (4, 1.2))),
    Style("#5c8a00", "*", (0, (1, 1))),
    Style("#cc79a7", "p", (0, (6, 1.5, 1, 1.5))),
    Style("#56b4e9", "h", (0, (2.5, 1))),
    Style("#6b4a1b", "<", "-"),
    Style("#d4b400", ">", (0, (4, 1.2))),
)


def styles(strategies: Iterable[str]) -> dict[str, Style]:
    """Map each strategy to its style, in reading order: those of the paper first, then the others by name.

    A strategy of the paper always looks the same. Others share out what is left in the order of their names, and so
    look the same in all figures of a study.
    """
    present = set(strategies)
    found = {name: style for name, style in KNOWN.items() if name in present}
    return found | _shared_out(sorted(present - set(KNOWN)))


def of_learners(learners: Iterable[str]) -> dict[str, Style]:
    """Map each learner to its style, by name: none looks like a strategy of the paper."""
    return _shared_out(sorted(set(learners)))


def _shared_out(names: list[str]) -> dict[str, Style]:
    """Styles for any number of names, all different: when colours begin again, markers and lines are others."""
    found = {}
    for i, name in enumerate(names):
        again, place = divmod(i, len(OTHERS))
        marker, line = (OTHERS[(place + step * again) % len(OTHERS)] for step in (1, 2))
        found[name] = Style(OTHERS[place].colour, marker.marker, line.line)
    return found
