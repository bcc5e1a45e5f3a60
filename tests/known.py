"""A small space, two sources that order its configurations as the target does, and the target's own values."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from perftransfer.dataset import tables
from perftransfer.goal import Goal
from perftransfer.recommend.planning import Planner, Seen
from perftransfer.recommend.transferred_model import Measured, Recipe, TransferredModel
from perftransfer.space.option_space import OptionSpace

SPACE = OptionSpace(
    {
        "options": {
            "threads": {"levels": [1, 2, 4], "ordered": True},
            "mode": {"levels": ["sequential", "parallel"]},
            "workers": {"levels": [1, 2], "ordered": True},
            "precision": {"levels": ["fp32", "int8"]},
            "arena": {"levels": [True, False]},
        },
        "conditions": [{"option": "workers", "when": {"mode": ["parallel"]}}],
    },
    "space",
)
CONFIGURATIONS = SPACE.candidates(10_000, 0)
FRAME = tables.configurations_frame(CONFIGURATIONS, SPACE.options)
_EFFECTS = {"threads": {1: 0.0, 2: -0.5, 4: -0.8}, "precision": {"fp32": 0.0, "int8": -0.4}, "mode": {"parallel": 0.2}}


def truth(factor: float, seed: int) -> np.ndarray:
    """Latencies of all configurations: the options' effects, rescaled a little, and a level."""
    rng = np.random.default_rng(seed)
    scale = {name: rng.normal(1, 0.1) for name in _EFFECTS}
    logs = [
        sum(scale[name] * effects.get(one[name], 0.0) for name, effects in _EFFECTS.items())
        for one in CONFIGURATIONS.values()
    ]
    return factor * np.exp(np.array(logs) + rng.normal(0, 0.01, len(logs)))


TARGET = truth(3.0, 9)


def model(
    strategy: str = "AUTO",
    learner: str | None = "RT",
    measured: int = 8,
    noise: bool = True,
    is_random_sample: bool = True,
    search: str | None = None,
) -> TransferredModel:
    """A model of the target to which so many configurations are known, the default one first."""
    recipe = Recipe("target", "latency_ms", strategy, "RT", "log", 1, search=search)
    rows = pd.DataFrame({"y": TARGET, "cv": 0.02 if noise else np.nan, "n": 2})
    target = pd.concat([FRAME, rows], axis=1)
    order = np.random.default_rng(3).permutation(len(FRAME))
    order = np.concatenate([[0], order[order != 0]])
    options = SPACE.options
    sources = {
        name: Measured.from_table(pd.concat([FRAME, rows.assign(y=truth(factor, seed))], axis=1), options)
        for name, factor, seed in (("a", 1.0, 1), ("b", 10.0, 2))
    }
    nothing = TransferredModel(recipe, options, SPACE, sources, Measured.from_table(target.iloc[:0], options))
    return nothing.with_target(
        replace(Measured.from_table(target.iloc[order[:measured]], options), is_random_sample=is_random_sample)
    )


ALL = model().codes_of(FRAME)


def planner(model: TransferredModel) -> Planner:
    """Plan for the objective of a model."""
    objective = model.recipe.objective
    return Planner({objective: model}, Goal([objective], [objective]), ALL)


def seen(values: Mapping[int, float], failed: Collection[int] = ()) -> Seen:
    """Latencies that were measured, by position."""
    return Seen({"latency_ms": values}, {}, failed)
