"""Compare what was predicted of recommended configurations with what was measured."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from perftransfer.dataset import measured, tables
from perftransfer.dataset.merge import columns_of
from perftransfer.recommend.recommendation import COLUMNS

# What is known of a target.
_FACTS = (
    "outlooks",
    "strategy",
    "budget",
    "space",
    "description",
    "configurations",
    "goal",
    "tolerance",
    "stopped_early",
)
CONFIRMED = ("measured", "measured_cv", "measured_n")


def merge_confirmations(
    recommendations: Iterable[Path], confirmations: Iterable[Path]
) -> tuple[pd.DataFrame, dict[str, object]]:
    """Build ``recommendation.parquet``: one row per target, objective and configuration, and its metadata.

    Parameters
    ----------
    recommendations
        One file per target.
    confirmations
        Files of what was measured of them; targets may be missing.

    Returns
    -------
    table : DataFrame
        Columns of ``recommendation.COLUMNS``, and ``measured``: the median over the confirming processes, in the
        objective's unit, NaN where none succeeded; ``measured_cv`` and ``measured_n``: their coefficient of
        variation and number.
    metadata : dict
        ``targets``: what is known of each target.
    """
    confirmed = {json.loads(tables.metadata(path)["environment"]): path for path in confirmations}
    frames, targets = [], {}
    for path in recommendations:
        frame, metadata = tables.read(path), tables.metadata(path)
        target = str(frame["environment"].iloc[0])
        targets[target] = {key: json.loads(metadata[key]) for key in _FACTS}
        targets[target]["confirmed"] = target in confirmed
        frames.append(frame.assign(**dict.fromkeys(CONFIRMED, np.nan)))
        if target not in confirmed:
            continue
        names = list(frame["objective"].unique())
        values = measured.per_configuration(tables.read(confirmed[target]), names)
        for objective in names:
            rows = frame["objective"] == objective
            columns = values.reindex(frame.loc[rows, "configuration_id"])[list(columns_of(objective))]
            frames[-1].loc[rows, list(CONFIRMED)] = columns.to_numpy(dtype=float, na_value=np.nan)
    return pd.concat(frames, ignore_index=True)[[*COLUMNS, *CONFIRMED]], {"targets": targets}
