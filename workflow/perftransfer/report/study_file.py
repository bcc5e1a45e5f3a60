"""What the report reads of a study: the keys of ``study.yaml``, which ``Study.as_yaml`` writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

from perftransfer.dataset.params import EnvironmentDescription


class StudyEnvironment(EnvironmentDescription, total=False):
    """An environment of the study; only targets have a budget."""

    budget: int


class Learning(TypedDict):
    """How performance models are learnt."""

    learners: Sequence[str]
    scale: str


class Evaluation(TypedDict):
    """What is compared."""

    strategies: Sequence[str]
    designs: Sequence[str]
    budgets: Sequence[int]
    design_budgets: Sequence[int]
    repeats: int


class _Targets(TypedDict, total=False):
    targets: Sequence[StudyEnvironment]


class ResolvedStudy(_Targets):
    """A study with all defaults, and its environments."""

    study: str
    objectives: Sequence[str]
    environments: Sequence[StudyEnvironment]
    left_out: Sequence[str]
    maximized: Sequence[str]
    measuring: Mapping[str, object]
    influence: Mapping[str, object]
    learning: Learning
    evaluation: Evaluation
