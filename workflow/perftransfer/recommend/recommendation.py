"""Which configurations to run in a target, by models of its objectives."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm, rankdata

from perftransfer.dataset import tables
from perftransfer.goal import Goal, Limit
from perftransfer.recommend.prediction import Prediction
from perftransfer.recommend.transferred_model import TransferredModel
from perftransfer.scales import Scale
from perftransfer.space.encoding import ConfigurationIndex
from perftransfer.space.options import configuration_id, level_text, written

COLUMNS = (
    "environment", "objective", "configuration_id", "configuration", "changes", "default", "rank", "pareto",
    "predicted", "low", "high", "probability_better", "keeps_limits", "probability_keeps", "best_with",
)  # fmt: skip

LEFT_OUT = ("objective", "configuration_id", "measured", "predicted", "low", "high")


def predict_space(models: Mapping[str, TransferredModel], space: pd.DataFrame) -> dict[str, Prediction]:
    """Predict every configuration of a table by the model of each objective.

    Those that were measured in the target have the values that were measured, without noise as far as it is known
    (``TransferredModel.known``): the model's own are smoothed, and the best of them need not be the best measured.
    """
    return {objective: _predict(model, model.codes_of(space)) for objective, model in models.items()}


def _predict(model: TransferredModel, X: np.ndarray) -> Prediction:
    predicted, rows = model.predict(X), ConfigurationIndex(X).find(model.target.codes)
    mean, std = model.known()
    # Measurements made elsewhere may be of configurations that may not be chosen.
    mean, std, rows = mean[rows >= 0], std[rows >= 0], rows[rows >= 0]
    if predicted.spread is not None:
        # Where nothing is known of the noise, a new measurement is as uncertain as the model says.
        std = np.where(std > 0, std, predicted.spread[rows])
    return predicted.replaced(rows, Prediction.normal(mean, std, model.scale))


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
    goal: Goal | None = None,
    changes_outputs: Sequence[str] = (),
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
        for what it searched are among them.
    goal
        What is wanted; by default the first objective is searched, and no limit is kept.
    changes_outputs
        Options that change what a network answers: the best configuration of each of their levels is named as well.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``:

        - ``changes``: what differs from the default configuration.
        - ``rank``: 1 is the best predicted of all; the default has a rank as well. Those that are predicted to break a
          limit come after those that keep all of them, the farthest last.
        - ``pareto``: whether nothing is predicted to be better in one objective of the goal and no worse in the others.
          With several, ``n_recommendations`` such configurations, spread over the front, are recommended.
        - ``probability_better``: that it beats the default configuration, as if errors were normal and independent.
        - ``keeps_limits``: whether it is predicted to keep all limits. ``probability_keeps``: that it does, as above.
        - ``best_with``: level of an option that changes the answers with which it is the best, as ``precision=fp32``.
    """
    first = next(iter(models.values()))
    goal = goal or Goal(list(models), list(models)[:1])
    ids = space["configuration_id"]
    default = int(np.flatnonzero(ids == configuration_id(first.space.default))[0])
    unusable = ids.isin(list(failed)).to_numpy()
    limits = [_Kept.of(limit, models[limit.objective].scale, predicted[limit.objective]) for limit in goal.limits]
    excess = np.sum([limit.excess for limit in limits], axis=0) if limits else np.zeros(len(space))
    order = {
        # On the scale of learning, lower is better whatever the objective.
        name: np.lexsort([prediction.position, *([excess] if name in goal.objectives else []), unusable])
        for name, prediction in predicted.items()
    }
    good = np.flatnonzero(~unusable & (excess == 0))
    wanted = np.column_stack([predicted[name].position for name in goal.objectives])
    front = good[pareto_front(wanted[good])]
    # A search ends with what was measured, by all that was: neither with a promise nor with a lucky value.
    is_searched = first.recipe.search is not None
    was_measured = ids.isin(list(measured)).to_numpy()
    usable = {name: [int(row) for row in order[name] if not unusable[row]] for name in goal.objectives}
    for name in goal.searched if is_searched else ():
        usable[name] = [row for row in usable[name] if was_measured[row]]
    best = [row for name in goal.objectives for row in usable[name][:n_recommendations]]
    if len(goal.objectives) > 1:
        shown = front
        if is_searched and len(goal.searched) > 1:
            reached = good[was_measured[good]]
            shown = reached[pareto_front(wanted[reached])]
        along = shown[np.argsort(wanted[shown, 0], kind="stable")]
        spread = np.linspace(0, max(0, len(along) - 1), n_recommendations).round().astype(int)
        best += [int(row) for row in along[np.unique(spread)[: len(along)]]]
    best_with = _best_by_level(space, order[goal.objectives[0]], unusable, was_measured & is_searched, changes_outputs)
    chosen = list(dict.fromkeys([*best, *best_with, default]))
    named = tables.configurations_of(space.iloc[chosen], first.space.options)
    texts = [written(configuration) for configuration in named.values()]
    defaults = first.space.default
    changes = [
        ", ".join(f"{name}={level_text(level)}" for name, level in one.items() if level not in (None, defaults[name]))
        for one in named.values()
    ]
    keeps = np.prod([limit.probability for limit in limits], axis=0) if limits else np.ones(len(space))
    frames = []
    for objective, prediction in predicted.items():
        better = prediction.better_than(default)
        ranks = np.empty(len(space), dtype=int)
        ranks[order[objective]] = np.arange(1, len(space) + 1)
        frames.append(
            pd.DataFrame(
                {
                    "environment": first.recipe.environment,
                    "objective": objective,
                    "configuration_id": ids.to_numpy()[chosen],
                    "configuration": texts,
                    "changes": changes,
                    "default": np.array(chosen) == default,
                    "rank": ranks[chosen],
                    "pareto": np.isin(chosen, front),
                    "predicted": prediction.value[chosen],
                    "low": _rows_of(prediction.low, chosen),
                    "high": _rows_of(prediction.high, chosen),
                    "probability_better": _rows_of(better, chosen),
                    "keeps_limits": excess[chosen] == 0,
                    "probability_keeps": keeps[chosen],
                    "best_with": [best_with.get(row, "") for row in chosen],
                }
            ).sort_values("rank", kind="stable")
        )
    return pd.concat(frames, ignore_index=True)[list(COLUMNS)]


