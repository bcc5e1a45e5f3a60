"""The options of the study and their levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from perftransfer.space.options import INACTIVE, Option, level_text

TITLE = "Options"
CAPTION = (
    "One row per option that varies; options with one level only are listed elsewhere. A conditional option plays a "
    "part only where others have certain levels. Configurations are those measured in any environment in which the "
    "option plays a part."
)
TABLES = ("configurations",)

COLUMNS = ("option", "ordered", "conditional", "levels", "number_of_levels", "default", "configurations")


def make(tables: Mapping[str, pd.DataFrame], *, options: Sequence[Option], seed: int) -> pd.DataFrame:
    """One row per option, in their order."""
    configurations = tables["configurations"]
    rows = [
        (
            option.name,
            option.ordered,
            option.conditional,
            ", ".join(map(level_text, option.levels)),
            len(option.levels),
            level_text(option.default),
            int((configurations[option.name].map(level_text) != INACTIVE).sum()),
        )
        for option in options
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def shown(frame: pd.DataFrame) -> pd.DataFrame:
    """Return all of it."""
    return frame
