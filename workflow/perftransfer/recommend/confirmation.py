"""Measure recommended configurations side by side, and compare what was predicted of them with what came."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from perftransfer.dataset import measured, tables
from perftransfer.dataset.merge import columns_of
from perftransfer.evaluation.metrics import shortfall
from perftransfer.fitting.noise import least_difference, spreads
from perftransfer.levels import Configuration
from perftransfer.measuring import engines
from perftransfer.measuring.records import Measurement
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
    "disturbance",
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


def race(
    recommendation: Path,
    configurations: Mapping[str, Configuration],
    measure: Callable[[Mapping[str, Configuration], int], Sequence[Measurement]],
    table_of: Callable[[Sequence[Measurement]], pd.DataFrame],
    repeats: int,
    max_repeats: int,
    tolerance: float,
) -> list[Measurement]:
    """Measure configurations side by side; those that may be the best go on until they are told apart.

    Each round is one more process of each of them, in random order, so that a drift of the machine falls on all alike.
    It ends when, for every objective that is wanted, one is better than all others beyond the noise, or when a
    difference of ``tolerance`` would show and none does. Whoever looks after every round sees more than 1 in 20
    differences that are none: what is left then is within the noise of the best, or close to it.

    Parameters
    ----------
    recommendation
        File of the target's recommendations.
    configurations
        What to measure, by ``configuration_id``: the recommended ones, and others, which are measured ``repeats`` times
        only.
    measure
        Returns the records of all processes of configurations, given them and the number of processes.
    table_of
        Makes a table of measurements of records.
    repeats, max_repeats
        Processes of each configuration, and of those that go on.
    tolerance
        Difference, as a fraction, that does not matter.

    Returns
    -------
    list of Measurement
        In the order of ``configurations``.
    """
    rows, metadata = tables.read(recommendation), tables.metadata(recommendation)
    goal: GoalFacts = json.loads(metadata["goal"])
    names = list(rows["objective"].unique())
    records = _by_configuration(measure(configurations, repeats))
    for n in range(repeats + 1, max_repeats + 1):
        recommended = set(rows["configuration_id"])
        measurements = table_of([one for name, some in records.items() if name in recommended for one in some])
        frame = _with_measured(rows, measured.per_configuration(measurements, names))
        open_still: set[str] = set()
        for objective in goal["objectives"]:
            contenders, least = _choose(frame, objective, goal)
            if len(contenders) > 1 and least > 100 * tolerance:
                open_still |= contenders
        if not open_still:
            break
        further = {name: one for name, one in configurations.items() if name in open_still}
        records |= _by_configuration(measure(further, n))
    return [record for name in configurations for record in records[name]]


def _by_configuration(records: Sequence[Measurement]) -> dict[str, list[Measurement]]:
    out: dict[str, list[Measurement]] = {}
    for record in records:
        out.setdefault(record["configuration_id"], []).append(record)
    return out


def _with_measured(rows: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
    """Return a target's recommendations with what was measured of them, by ``measured.per_configuration``."""
    frame = rows.assign(**dict.fromkeys(_VALUES, np.nan), **dict.fromkeys(CONFIRMED[len(_VALUES) :], False))
    for objective in frame["objective"].unique():
        same = frame["objective"] == objective
        columns = values.reindex(frame.loc[same, "configuration_id"], columns=list(columns_of(objective)))
        frame.loc[same, list(_VALUES)] = columns.to_numpy(dtype=float, na_value=np.nan)
    return frame


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
        targets[target] |= {"confirmed": target in confirmed, "engine_default": {}, "disturbance_confirmed": None}
        names, values = list(frame["objective"].unique()), pd.DataFrame()
        if target in confirmed:
            measurements = tables.read(confirmed[target])
            values = measured.per_configuration(measurements, names)
            targets[target]["disturbance_confirmed"] = measured.disturbance(measurements)
            own = json.loads(tables.metadata(confirmed[target])["engine_default"])
            if own is not None:
                each = {name: _of_engine_default(measurements, values, own, name) for name in names}
                targets[target]["engine_default"] = each
        frame = _with_measured(frame, values)
        for objective in names:
            _choose(frame, objective, targets[target]["goal"])
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)[[*COLUMNS, *CONFIRMED]], {"targets": targets}


def _choose(frame: pd.DataFrame, objective: str, goal: GoalFacts) -> tuple[set[str], float]:
    """Mark what to run for an objective in the rows of a target, and what is as good.

    Returns these configurations, and the largest difference among them, in percent, that noise alone may show.
    """
    rows = frame[frame["objective"] == objective].sort_values("rank")
    tried = rows[rows["measured"].notna() & ~rows["configuration_id"].isin(_beyond_limits(frame, goal))]
    if tried.empty:
        frame.loc[rows.index[0], "chosen"] = True
        return set(), 0.0
    maximize = objective in goal["maximized"]
    best = tried["measured"].max() if maximize else tried["measured"].min()
    spread = spreads(tried.assign(**{f"{objective}_{end}": tried[f"measured_{end}"] for end in ("cv", "n")}), objective)
    behind = shortfall(tried["measured"].to_numpy(), best, maximize=maximize)
    chosen, n = int(np.argmin(behind)), tried["measured_n"].to_numpy()
    least = np.array([least_difference(spread, (n[chosen], other)) if len(spread) else 0.0 for other in n])
    is_equal = 100 * behind <= least
    frame.loc[tried.index[chosen], "chosen"] = True
    frame.loc[tried.index[is_equal], "equal"] = True
    return set(tried.loc[is_equal, "configuration_id"]), float(least[is_equal].max())


def _beyond_limits(frame: pd.DataFrame, goal: GoalFacts) -> set[str]:
    """Return the configurations that broke a limit when they were measured."""
    broken = set[str]()
    for limit in goal["limits"]:
        rows = frame[(frame["objective"] == limit["objective"]) & frame["measured"].notna()]
        keeps = rows["measured"] <= limit["value"] if limit["at_most"] else rows["measured"] >= limit["value"]
        broken |= set(rows.loc[~keeps, "configuration_id"])
    return broken
