"""Levels of options: their types, and how they are written.

Standard library only, because boards use this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Level = bool | int | float | str
#: Level of each option by name; None for an inactive option.
Configuration = Mapping[str, Level | None]

# Above, not every whole number has a floating-point number of its own.
MAX_NUMBER = 2**53
#: Level of a conditional option in configurations in which it is inactive.
INACTIVE = "inactive"


def level_text(level: Any) -> str:
    """Write a level as text, the same for every type: 2, 2.0 and numpy's 2 are "2", True is "true".

    >>> level_text(2.0), level_text(True), level_text("all"), level_text(None)
    ('2', 'true', 'all', 'inactive')
    """
    if level is None:
        return INACTIVE
    value = level.item() if hasattr(level, "item") else level
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)


def level_problem(value: object) -> str | None:
    """Say why a value of a user's file can be no level; None if it can."""
    if not isinstance(value, Level):
        return "expected a number, a text, true or false; write names such as null in quotes"
    if isinstance(value, int | float) and not abs(value) <= MAX_NUMBER:
        return f"expected a number between {-MAX_NUMBER} and {MAX_NUMBER}, or a text in quotes"
    return None
