"""What was promised of recommended configurations, beside what came when they were measured."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from perftransfer.dataset import measured, tables
from perftransfer.dataset.merge import columns_of
from perftransfer.recommend.recommendation import COLUMNS

CONFIRMED = ("measured", "measured_cv", "measured_n")


def merge_confirmations(
    recommendations: Iterable[Path], confirmations: Iterable[Path]
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return ``recommendation.parquet``, one row per target, objective and configuration, and what else is known.

    recommendations: one file per target. confirmations: what was measured of them, where it was.

    Columns of ``recommendation.COLUMNS``; ``measured``: the median over the confirming processes, in the objective's
    unit, NaN where none succeeded; ``measured_cv``, ``measured_n``: their coefficient of variation and their number.
    """
    came = {json.loads(tables.metadata(path)["environment"]): path for path in confirmations}
    frames, known = [], {}
    for path in recommendations:
        frame, found = tables.read(path), tables.metadata(path)
        target = str(frame["environment"].iloc[0])
        known[target] = {key: json.loads(found[key]) for key in ("outlooks", "strategy", "budget", "space")}
        known[target]["confirmed"] = target in came
        frames.append(frame.assign(**dict.fromkeys(CONFIRMED, np.nan)))
        if target not in came:
            continue
        names = list(frame["objective"].unique())
        values = measured.per_configuration(tables.read(came[target]), names)
        for objective in names:
            rows = frame["objective"] == objective
            own = values.reindex(frame.loc[rows, "configuration_id"])[list(columns_of(objective))]
            frames[-1].loc[rows, list(CONFIRMED)] = own.to_numpy(dtype=float, na_value=np.nan)
    return pd.concat(frames, ignore_index=True)[[*COLUMNS, *CONFIRMED]], {"targets": known}
