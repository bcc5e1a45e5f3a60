"""Rows of a dataset as the wide tables that the package makes of one."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd


def by_configuration(rows: pd.DataFrame) -> Callable[[str], pd.DataFrame]:
    """Return what gives the values of an objective, a row per configuration and a column per environment."""
    return lambda objective: rows.pivot_table(objective, "configuration_id", "environment", sort=False, dropna=False)
