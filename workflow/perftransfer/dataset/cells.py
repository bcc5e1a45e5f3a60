"""Cells of a published table as levels of an option."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from perftransfer.dataset.number_format import NumberFormat
from perftransfer.errors import UserError, unknown
from perftransfer.levels import MAX_NUMBER, Level, level_text

_TRUTH = {"true": True, "false": False}


@dataclass(frozen=True)
class Levels:
    """The levels of an option over all environments of an import, by the text of a cell."""

    by_text: Mapping[str, Level]
    is_text: bool

    def sorted(self, texts: Iterable[str]) -> list[Level]:
        """Return the different levels of some cells: numbers by size, texts by their letters."""
        different = {level_text(self.by_text[text]): self.by_text[text] for text in texts}
        return sorted(different.values(), key=lambda level: (isinstance(level, str), level))


def read_levels(texts: Iterable[str], kind: str | None, declared: Sequence[Level] | None, where: str) -> Levels:
    """Decide what the cells of an option are, in all environments together.

    Numbers if all are written as programs write numbers: 2, 2.0, 0.25, not 1.10, 010 or 1e3, which may be names
    of versions and masks. Truth values if all are true or false. Texts otherwise.

    Parameters
    ----------
    texts
        Different cells of the option; numbers in them have decimal points.
    kind
        What the study says they are: "number", "text", or None.
    declared
        Levels that the study lists.
    where
        The option, for messages.

    Raises
    ------
    UserError
        If a cell is not what the study says it is.
    """
    different = dict.fromkeys(texts)
    if declared is not None:
        levels = [level_text(level) for level in declared] if kind == "text" else list(declared)
        return Levels(_declared(different, kind, levels, where), False)
    if kind == "number":
        values = {text: _number(text) for text in different}
        wrong = [text for text, value in values.items() if value is None]
        if wrong:
            raise UserError(f"{where}: {wrong[0]!r} is not a number; remove type: number")
        return Levels(_of_one_type({text: value for text, value in values.items() if value is not None}), False)
    if kind is None and different and all(text.lower() in _TRUTH for text in different):
        return Levels({text: _TRUTH[text.lower()] for text in different}, False)
    plain = {text: _canonical(text) for text in different}
    if kind is None and different and all(value is not None for value in plain.values()):
        return Levels(_of_one_type({text: value for text, value in plain.items() if value is not None}), False)
    return Levels({text: text for text in different}, True)


def _declared(texts: Iterable[str], kind: str | None, levels: Sequence[Level], where: str) -> dict[str, Level]:
    """Return the declared level that each cell means; cells that mean none are left out."""
    by_text = {level_text(level): level for level in levels}
    by_number = {float(x): x for x in levels if isinstance(x, int | float) and not isinstance(x, bool)}
    out: dict[str, Level] = {}
    as_numbers: dict[float, str] = {}
    for text in texts:
        if text in by_text:
            out[text] = by_text[text]
        elif text.lower() in _TRUTH and text.lower() in by_text and isinstance(by_text[text.lower()], bool):
            out[text] = by_text[text.lower()]
        if text in by_text and isinstance(by_text[text], str):
            continue
        value = _number(text)
        if value is None or value not in by_number:
            continue
        other = as_numbers.setdefault(value, text)
        if kind is None and other != text and None in (_canonical(other), _canonical(text)):
            raise UserError(
                f"{where}: the cells {other!r} and {text!r} are both the level {level_text(by_number[value])}; quote "
                "the levels if they are names, or say type: number"
            )
        out[text] = by_number[value]
    return out


def _number(text: str) -> float | None:
    value = NumberFormat().parse(text)
    return value if value is not None and abs(value) <= MAX_NUMBER else None


def _canonical(text: str) -> float | None:
    """Return the number that a cell is, if it is written as programs write it."""
    value = _number(text)
    return value if value is not None and text in (repr(value), level_text(value)) else None


def _of_one_type(values: Mapping[str, float]) -> dict[str, Level]:
    """Return whole numbers as such if all are, else all as floating-point numbers."""
    if all(value.is_integer() for value in values.values()):
        return {text: int(value) for text, value in values.items()}
    return dict(values)


def in_order(levels: Levels, texts: Iterable[str], where: str) -> list[Level]:
    """Return the levels that cells of an ordered option have, in their order.

    Raises
    ------
    UserError
        If they are texts, of which only the study can say the order.
    """
    found = levels.sorted(texts)
    if levels.is_text:
        names = ", ".join(map(level_text, found[:8])) + (" ..." if len(found) > 8 else "")
        hint = _why_text(list(levels.by_text))
        raise UserError(
            f"{where}: ordered: true, but its levels are text: {names}. List them in their order (levels){hint}"
        )
    return found


def _why_text(texts: Sequence[str]) -> str:
    """Say which cells keep a column from being numbers, if nearly all are."""
    strange = [text for text in texts if _canonical(text) is None]
    if all(_number(text) is not None for text in texts):
        return f"; if {strange[0]!r} is a number and no name, say type: number"
    return f"; {strange[0]!r} is not a number, or too large for one" if len(strange) < len(texts) else ""


def matching_texts(texts: Sequence[str], value: Level, where: str) -> list[str]:
    """Return which of the different cells of a column a value in the study means.

    Raises
    ------
    UserError
        If there is none, or if a number means cells that may be different names: 1.1 and 1.10.
    """
    if isinstance(value, str):
        matches = [text for text in texts if text == value]
    elif isinstance(value, bool):
        matches = [text for text in texts if text.lower() == level_text(value)]
    else:
        matches = [text for text in texts if NumberFormat().parse(text) == value]
    if not matches:
        raise UserError(unknown(where, "value", value, sorted(texts)[:20]))
    if len(matches) > 1 and not all(_is_plain(text) for text in matches):
        raise UserError(f"{where}: {level_text(value)} may be {' or '.join(map(repr, matches))}; write it in quotes")
    return matches


def _is_plain(text: str) -> bool:
    number = NumberFormat().parse(text)
    return number is None or text in (level_text(number), repr(number))
