"""What a strategy is told of the sources of a target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from perftransfer.dataset import tables
from perftransfer.evaluation.cells import Plan
from perftransfer.evaluation.pool import Pool
from perftransfer.scales import SCALES
from perftransfer.space.encoding import ConfigurationIndex, codes
from perftransfer.space.options import Option
from perftransfer.strategies.interface import Source, Strategy


class PredictedModel:
    """A source model by what it predicted for every configuration of the study.

    Loading the models themselves takes longer than evaluating with them. configurations: codes, shape (rows, options).
    predicted: on the scale of learning, shape (rows,).
    """

    def __init__(self, configurations: np.ndarray, predicted: np.ndarray) -> None:
        self._index = ConfigurationIndex(configurations)
        self._predicted = predicted

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Look the predictions up, shape (rows,).

        Raises ValueError for a configuration that is not in the study.
        """
        found = self._index.find(X)
        if (found < 0).any():
            raise ValueError(f"configuration {X[found < 0][0].tolist()} (codes) is not in the study")
        return self._predicted[found]


def load_sources(
    strategy: type[Strategy],
    target: Pool,
    dataset: pd.DataFrame,
    predictions: Mapping[str, Path],
    objective: str,
    options: Sequence[Option],
    plan: Plan,
) -> dict[str, dict[str, Source]]:
    """Every other environment as a source, by environment and learner; none for a strategy that uses none.

    predictions: for each environment the file that ``training.predictions`` filled; read only for a strategy whose
    learner learns on the source.
    """
    if not strategy.needs_source:
        return {}
    forward = SCALES[plan.scale][0]
    configurations = dataset.drop_duplicates("configuration_id").set_index("configuration_id")
    out: dict[str, dict[str, Source]] = {}
    for environment, path in predictions.items():
        if environment == target.environment:
            continue
        pool = Pool.of(dataset, environment, objective, options)
        if strategy.learns_on == "target":
            source = Source(environment, pool.codes, forward(pool.y), options, None, target.codes)
            out[environment] = dict.fromkeys(plan.learners, source)
            continue
        rows = tables.read(path)
        rows = rows[rows["objective"] == objective]
        out[environment] = {}
        for learner in plan.learners:
            own = rows[rows["learner"] == learner].set_index("configuration_id")["predicted"]
            model = PredictedModel(codes(configurations.loc[own.index], options), forward(own.to_numpy(dtype=float)))
            out[environment][learner] = Source(environment, pool.codes, forward(pool.y), options, model, target.codes)
    return out
