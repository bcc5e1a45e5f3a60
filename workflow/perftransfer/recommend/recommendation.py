"""Which configurations to run in a target, judged by models of its objectives."""

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
    space: pd.DataFrame, predicted: Mapping[str, Prediction], good: Collection[str], failed: Collection[str]
) -> pd.DataFrame:
    """One row per configuration: ``configuration_id``, its options, each objective, and the ends of its interval.

    good, failed: configurations that were measured; ``status`` is "ok", "failed", or "" for the others.
    """
    ids = space["configuration_id"]
    columns: dict[str, Any] = {
        "status": np.where(ids.isin(list(good)), "ok", np.where(ids.isin(list(failed)), "failed", ""))
    }
    for objective, found in predicted.items():
        columns[objective] = found.value
        for end, values in (("low", found.low), ("high", found.high)):
            columns[f"{objective}_{end}"] = np.full(len(space), np.nan) if values is None else values
    return space.assign(**columns)


def left_out_table(models: Mapping[str, TransferredModel], space: pd.DataFrame) -> pd.DataFrame:
    """What was measured, beside what is predicted from all other measurements: one row per configuration and objective.

    Columns: ``objective, configuration_id, measured, predicted, low, high``, all in the objective's unit; without rows
    where too little was measured.
    """
    frames = [pd.DataFrame(columns=list(LEFT_OUT))]
    for objective, model in models.items():
        found = model.left_out()
        if found is None:
            continue
        places = ConfigurationIndex(model.codes_of(space)).find(model.target.codes)
        ends = [np.full(len(places), np.nan) if end is None else end for end in (found.low, found.high)]
        columns = [objective, space["configuration_id"].to_numpy()[places], model.target.y, found.value, *ends]
        frames.append(pd.DataFrame(dict(zip(LEFT_OUT, columns, strict=True))))
    types = {name: "str" if name in LEFT_OUT[:2] else "float64" for name in LEFT_OUT}
    return pd.concat([frame.astype(types) for frame in frames], ignore_index=True)


def recommend(
    models: Mapping[str, TransferredModel],
    space: pd.DataFrame,
    predicted: Mapping[str, Prediction],
    most: int,
    failed: Collection[str] = (),
) -> pd.DataFrame:
    """One row per configuration that is recommended, and the default one, and objective; columns ``COLUMNS``.

    space: ``configuration_id`` and options of the configurations that may be chosen, the default among them. most: how
    many for each objective. failed: configurations that cannot be measured there; they rank last. All objectives are
    to be low.

    - ``changes``: what is not as in the default configuration, "" of the default one.
    - ``rank``: 1 is the best by the prediction, among all; the default has one as well.
    - ``pareto``: whether nothing is predicted to be better in one objective and no worse in the others; such
      configurations are recommended where there are several objectives, ``most`` of them spread over the front.
    - ``probability_better``: that it beats the default configuration, as if errors were normal and independent.
    """
    first = next(iter(models.values()))
    default = int(np.flatnonzero(space["configuration_id"] == configuration_id(first.space.default))[0])
    lost = space["configuration_id"].isin(list(failed)).to_numpy()
    values = {objective: np.where(lost, np.inf, found.value) for objective, found in predicted.items()}
    front = pareto_front(np.column_stack(list(values.values())))
    best = [int(place) for own in values.values() for place in np.argsort(own, kind="stable")[:most]]
    best = [place for place in best if not lost[place]]
    if len(predicted) > 1:
        along = front[np.argsort(next(iter(values.values()))[front], kind="stable")]
        best += [int(along[i]) for i in np.unique(np.linspace(0, len(along) - 1, most).round().astype(int))]
    chosen = list(dict.fromkeys([*best, default]))
    named = tables.configurations_of(space.iloc[chosen], first.space.options)
    texts = [written(configuration) for configuration in named.values()]
    usual = first.space.default
    changes = [
        ", ".join(f"{name}={level_text(level)}" for name, level in one.items() if level not in (None, usual[name]))
        for one in named.values()
    ]
    frames = []
    for objective, found in predicted.items():
        better = found.better_than(default)
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
                    "predicted": found.value[chosen],
                    "low": _of(found.low, chosen),
                    "high": _of(found.high, chosen),
                    "probability_better": _of(better, chosen),
                }
            ).sort_values("rank", kind="stable")
        )
    return pd.concat(frames, ignore_index=True)[list(COLUMNS)]


def pareto_front(values: np.ndarray) -> np.ndarray:
    """Return positions of the rows, shape (rows, objectives), that no other beats: lower somewhere, nowhere higher."""
    front: list[int] = []
    # By the sum of ranks: what comes first is beaten by nothing that comes later.
    for place in np.argsort(rankdata(values, axis=0).sum(axis=1), kind="stable"):
        others = values[front]
        if not ((others <= values[place]).all(axis=1) & (others < values[place]).any(axis=1)).any():
            front.append(int(place))
    return np.sort(front)


def _of(values: np.ndarray | None, places: Sequence[int]) -> np.ndarray:
    return np.full(len(places), np.nan) if values is None else values[places]
