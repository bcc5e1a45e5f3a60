"""The environments of the study and what was measured in them."""

from __future__ import annotations

from perftransfer.lazy import pd
from perftransfer.tables.interface import CsvTable, Inputs

_SHOWN = {"values": "configurations", "low": "min", "median": "median", "high": "max"}


class Environments(CsvTable):
    """The environments of the study and what was measured in them."""

    title = "Environments"
    caption = (
        "One row per environment. Lowest, median and highest value of each objective are over the configurations "
        "measured there, one value per configuration, in the unit that ends the objective's name."
    )
    inputs = ("environments", "ranges")

    def compute(self, inputs: Inputs) -> pd.DataFrame:
        """Return the description of each environment, ``configurations``, and the values.

        Rows are in the order of the study. Each objective adds ``_configurations`` (that have a
        value), ``_min``, ``_median`` and ``_max``.
        """
        out = inputs["environments"].set_index("environment", drop=False)
        for i, (objective, rows) in enumerate(inputs["ranges"].groupby("objective", sort=False)):
            part = rows.set_index("environment")
            out = out if i else out.join(part["configurations"])
            names = {column: f"{objective}_{name}" for column, name in _SHOWN.items()}
            out = out.join(part[list(names)].rename(columns=names))
        return out.reset_index(drop=True)

    def for_report(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Leave out descriptions that no environment has."""
        return frame.dropna(axis=1, how="all")
