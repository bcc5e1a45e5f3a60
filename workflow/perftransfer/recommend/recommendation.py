"""Which configurations to run in a target, by models of its objectives."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from perftransfer.dataset import tables
from perftransfer.recommend.prediction import Prediction
from perftransfer.recommend.transferred_model import TransferredModel
from perftransfer.space.encoding import ConfigurationIndex
from perftransfer.space.options import configuration_id, level_text, written

COLUMNS = (
    "environment", "objective", "configuration_id", "configuration", "changes", "default", "rank", "pareto",
    "predicted", "low", "high", "probability_better",
)  # fmt: skip

LEFT_OUT = ("objective", "configuration_id", "measured", "predicted", "low", "high")


def predict_space(models: Mapping[str, TransferredModel], space: pd.DataFrame) -> dict[str, Prediction]:
    """Predict every configuration of a table by the model of each objective."""
    return {objective: model.predict(model.codes_of(space)) for objective, model in models.items()}


def predictions_table(
    space: pd.DataFrame, predicted: Mapping[str, Prediction], measured: Collection[str], failed: Collection[str]
) -> pd.DataFrame:
    """Return one row per configuration: ``configuration_id``, options, objectives, and the ends of their intervals.

    ``pareto`` is whether, of those that did not fail, none is predicted to be better in one objective and no worse in
    the others.

    Parameters
    ----------
    space
        ``configuration_id`` and options of the configurations that may be chosen.
    predicted
        Prediction for each of them, by objective.
    measured, failed
        Configurations that were measured with and without success: ``status`` is "ok", "failed", or "" for others.
    """
    ids = space["configuration_id"]
    columns: dict[str, Any] = {
        "status": np.where(ids.isin(list(measured)), "ok", np.where(ids.isin(list(failed)), "failed", ""))
    }
    good = np.flatnonzero(columns["status"] != "failed")
    columns["pareto"] = np.zeros(len(space), dtype=bool)
    columns["pareto"][good[pareto_front(np.column_stack([one.position[good] for one in predicted.values()]))]] = True
    for objective, prediction in predicted.items():
        columns[objective] = prediction.value
        for end, values in (("low", prediction.low), ("high", prediction.high)):
            columns[f"{objective}_{end}"] = np.full(len(space), np.nan) if values is None else values
    return space.assign(**columns)


def left_out_table(models: Mapping[str, TransferredModel], space: pd.DataFrame) -> pd.DataFrame:
    """Compare each measurement with its prediction from all others: one row per configuration and objective.

    Columns: ``objective, configuration_id, measured, predicted, low, high``, all in the objective's unit. There are no
    rows of objectives with too few measurements.
    """
    frames = [pd.DataFrame(columns=list(LEFT_OUT))]
    for objective, model in models.items():
        prediction = model.left_out()
        if prediction is None:
            continue
        rows = ConfigurationIndex(model.codes_of(space)).find(model.target.codes)
        ends = [np.full(len(rows), np.nan) if end is None else end for end in (prediction.low, prediction.high)]
        columns = [objective, space["configuration_id"].to_numpy()[rows], model.target.y, prediction.value, *ends]
        frames.append(pd.DataFrame(dict(zip(LEFT_OUT, columns, strict=True))))
    types = {name: "str" if name in LEFT_OUT[:2] else "float64" for name in LEFT_OUT}
    return pd.concat([frame.astype(types) for frame in frames], ignore_index=True)


def recommend(
    models: Mapping[str, TransferredModel],
    space: pd.DataFrame,
    predicted: Mapping[str, Prediction],
    n_recommendations: int,
    failed: Collection[str] = (),
    measured: Collection[str] = (),
) -> pd.DataFrame:
    """Recommend configurations: one row for each, and for the default one, per objective.

    Parameters
    ----------
    models
        Models of the target by objective.
    space
        ``configuration_id`` and options of the configurations that may be chosen, the default among them.
    predicted
        Prediction for each of them, by objective.
    n_recommendations
        How many for each objective.
    failed
        Configurations that cannot be measured there; they rank last.
    measured
        Configurations that were measured there with success. If a search proposed what to measure, those recommended
        for its objective, the first one, are among them.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``:

        - ``changes``: what differs from the default configuration.
        - ``rank``: 1 is the best predicted of all; the default has a rank as well.
        - ``pareto``: whether nothing is predicted to be better in one objective and no worse in the others. With
          several objectives, ``n_recommendations`` such configurations, spread over the front, are recommended.
        - ``probability_better``: that it beats the default configuration, as if errors were normal and independent.
    """
    first = next(iter(models.values()))
    default = int(np.flatnonzero(space["configuration_id"] == configuration_id(first.space.default))[0])
    unusable = space["configuration_id"].isin(list(failed)).to_numpy()
    # On the scale of learning, lower is better whatever the objective.
    values = {objective: np.where(unusable, np.inf, prediction.position) for objective, prediction in predicted.items()}
    front = pareto_front(np.column_stack(list(values.values())))
    best: list[int] = []
    for objective, y in values.items():
        if objective == first.recipe.objective and first.recipe.search is not None:
            # A search ends with what was measured, by all that was: neither with a promise nor with a lucky value.
            y = np.where(space["configuration_id"].isin(list(measured)), y, np.inf)
        best += [int(row) for row in np.argsort(y, kind="stable")[:n_recommendations] if np.isfinite(y[row])]
    if len(predicted) > 1:
        along = front[np.argsort(next(iter(values.values()))[front], kind="stable")]
        spread = np.linspace(0, len(along) - 1, n_recommendations).round().astype(int)
        best += [int(along[i]) for i in np.unique(spread)]
    chosen = list(dict.fromkeys([*best, default]))
    named = tables.configurations_of(space.iloc[chosen], first.space.options)
    texts = [written(configuration) for configuration in named.values()]
    defaults = first.space.default
    changes = [
        ", ".join(f"{name}={level_text(level)}" for name, level in one.items() if level not in (None, defaults[name]))
        for one in named.values()
    ]
    frames = []
    for objective, prediction in predicted.items():
        better = prediction.better_than(default)
        ranks = np.empty(len(space), dtype=int)
        ranks[np.argsort(values[objective], kind="stable")] = np.arange(1, len(space) + 1)
        frames.append(
            pd.DataFrame(
                {
                    "environment": first.recipe.environment,
                    "objective": objective,
                    "configuration_id": space["configuration_id"].to_numpy()[chosen],
                    "configuration": texts,
                    "changes": changes,
                    "default": np.array(chosen) == default,
                    "rank": ranks[chosen],
                    "pareto": np.isin(chosen, front),
                    "predicted": prediction.value[chosen],
                    "low": _rows_of(prediction.low, chosen),
                    "high": _rows_of(prediction.high, chosen),
                    "probability_better": _rows_of(better, chosen),
                }
            ).sort_values("rank", kind="stable")
        )
    return pd.concat(frames, ignore_index=True)[list(COLUMNS)]


def pareto_front(values: np.ndarray) -> np.ndarray:
    """Return positions of the rows, shape (rows, objectives), that no other beats: lower somewhere, nowhere higher."""
    front: list[int] = []
    # By the sum of ranks: what comes first is beaten by nothing that comes later.
    for row in np.argsort(rankdata(values, axis=0).sum(axis=1), kind="stable"):
        others = values[front]
        if not ((others <= values[row]).all(axis=1) & (others < values[row]).any(axis=1)).any():
            front.append(int(row))
    return np.sort(front)


def _rows_of(values: np.ndarray | None, rows: Sequence[int]) -> np.ndarray:
    return np.full(len(rows), np.nan) if values is None else values[rows]
