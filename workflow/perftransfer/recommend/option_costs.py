"""What each option costs, one at a time, from the recommended configuration of a target."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from perftransfer.dataset import tables
from perftransfer.levels import Level, level_text
from perftransfer.recommend.deployment import best_row
from perftransfer.recommend.transferred_model import TransferredModel
from perftransfer.space.encoding import ConfigurationIndex
from perftransfer.space.options import configuration_id

COLUMNS = (
    "objective", "recommended_id", "option", "recommended", "level", "configuration_id", "status", "value",
    "reference", "change", "low", "high",
)  # fmt: skip
#: How a value is known: measured in the target, or predicted; ``FAILED``: measured without success.
MEASURED, PREDICTED, FAILED = "measured", "predicted", "failed"


def option_costs_table(
    models: Mapping[str, TransferredModel],
    recommendations: pd.DataFrame,
    configurations: Mapping[str, Mapping[str, Level | None]],
) -> pd.DataFrame:
    """Compare each recommended configuration, and the default one, with all that differ from it in one option.

    Which of them is run is decided after they were measured side by side; ``of_chosen`` takes its rows.

    Parameters
    ----------
    models
        Models of the target by objective.
    recommendations
        What ``recommendation.recommend`` returned.
    configurations
        Levels of the recommended configurations by ``configuration_id``.

    Returns
    -------
    DataFrame
        A row per objective, recommended configuration (``recommended_id``), option and other level, with columns
        ``COLUMNS``. ``value`` and ``reference`` (that of the
        recommended configuration) are both measured or both predicted, in the objective's unit, so that their ratio
        holds no difference between model and measurement. ``change``: ``value / reference - 1``; ``low`` and ``high``:
        its ends by the interval of the prediction, missing where it was measured or the strategy has no intervals.
    """
    frames = [pd.DataFrame(columns=list(COLUMNS))]
    for objective, part in recommendations.groupby("objective", sort=False):
        model = models[str(objective)]
        frames += [_from_configuration(model, configurations[name]) for name in part["configuration_id"]]
    text = {name: "str" if name in COLUMNS[:7] else "float64" for name in COLUMNS}
    return pd.concat([frame.astype(text) for frame in frames], ignore_index=True)


def of_chosen(table: pd.DataFrame, recommendations: pd.DataFrame) -> pd.DataFrame:
    """Return the rows on what is run for each objective.

    Parameters
    ----------
    table
        What ``option_costs_table`` returned.
    recommendations
        Rows of ``recommendation.parquet`` of this target.
    """
    chosen = {
        objective: best_row(part)["configuration_id"]
        for objective, part in recommendations.groupby("objective", sort=False)
    }
    return table[table["recommended_id"] == table["objective"].map(chosen)]


def _from_configuration(model: TransferredModel, best: Mapping[str, Level | None]) -> pd.DataFrame:
    changes = list(model.space.changes(best))
    if not changes:
        return pd.DataFrame(columns=list(COLUMNS))
    # The recommended one comes first.
    listed = [best, *(changed for *_, changed in changes)]
    codes = model.codes_of(tables.option_columns(listed, model.space.options))
    prediction = model.predict(codes)
    rows = ConfigurationIndex(model.target.codes).find(codes)
    y = np.where(rows >= 0, model.target.y[rows], np.nan) if len(model.target) else np.full(len(codes), np.nan)
    failed = np.zeros(len(codes), dtype=bool)
    if model.target.failed is not None:
        failed = (ConfigurationIndex(model.target.failed).find(codes) >= 0) & np.isnan(y)
    is_measured = ~np.isnan(y) & ~np.isnan(y[0])
    value = np.where(is_measured, y, prediction.value)
    reference = np.where(is_measured, y[0], prediction.value[0])

    def change(values: np.ndarray) -> np.ndarray:
        return np.where(failed, np.nan, values / reference - 1)

    ends = [
        np.full(len(codes), np.nan) if end is None else np.where(is_measured, np.nan, change(end))
        for end in (prediction.low, prediction.high)
    ]
    frame = pd.DataFrame(
        {
            "objective": model.recipe.objective,
            "recommended_id": configuration_id(best),
            "option": ["", *(option.name for option, *_ in changes)],
            "recommended": ["", *(level_text(best[option.name]) for option, *_ in changes)],
            "level": ["", *(level_text(level) for _, level, _ in changes)],
            "configuration_id": [configuration_id(configuration) for configuration in listed],
            "status": np.where(failed, FAILED, np.where(is_measured, MEASURED, PREDICTED)),
            "value": np.where(failed, np.nan, value),
            "reference": reference,
            "change": change(value),
            "low": ends[0],
            "high": ends[1],
        }
    )
    return frame.iloc[1:]
