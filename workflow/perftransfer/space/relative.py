"""Options whose levels are compared relative to a size of the environment: threads per core.

Two threads on two cores are to one core what one thread is. What is run stays absolute; tables that compare
environments, and the models learnt from them, have the level divided by the size, under a name that says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from perftransfer.errors import UserError, unknown
from perftransfer.space.options import INACTIVE, Level, Option, level_text

#: What an option may be relative to, and what one unit of it is called in its name.
SIZES = {"cores": "core", "batch": "input", "image_px": "px"}


def name_of(option: str, relative_to: str) -> str:
    """Return the name of an option that is compared relative to a size.

    >>> name_of("intra_op_threads", "cores")
    'intra_op_threads_per_core'
    """
    return f"{option}_per_{SIZES[relative_to]}"


def is_positive(level: object) -> bool:
    """Whether a level can be divided by a size."""
    return isinstance(level, int | float) and not isinstance(level, bool) and level > 0


def divided(level: float, size: int) -> Level:
    """Return a level relative to a size.

    >>> divided(2, 4), divided(2, 1)
    (0.5, 2)
    """
    # Twelve digits: equal ratios must be equal despite rounding.
    ratio = float(f"{level / size:.12g}")
    return int(ratio) if ratio.is_integer() else ratio


def as_compared(option: Option, relative_to: str, size: int) -> Option:
    """Return the option with levels relative to a size, under the name that it is compared by."""
    levels = tuple(divided(float(level), size) for level in option.levels)
    default = levels[option.code(option.default)]
    return replace(option, name=name_of(option.name, relative_to), levels=levels, default=default)


def column_as_compared(frame: pd.DataFrame, option: Option, relative_to: str, size: int) -> pd.DataFrame:
    """Return a table with the column of an option as it is compared, in place of its own."""
    compared = as_compared(option, relative_to, size)
    column = replaced(frame[option.name], option, compared.levels)
    return frame.assign(**{option.name: column}).rename(columns={option.name: compared.name})


def replaced(column: pd.Series, option: Option, levels: Sequence[Level]) -> pd.Series:
    """Return a column of an option's levels with others in their place; what is inactive or missing stays so.

    Raises UserError for a level that the option does not have.
    """
    others: dict[str, Level] = dict(zip(map(level_text, option.levels), levels, strict=True))
    out = []
    for level in column:
        text = INACTIVE if pd.isna(level) else level_text(level)
        if text != INACTIVE and text not in others:
            raise UserError(unknown(f"configurations: {option.name}", "level", text, option.levels))
        out.append(others.get(text, INACTIVE))
    has_inactive = INACTIVE in out
    return pd.Series(out, index=column.index, dtype=object if has_inactive else None)


def compared_by(option: str, names: Sequence[str]) -> str:
    """Return what an option is compared relative to, by the names of the options of a model; "" if to nothing."""
    return next((size for size in SIZES if option not in names and name_of(option, size) in names), "")
