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
TABLES = ("environments", "values")


def make(tables: Mapping[str, pd.DataFrame], *, options: Sequence[Option], seed: int) -> pd.DataFrame:
    """One row per environment, in the order of the study: its description, ``configurations``, and the values.

    Each objective adds ``_configurations`` (that have a value), ``_min``, ``_median`` and ``_max``.
    """
    environments, values = tables["environments"], tables["values"]
    groups = values.groupby("environment", sort=False)
    parts = [environments.set_index("environment", drop=False), groups.size().rename("configurations")]
    for objective in objectives(values):
        found = groups[objective].agg(["count", "min", "median", "max"])
        names = {name: f"{objective}_{name}" for name in found} | {"count": f"{objective}_configurations"}
        parts.append(found.rename(columns=names))
    return pd.concat(parts, axis=1).reset_index(drop=True)


def objectives(values: pd.DataFrame) -> list[str]:
    """Names of the objectives: the columns that have a spread and a number of processes beside them."""
    return [str(name) for name in values if {f"{name}_cv", f"{name}_n"} <= set(values)]


def shown(frame: pd.DataFrame) -> pd.DataFrame:
    """Leave out descriptions that no environment has."""
    return frame.dropna(axis=1, how="all")
