"""Source models: every learner, fitted to all that was measured in an environment."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import pandas as pd
from sklearn.exceptions import ConvergenceWarning

from perftransfer import learners
from perftransfer.evaluation.params import LearnerParameters
from perftransfer.evaluation.pool import Pool
from perftransfer.fitting.seeds import training_seed
from perftransfer.model_file import Model
from perftransfer.scales import SCALES
from perftransfer.space.alignment import Alignment
from perftransfer.space.encoding import codes
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
    parameters: LearnerParameters | None = None,
) -> Model:
    """Fit one learner, with its ``parameters``, to one objective of an environment, all its configurations included."""
    pool = Pool.from_dataset(dataset, environment, objective, options)
    pipeline = learners.make(learner, options, training_seed(seed, environment, objective, learner), parameters)
    with warnings.catch_warnings():
        # A network stops where the study says, converged or not.
        warnings.simplefilter("ignore", ConvergenceWarning)
        pipeline.fit(pool.codes, SCALES[scale].forward(pool.y))
    return Model(environment, objective, learner, scale, pipeline)


def predictions(
    models: Sequence[Model], dataset: pd.DataFrame, configurations: pd.DataFrame, options: Sequence[Option]
) -> pd.DataFrame:
    """What each model predicts for ``configurations``, those of the whole study, in the objective's unit.

    dataset: rows of the environments that the models have learnt in.

    Columns ``environment, objective, learner, configuration_id, predicted``. Computed once per source; evaluations look
    it up. Configurations of environments with other options are aligned with those that the model has learnt from.
    """
    all_codes = codes(configurations, options)
    aligned = {
        name: Alignment(codes(dataset[dataset["environment"] == name], options), options)(all_codes)
        for name in {model.environment for model in models}
    }
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "environment": model.environment,
                    "objective": model.objective,
                    "learner": model.learner,
                    "configuration_id": configurations["configuration_id"].to_numpy(),
                    "predicted": model.predict(aligned[model.environment]),
                }
            )
            for model in models
        ],
        ignore_index=True,
    )
