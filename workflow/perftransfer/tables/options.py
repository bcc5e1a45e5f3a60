"""The options of the study and their levels."""

from __future__ import annotations

from perftransfer.lazy import pd
from perftransfer.space.options import INACTIVE, level_text
from perftransfer.tables.interface import CsvTable, Inputs

COLUMNS = ("option", "ordered", "conditional", "levels", "number_of_levels", "default", "configurations")


class Options(CsvTable):
    """The options of the study and their levels."""

    title = "Options"
    caption = (
        "One row per option that varies; options with a single level are listed under Method. A conditional option "
        "applies only if other options have certain levels. The last column counts configurations that were measured "
        "in any environment and in which the option applies."
    )
    inputs = ("configurations",)

    def compute(self, inputs: Inputs) -> pd.DataFrame:
        """Return one row per option, in their order."""
        configurations = inputs["configurations"]
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
            for option in inputs["options"]
        ]
        return pd.DataFrame(rows, columns=list(COLUMNS))
