"""Parameters of the jobs that train source models, analyse environments, and evaluate strategies and searches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: Parameters of a learner by name; which types they have is up to the learner's class, which the study checks.
LearnerParameters = Mapping[str, object]


@dataclass(frozen=True)
class TrainParams:
    """How source models are fitted.

    learners: parameters of each learner by its name. scales: name of the scale of learning of each objective. code:
    digest of the code of the job.
    """

    learners: Mapping[str, LearnerParameters]
    scales: Mapping[str, str]
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

    Parameters
    ----------
    targets
        Those of this job.
    scales
        Name of the scale of learning of each objective.
    designs
        Digests of the code of designs by name: the strategy is evaluated at their sizes as well, if they have one.
    learners, learner_code
        Parameters of each learner and the digest of its code, by name: an edit of a learner touches its cells only.
    code
        Digest of the code of the strategy and the protocol.
    """

    targets: Sequence[str]
    scales: Mapping[str, str]
    budgets: Sequence[int]
    designs: Mapping[str, str]
    repeats: int
    sources_per_target: int | None
    interval_folds: int
    batch: int
    learners: Mapping[str, LearnerParameters]
    learner_code: Mapping[str, str]
    seed: int
    code: str


@dataclass(frozen=True)
class SearchParams:
    """How one job simulates searches.

    Parameters
    ----------
    targets
        Those of this job.
    environments
        All environments of the study, in its order: the sources are drawn from them.
    scales
        Name of the scale of learning of each objective.
    measurements
        Budget of each search.
    repeats
        Searches with another seed, for methods in which something is random.
    sources_per_target
        See ``sources.sample_sources``.
    code
        Digest of the code of the method and of the simulation.
    """

    targets: Sequence[str]
    environments: Sequence[str]
    scales: Mapping[str, str]
    measurements: int
    repeats: int
    sources_per_target: int | None
    seed: int
    code: str
