"""Parameters of the jobs that model a target and recommend a configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from perftransfer.dataset.params import EnvironmentDescription
from perftransfer.evaluation.params import LearnerParameters
from perftransfer.goal import Goal


@dataclass(frozen=True)
class RecipeParams:
    """How the model of a target is fitted, whatever the objective; see ``transferred_model.Recipe``."""

    strategy: str
    learner: str | None
    parameters: LearnerParameters
    seed: int
    folds: int
    search: str | None
    candidate_fraction: float
    description: EnvironmentDescription


@dataclass(frozen=True)
class ModelParams:
    """What a target is modelled from.

    goal: what is wanted of a configuration there. scales: name of the scale of learning of each objective. sources:
    descriptions of the environments by name, in their order.
    """

    goal: Goal
    scales: Mapping[str, str]
    sources: Mapping[str, EnvironmentDescription]
    recipe: RecipeParams


@dataclass(frozen=True)
class PrepareTargetParams:
    """What is known of a target before it is measured. code: digest of the code of the job."""

    model: ModelParams
    code: str


@dataclass(frozen=True)
class RecommendParams:
    """How many configurations are recommended for each objective, by which model.

    tolerance: gain, as a fraction, that is not worth a measurement. changes_outputs: options that change what the
    network answers. code: digest of the job's code.
    """

    model: ModelParams
    n_recommendations: int
    tolerance: float
    changes_outputs: Sequence[str]
    code: str
