"""Parameters of the jobs that choose configurations of an option space."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SampleParams:
    """How many configurations to measure.

    code: digest of the code of the job (``code_digest``).
    """

    configurations: int
    seed: int
    code: str


@dataclass(frozen=True)
class SpaceParams:
    """How many configurations may be recommended: all of the space, or so many of a larger one.

    code: digest of the code of the job (``code_digest``).
    """

    max_configurations: int
    seed: int
    code: str
