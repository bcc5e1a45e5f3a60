"""Compare what was predicted of recommended configurations with what was measured."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from perftransfer.dataset import measured, tables
from perftransfer.dataset.merge import columns_of
from perftransfer.evaluation.metrics import shortfall
from perftransfer.fitting.noise import least_difference, spreads
from perftransfer.levels import Configuration
from perftransfer.measuring import engines
from perftransfer.recommend.facts import GoalFacts
from perftransfer.recommend.recommendation import COLUMNS
from perftransfer.space.options import configuration_id

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
_VALUES = ("measured", "measured_cv", "measured_n")
CONFIRMED = (*_VALUES, "chosen", "equal")


def engine_default(engine: str, recommendation: Path) -> dict[str, Configuration]:
    """Return the configuration in which the engine is left alone, by its ``configuration_id``; empty if it has none.

    Parameters
    ----------
    engine
        Name of the engine.
    recommendation
        File of the target's recommendations, with the default configuration.
    """
    rows, text = tables.read(recommendation), tables.metadata(recommendation)["configurations"]
    default = rows.loc[rows["default"], "configuration_id"].iloc[0]
    own = engines.load(engine).left_alone(dict(json.loads(text)[default]))
    return {} if own is None else {configuration_id(own): own}


def _of_engine_default(rows: pd.DataFrame, values: pd.DataFrame, own: str, objective: str) -> dict[str, object]:
    columns = values.reindex([own])[list(columns_of(objective))].to_numpy(dtype=float, na_value=np.nan)[0]
    out: dict[str, object] = {
        name: None if np.isnan(value) else float(value) for name, value in zip(_VALUES, columns, strict=True)
    }
    if out["measured"] is None:
        errors = rows.loc[(rows["configuration_id"] == own) & (rows["status"] != "ok"), "error"]
        out["error"] = f"no value of {objective}" if errors.empty else str(errors.iloc[0])
    return out


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
        limits; before anything of it was measured, what ranks first. ``equal``: what noise does not tell apart from it,
        itself included.
    metadata : dict
        ``targets``: what is known of each target. In it, ``engine_default``: by objective, what was measured with the
        engine left alone (``measured``, ``measured_cv``, ``measured_n``, and ``error`` where that failed); empty if it
        was not tried.
    """
    confirmed = {json.loads(tables.metadata(path)["environment"]): path for path in confirmations}
    frames, targets = [], {}
    for path in recommendations:
        frame, metadata = tables.read(path), tables.metadata(path)
        target = str(frame["environment"].iloc[0])
        targets[target] = {key: json.loads(metadata[key]) for key in _FACTS}
        targets[target] |= {"confirmed": target in confirmed, "engine_default": {}}
        frame = frame.assign(**dict.fromkeys(_VALUES, np.nan), **dict.fromkeys(CONFIRMED[len(_VALUES) :], False))
        names = list(frame["objective"].unique())
        if target in confirmed:
            measurements = tables.read(confirmed[target])
            values = measured.per_configuration(measurements, names)
            for objective in names:
                rows = frame["objective"] == objective
                columns = values.reindex(frame.loc[rows, "configuration_id"])[list(columns_of(objective))]
                frame.loc[rows, list(_VALUES)] = columns.to_numpy(dtype=float, na_value=np.nan)
            own = json.loads(tables.metadata(confirmed[target])["engine_default"])
            if own is not None:
                each = {name: _of_engine_default(measurements, values, own, name) for name in names}
                targets[target]["engine_default"] = each
        for objective in names:
            _choose(frame, objective, targets[target]["goal"])
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)[[*COLUMNS, *CONFIRMED]], {"targets": targets}


def _choose(frame: pd.DataFrame, objective: str, goal: GoalFacts) -> None:
    """Mark what to run for an objective in the rows of a target, and what is as good."""
    rows = frame[frame["objective"] == objective].sort_values("rank")
    tried = rows[rows["measured"].notna() & ~rows["configuration_id"].isin(_beyond_limits(frame, goal))]
    if tried.empty:
        frame.loc[rows.index[0], "chosen"] = True
        return
    maximize = objective in goal["maximized"]
    best = tried["measured"].max() if maximize else tried["measured"].min()
    spread = spreads(tried.assign(**{f"{objective}_{end}": tried[f"measured_{end}"] for end in ("cv", "n")}), objective)
    least = least_difference(spread) if len(spread) else 0.0
    behind = shortfall(tried["measured"].to_numpy(), best, maximize=maximize)
    frame.loc[tried.index[int(np.argmin(behind))], "chosen"] = True
    frame.loc[tried.index[100 * behind <= least], "equal"] = True


def _beyond_limits(frame: pd.DataFrame, goal: GoalFacts) -> set[str]:
    """Return the configurations that broke a limit when they were measured."""
    broken = set[str]()
    for limit in goal["limits"]:
        rows = frame[(frame["objective"] == limit["objective"]) & frame["measured"].notna()]
        keeps = rows["measured"] <= limit["value"] if limit["at_most"] else rows["measured"] >= limit["value"]
        broken |= set(rows.loc[~keeps, "configuration_id"])
    return broken
