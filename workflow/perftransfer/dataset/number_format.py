"""Numbers as tables write them: decimal points or commas, thousands separators."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from perftransfer.errors import UserError

# A number as every program reads it. Python's float takes more: underscores, other digits, "nan".
_PLAIN = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
# Thousands separators that are never a decimal separator: spaces of several widths, apostrophes.
_ONLY_THOUSANDS = " '\u2019\u00a0\u2009\u202f"
_NUMBER_LIKE = re.compile(rf"[+-]?[0-9][0-9.,{_ONLY_THOUSANDS}]*([eE][+-]?[0-9]+)?")
_GROUPS = "[1-9][0-9]{{0,2}}({0}[0-9]{{3}}){1}"


@dataclass(frozen=True)
class NumberFormat:
    """How numbers are written. thousands: the separator of groups of three digits, "" for none."""

    decimal: str = "."
    thousands: str = ""

    def plain(self, text: str) -> str | None:
        """Return a number as every program reads it, or None if a cell holds no number.

        >>> NumberFormat(",", ".").plain("1.350,5"), NumberFormat().plain("1,350"), NumberFormat().plain("1.10")
        ('1350.5', None, '1.10')
        """
        if self.thousands and self.thousands in text:
            if not self._grouped.fullmatch(text):
                return None
            text = text.replace(self.thousands, "")
        elif self.decimal != "." and "." in text:
            return None
        text = text.replace(self.decimal, ".", 1)
        return text if _PLAIN.fullmatch(text) else None

    def parse(self, text: str) -> float | None:
        """Return the number that a cell holds, or None if it holds none. Too large numbers are infinite."""
        plain = self.plain(text)
        return None if plain is None else float(plain)

    @cached_property
    def _grouped(self) -> re.Pattern[str]:
        groups = _GROUPS.format(re.escape(self.thousands), "+")
        return re.compile(rf"[+-]?{groups}({re.escape(self.decimal)}[0-9]*)?")

    def __str__(self) -> str:
        said = f"decimal separator {self.decimal!r}"
        return f"{said}, thousands separator {self.thousands!r}" if self.thousands else said


def guess(
    texts: Iterable[str], where: str, decimal: str | None, thousands: str | None, *, semicolons: bool = False
) -> NumberFormat:
    """Find out how the numbers of a file are written.

    Parameters
    ----------
    texts
        Cells of the columns that should hold numbers. Those that are nothing like a number do not count.
    where
        File, for messages.
    decimal, thousands
        What the study says; None for what it does not say.
    semicolons
        Whether cells are separated by semicolons, as where commas are decimal separators: points may then separate
        thousands.

    Raises
    ------
    UserError
        If the same cells can be read as different numbers: ``1,350`` as 1350 and as 1.35.
    """
    if decimal is not None and thousands is not None:
        return NumberFormat(decimal, thousands)
    cells = [text for text in texts if _NUMBER_LIKE.fullmatch(text)]
    if thousands is None:
        separators = sorted({char for text in cells for char in text if char in _ONLY_THOUSANDS})
        if len(separators) == 1:
            thousands = separators[0]
            cells = [text.replace(thousands, "") for text in cells]
    if thousands in (".", ",") and decimal is None:
        return NumberFormat("," if thousands == "." else ".", thousands)
    if decimal is None:
        decimal = _decimal(cells, where, semicolons)
    if thousands is None:
        other = "," if decimal == "." else "."
        thousands = other if any(other in text for text in cells) else ""
    return NumberFormat(decimal, thousands)


def _decimal(cells: list[str], where: str, semicolons: bool) -> str:
    """Return the decimal separator of cells in which points and commas may each be one or separate thousands."""
    comma, point = (_evidence(cells, decimal, other) for decimal, other in ((",", "."), (".", ",")))
    if comma or point:
        # Where cells contradict each other, those with a comma are no numbers.
        return "," if comma and not point else "."
    ambiguous = next((text for text in cells if "," in text), None)
    if ambiguous is None and semicolons and not all("." in text for text in cells):
        ambiguous = next((text for text in cells if "." in text), None)
    if ambiguous is not None:
        separator = "," if "," in ambiguous else "."
        raise UserError(
            f"{where}: {ambiguous!r} may be {ambiguous.replace(separator, '')} or {ambiguous.replace(separator, '.')}, "
            "and no other number of the file tells which; say in the import which it is: "
            f"thousands: '{separator}' or decimal: '{separator}'"
        )
    return "."


def _evidence(cells: Iterable[str], decimal: str, other: str) -> bool:
    """Whether a cell can only be read with this decimal separator."""
    grouped = re.compile(rf"[+-]?{_GROUPS.format(re.escape(other), '+')}{re.escape(decimal)}[0-9]+")
    several = re.compile(rf"[+-]?{_GROUPS.format(re.escape(other), '{2,}')}")
    fraction = re.compile(rf"[+-]?[0-9]+{re.escape(decimal)}[0-9]*([eE][+-]?[0-9]+)?")
    thousands = re.compile(rf"[+-]?{_GROUPS.format(re.escape(decimal), '')}")
    return any(
        grouped.fullmatch(text)
        or several.fullmatch(text)
        or (fraction.fullmatch(text) and not thousands.fullmatch(text))
        for text in cells
    )
