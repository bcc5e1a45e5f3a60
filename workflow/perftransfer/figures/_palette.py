"""One colour, marker and line for each strategy, in every figure of every study."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Literal, NamedTuple


class Style(NamedTuple):
    """How one strategy is drawn: colour, marker and line as matplotlib names them."""

    colour: str
    marker: str
    line: Literal["-"] | tuple[float, tuple[float, ...]]

    @property
    def shape(self) -> str:
        """The marker as Vega names or draws it."""
        return _SHAPES[self.marker]

    @property
    def dash(self) -> list[float]:
        """The line as Vega's dashes."""
        return [4 * part for part in self.line[1]] if isinstance(self.line, tuple) else [1, 0]


_LINES: tuple[tuple[float, tuple[float, ...]] | Literal["-"], ...] = (
    "-", (0, (4, 1.2)), (0, (1, 1)), (0, (6, 1.5, 1, 1.5)), (0, (2.5, 1)), (0, (6, 1, 1, 1, 1, 1)), (0, (8, 2)),
)  # fmt: skip
_SHAPES = {
    "o": "circle", "s": "square", "D": "diamond", "^": "triangle-up", "v": "triangle-down", "<": "triangle-left",
    ">": "triangle-right", "P": "cross",
    "X": "M-.8,-1L0,-.4L.8,-1L1,-.8L.4,0L1,.8L.8,1L0,.4L-.8,1L-1,.8L-.4,0L-1,-.8Z",
    "*": "M0,-1L.22,-.31L.95,-.31L.36,.12L.59,.81L0,.38L-.59,.81L-.36,.12L-.95,-.31L-.22,-.31Z",
    "p": "M0,-1L.95,-.31L.59,.81L-.59,.81L-.95,-.31Z",
    "h": "M0,-1L.87,-.5L.87,.5L0,1L-.87,.5L-.87,-.5Z",
    "H": "M-1,0L-.5,-.87L.5,-.87L1,0L.5,.87L-.5,.87Z",
    "8": "M-.4,-1L.4,-1L1,-.4L1,.4L.4,1L-.4,1L-1,.4L-1,-.4Z",
    "d": "M0,-1L.6,0L0,1L-.6,0Z",
}  # fmt: skip

# Grey levels 0, 0.54, 0.43, 0.20, 0.32 in reading order: apart for the colour-blind and on a grey printer, too. All
# colours stand out from white by 3 to 1 at least (WCAG 2.2, 1.4.11).
PAPER = {
    "RS": Style("#000000", "o", "-"),
    "GS": Style("#c58309", "s", (0, (4, 1.2))),
    "DM": Style("#2a9070", "D", (0, (1, 1))),
    "LMS": Style("#003f80", "^", (0, (6, 1.5, 1, 1.5))),
    "NLMS": Style("#a03800", "v", (0, (2.5, 1))),
}
#: Every strategy of ours: no two share a colour, or a marker with a similar colour.
KNOWN = PAPER | {
    "AUTO": Style("#d1006f", "P", "-"),
    "KT": Style("#0a7fd0", "X", _LINES[1]),
    "MKT": Style("#e0402a", "*", _LINES[2]),
    "GP": Style("#8a2be2", "h", _LINES[3]),
    "BEETLE": Style("#6b4a1b", "p", _LINES[4]),
    "FA": Style("#5c8a00", "<", _LINES[5]),
    "L2S": Style("#c2608f", ">", _LINES[6]),
    "LCS": Style("#00848f", "H", _LINES[1]),
    "MSS": Style("#5a3fcf", "8", _LINES[3]),
    "RBS": Style("#9a8200", "d", _LINES[2]),
    "TEAMS": Style("#8b0034", "X", _LINES[5]),
}
#: Search methods look like the strategies that use sources in the same way.
METHODS = {
    "TRANSFER": KNOWN["AUTO"],
    "SOURCE_ORDER": KNOWN["LMS"],
    "EI": KNOWN["GP"],
    "RANDOM": KNOWN["RS"],
}
OTHERS = (
    Style("#7b3294", "P", "-"),
    Style("#3f7f3f", "X", _LINES[1]),
    Style("#b0455e", "*", _LINES[2]),
    Style("#3d7ea6", "p", _LINES[3]),
    Style("#a86a32", "<", _LINES[4]),
    Style("#5f6fc4", ">", "-"),
    Style("#768a1e", "h", _LINES[1]),
)
_LEARNERS = ("BRT", "MARS", "NN", "RF", "RT", "SVR")


def styles(strategies: Iterable[str]) -> dict[str, Style]:
    """Map each strategy to its style, in reading order: those of the paper first, then the others by name.

    Ours look the same in every study. Users' own, and one that has several designs, take the style that their name
    points to, or the next free one; all in a figure are different.
    """
    names = set(strategies)
    order = [name for name in PAPER if name in names] + sorted(names - set(PAPER))
    others = _distinct([name for name in order if name not in KNOWN])
    return {name: KNOWN.get(name) or others[name] for name in order}


def method_styles(methods: Iterable[str]) -> dict[str, Style]:
    """Map each search method to its style, in reading order: ours first, then users' own by name."""
    names = set(methods)
    order = [name for name in METHODS if name in names] + sorted(names - set(METHODS))
    others = _distinct([name for name in order if name not in METHODS])
    return {name: METHODS.get(name) or others[name] for name in order}


def learner_styles(learners: Iterable[str]) -> dict[str, Style]:
    """Map each learner to its style, by name: none looks like a strategy of the paper."""
    names = sorted(set(learners))
    others = _distinct([name for name in names if name not in _LEARNERS], n_taken=len(_LEARNERS))
    return {name: OTHERS[_LEARNERS.index(name)] if name in _LEARNERS else others[name] for name in names}


def _distinct(names: list[str], n_taken: int = 0) -> dict[str, Style]:
    """Styles for any number of names, all different: when colours begin again, markers and lines are others."""
    slots: dict[str, int] = {}
    for name in names:
        start = zlib.crc32(name.encode()) % len(OTHERS)
        slots_in_order = (
            turn * len(OTHERS) + (start + i) % len(OTHERS) for turn in range(len(names) + 1) for i in range(len(OTHERS))
        )
        slots[name] = next(slot for slot in slots_in_order if slot >= n_taken and slot not in slots.values())
    turns = {name: divmod(slot, len(OTHERS)) for name, slot in slots.items()}
    looks = {
        name: [OTHERS[(base + step * turn) % len(OTHERS)] for step in range(3)] for name, (turn, base) in turns.items()
    }
    return {name: Style(parts[0].colour, parts[1].marker, parts[2].line) for name, parts in looks.items()}
