"""Parameters of the jobs that train source models, analyse environments and evaluate strategies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: Parameters of a learner by name; which types they have is up to the learner's class, which the study checks.
LearnerParameters = Mapping[str, object]


@dataclass(frozen=True)
class TrainParams:
    """How source models are fitted.

    learners: parameters of each learner by its name. code: digest of the code of the job.
    """

    learners: Mapping[str, LearnerParameters]
    objectives: Sequence[str]
    scale: str
    seed: int
    code: str


@dataclass(frozen=True)
class AnalyseParams:
    """How environments are analysed, one by one and in pairs.

    criterion, order: see ``influence.analyse``. code: digest of the code of the job.
    """

    environments: Sequence[str]
    objectives: Sequence[str]
    scale: str
    criterion: str
    order: int
    code: str


@dataclass(frozen=True)
class EvaluateParams:
    """What one job evaluates of a strategy.

    targets: those of this job. designs: at whose sizes the strategy is evaluated as well, where they have one.
    learners: parameters of each learner by its name. code: digest of the code of the strategy and the protocol.
    """

    targets: Sequence[str]
    objectives: Sequence[str]
    budgets: Sequence[int]
    designs: Sequence[str]
    repeats: int
    sources_per_target: int | None
    interval_folds: int
    batch: int
    learners: Mapping[str, LearnerParameters]
    scale: str
    seed: int
    code: str
