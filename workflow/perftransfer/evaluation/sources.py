"""What a strategy is told of the sources of a target."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from perftransfer import model_file
from perftransfer.evaluation.cells import Plan
from perftransfer.evaluation.pool import Pool
from perftransfer.scales import SCALES
from perftransfer.space.options import Option
from perftransfer.strategies.interface import Source, Strategy


def load_sources(
    strategy: type[Strategy],
    target: Pool,
    dataset: pd.DataFrame,
    environments: Sequence[str],
    objective: str,
    options: Sequence[Option],
    plan: Plan,
    models: Path | str,
) -> dict[str, dict[str, Source]]:
    """Every other environment as a source, by environment and learner; none for a strategy that uses none.

    models: folder of the source models, ``<environment>/<objective>/<learner>.skops``; read only for a strategy whose
    learner learns on the source.
    """
    if not strategy.needs_source:
        return {}
    forward = SCALES[plan.scale][0]
    out: dict[str, dict[str, Source]] = {}
    for environment in environments:
        if environment == target.environment:
            continue
        pool = Pool.of(dataset, environment, objective, options)
        if strategy.learns_on == "target":
            source = Source(environment, pool.codes, forward(pool.y), options, None, target.codes)
            out[environment] = dict.fromkeys(plan.learners, source)
            continue
        out[environment] = {
            learner: Source(
                environment,
                pool.codes,
                forward(pool.y),
                options,
                model_file.load(Path(models, environment, objective, f"{learner}.skops")).pipeline,
                target.codes,
            )
            for learner in plan.learners
        }
    return out
