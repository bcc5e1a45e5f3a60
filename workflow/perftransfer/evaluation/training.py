"""Source models: every learner, fitted to all that was measured in an environment."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

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
) -> Model:
    """Fit one learner to one objective of one environment, all its configurations included."""
    pool = Pool.of(dataset, environment, objective, options)
    pipeline = learners.make(learner, options, seed_for(seed, "train", environment, objective, learner))
    pipeline.fit(pool.codes, SCALES[scale][0](pool.y))
    return Model(environment, objective, learner, scale, pipeline)
