"""The environments of the study and what was measured in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from perftransfer.space.options import Option

TITLE = "Environments"
CAPTION = (
    "One row per environment. Lowest, median and highest value of each objective are over the configurations measured "
    "there, one value per configuration, in the unit that the objective's name ends with."
)
TABLES = ("environments", "ranges")

_SHOWN = {"values": "configurations", "low": "min", "median": "median", "high": "max"}


def make(tables: Mapping[str, pd.DataFrame], *, options: Sequence[Option], seed: int) -> pd.DataFrame:
    """One row per environment, in the order of the study: its description, ``configurations``, and the values.

    Each objective adds ``_configurations`` (that have a value), ``_min``, ``_median`` and ``_max``.
    """
    out = tables["environments"].set_index("environment", drop=False)
    for i, (objective, rows) in enumerate(tables["ranges"].groupby("objective", sort=False)):
        found = rows.set_index("environment")
        out = out if i else out.join(found["configurations"])
        names = {column: f"{objective}_{name}" for column, name in _SHOWN.items()}
        out = out.join(found[list(names)].rename(columns=names))
    return out.reset_index(drop=True)


def shown(frame: pd.DataFrame) -> pd.DataFrame:
    """Leave out descriptions that no environment has."""
    return frame.dropna(axis=1, how="all")
