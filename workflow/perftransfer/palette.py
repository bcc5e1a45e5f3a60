"""One colour, marker and line for each strategy, in all figures and on the page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple


class Style(NamedTuple):
    """How one strategy is drawn."""

    colour: str
    marker: str
    line: Literal["-"] | tuple[float, tuple[float, ...]]


# Grey levels 0, 0.54, 0.43, 0.20, 0.32 in reading order: apart for the colour-blind and on a grey printer, too. All
# colours stand out from white by 3 to 1 at least (WCAG 2.2, 1.4.11).
KNOWN = {
    "RS": Style("#000000", "o", "-"),
    "GS": Style("#c58309", "s", (0, (4, 1.2))),
    "DM": Style("#2a9070", "D", (0, (1, 1))),
    "LMS": Style("#003f80", "^", (0, (6, 1.5, 1, 1.5))),
    "NLMS": Style("#a03800", "v", (0, (2.5, 1))),
}
OTHERS = (
    Style("#7b3294", "P", "-"),
    Style("#8c8c8c", "X", (0, (4, 1.2))),
    Style("#5c8a00", "*", (0, (1, 1))),
    Style("#bd6a99", "p", (0, (6, 1.5, 1, 1.5))),
    Style("#3a8fc9", "h", (0, (2.5, 1))),
    Style("#6b4a1b", "<", "-"),
    Style("#a88c00", ">", (0, (4, 1.2))),
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
