"""What the metadata of a table of recommendations says of its target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

from perftransfer.dataset.measured import Disturbance
from perftransfer.dataset.params import EnvironmentDescription
from perftransfer.levels import Level


class LimitFacts(TypedDict):
    """A limit of the goal, see ``goal.Limit``."""

    objective: str
    at_most: bool
    value: float


class GoalFacts(TypedDict):
    """What was wanted. terms: limits and fixed options in words. maximized: objectives of which more is better."""

    objectives: Sequence[str]
    terms: Sequence[str]
    limits: Sequence[LimitFacts]
    maximized: Sequence[str]


class Deployable(TypedDict):
    """What it takes to run a recommended configuration.

    description: of the target. configurations: by ``configuration_id``, pairs of an option and its level, None for an
    inactive one, in the order of the option space.
    """

    description: EnvironmentDescription
    configurations: Mapping[str, Sequence[tuple[str, Level | None]]]


class _EngineDefault(TypedDict):
    measured: float | None
    measured_cv: float | None
    measured_n: float | None


class EngineDefaultFacts(_EngineDefault, total=False):
    """What was measured of an objective with the engine left alone; ``error``: why there is no value."""

    error: str


class TargetFacts(Deployable):
    """All that is known of a target.

    outlooks: fields of ``stopping.Outlook`` by objective, None where nothing is left to measure. space, budget: numbers
    of configurations that may be chosen and that were measured. confirmed: whether what is recommended was measured.
    disturbance: of what was measured to learn from; disturbance_confirmed: of what is recommended, if it was measured.
    engine_default: by objective; empty if that was not tried.
    """

    outlooks: Mapping[str, Mapping[str, float] | None]
    strategy: str
    space: int
    budget: int
    goal: GoalFacts
    tolerance: float
    stopped_early: bool
    confirmed: bool
    disturbance: Disturbance
    disturbance_confirmed: Disturbance | None
    engine_default: Mapping[str, EngineDefaultFacts]
