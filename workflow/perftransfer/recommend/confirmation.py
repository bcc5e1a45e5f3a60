"""Compare what was predicted of recommended configurations with what was measured."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from perftransfer.dataset import measured, tables
from perftransfer.dataset.merge import columns_of
from perftransfer.evaluation.metrics import shortfall
from perftransfer.fitting.noise import least_difference, spreads
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
CONFIRMED = ("measured", "measured_cv", "measured_n", "chosen", "equal")


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
        variation and number. ``chosen``: what to run for this objective, the best as measured side by side, within all
        limits; of those that cannot be told apart from it (``equal``), the one that ranks first. Before it was
        measured, the one that ranks first.
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
        frame = frame.assign(**dict.fromkeys(CONFIRMED[:3], np.nan), **dict.fromkeys(CONFIRMED[3:], False))
        names = list(frame["objective"].unique())
        if target in confirmed:
            values = measured.per_configuration(tables.read(confirmed[target]), names)
            for objective in names:
                rows = frame["objective"] == objective
                columns = values.reindex(frame.loc[rows, "configuration_id"])[list(columns_of(objective))]
                frame.loc[rows, list(CONFIRMED[:3])] = columns.to_numpy(dtype=float, na_value=np.nan)
        for objective in names:
            _choose(frame, objective, targets[target]["goal"])
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)[[*COLUMNS, *CONFIRMED]], {"targets": targets}


def _choose(frame: pd.DataFrame, objective: str, goal: Mapping[str, Any]) -> None:
    """Mark what to run for an objective in the rows of a target, and what is as good."""
    rows = frame[frame["objective"] == objective].sort_values("rank")
    tried = rows[rows["measured"].notna() & ~rows["configuration_id"].isin(_beyond_limits(frame, goal))]
    if tried.empty:
        frame.loc[rows.index[0], "chosen"] = True
        return
    best = tried["measured"].max() if objective in goal["maximized"] else tried["measured"].min()
    spread = spreads(tried.assign(**{f"{objective}_{end}": tried[f"measured_{end}"] for end in ("cv", "n")}), objective)
    least = least_difference(spread) if len(spread) else 0.0
    equal = tried[100 * shortfall(tried["measured"].to_numpy(), best, maximize=objective in goal["maximized"]) <= least]
    frame.loc[equal.index[0], "chosen"] = True
    frame.loc[equal.index, "equal"] = True


def _beyond_limits(frame: pd.DataFrame, goal: Mapping[str, Any]) -> set[str]:
    """Return the configurations that broke a limit when they were measured."""
    broken = set[str]()
    for limit in goal["limits"]:
        rows = frame[(frame["objective"] == limit["objective"]) & frame["measured"].notna()]
        keeps = rows["measured"] <= limit["value"] if limit["at_most"] else rows["measured"] >= limit["value"]
        broken |= set(rows.loc[~keeps, "configuration_id"])
    return broken
