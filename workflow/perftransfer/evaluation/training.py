"""Source models: every learner, fitted to all that was measured in an environment."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
from sklearn.exceptions import ConvergenceWarning

from perftransfer import learners
from perftransfer.evaluation.pool import Pool
from perftransfer.evaluation.seeds import seed_for
from perftransfer.model_file import Model
from perftransfer.scales import SCALES
from perftransfer.space.options import Option


def train(
    dataset: pd.DataFrame,
    environment: str,
    objective: str,
    learner: str,
    options: Sequence[Option],
    *,
    scale: str,
    seed: int,
    parameters: Mapping[str, Any] | None = None,
) -> Model:
    """Fit one learner, with its ``parameters``, to one objective of an environment, all its configurations included."""
    pool = Pool.of(dataset, environment, objective, options)
    pipeline = learners.make(learner, options, seed_for(seed, "train", environment, objective, learner), parameters)
    with warnings.catch_warnings():
        # A network stops where the study says, converged or not.
        warnings.simplefilter("ignore", ConvergenceWarning)
        pipeline.fit(pool.codes, SCALES[scale][0](pool.y))
    return Model(environment, objective, learner, scale, pipeline)


def predictions(models: Iterable[Model], dataset: pd.DataFrame) -> pd.DataFrame:
    """What each model predicts for every configuration of the study, in the objective's unit.

    Columns ``objective, learner, configuration_id, predicted``. Computed once per source; evaluations look it up.
    """
    configurations = dataset.drop_duplicates("configuration_id").sort_values("configuration_id")
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "objective": model.objective,
                    "learner": model.learner,
                    "configuration_id": configurations["configuration_id"].to_numpy(),
                    "predicted": model.predict(configurations),
                }
            )
            for model in models
        ],
        ignore_index=True,
    )