@dataclass(frozen=True)
class _Kept:
    """How a limit is kept by each configuration, shape (rows,) each.

    excess: how far it is exceeded, on the scale of learning; 0 where it is kept. probability: that it is kept.
    """

    excess: np.ndarray
    probability: np.ndarray

    @classmethod
    def of(cls, limit: Limit, scale: Scale, predicted: Prediction) -> _Kept:
        over = limit.excess(scale, predicted.position)
        if predicted.spread is None:
            return cls(np.maximum(over, 0), np.full(len(over), np.nan))
        return cls(np.maximum(over, 0), norm.cdf(-over / predicted.spread))


def _best_by_level(
    space: pd.DataFrame, order: np.ndarray, unusable: np.ndarray, preferred: np.ndarray, options: Sequence[str]
) -> dict[int, str]:
    """Return the first configuration in an order with each level of some options, and that level.

    Of those that are preferred, if there are any with that level. Nothing for an option that has one level.
    """
    found: dict[int, str] = {}
    for name in options:
        if name not in space:
            continue
        levels = np.array(list(map(level_text, space[name])))
        rows = order[~unusable[order]]
        for level in dict.fromkeys(levels[rows]) if len(set(levels[rows])) > 1 else ():
            of_level = rows[levels[rows] == level]
            best = int((of_level[preferred[of_level]] if preferred[of_level].any() else of_level)[0])
            found[best] = ", ".join([*([found[best]] if best in found else []), f"{name}={level}"])
    return found


def pareto_front(values: np.ndarray) -> np.ndarray:
    """Return positions of the rows, shape (rows, objectives), that no other beats: lower somewhere, nowhere higher."""
    front: list[int] = []
    # By the sum of ranks: what comes first is beaten by nothing that comes later.
    for row in np.argsort(rankdata(values, axis=0).sum(axis=1), kind="stable"):
        others = values[front]
        if not ((others <= values[row]).all(axis=1) & (others < values[row]).any(axis=1)).any():
            front.append(int(row))
    return np.sort(np.array(front, dtype=int))


def _rows_of(values: np.ndarray | None, rows: Sequence[int]) -> np.ndarray:
    return np.full(len(rows), np.nan) if values is None else values[rows]
