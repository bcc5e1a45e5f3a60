"""Parameters of the jobs that model a target and recommend a configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from perftransfer.dataset.params import EnvironmentDescription
from perftransfer.evaluation.params import LearnerParameters


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

    scales: name of the scale of learning of each objective. sources: descriptions of the environments by name, in their
    order.
    """

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
    """How many configurations are recommended for each objective, by which model. code: digest of its code."""

    model: ModelParams
    n_recommendations: int
    code: str
