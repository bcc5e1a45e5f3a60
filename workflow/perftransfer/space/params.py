"""Parameters of the jobs that choose configurations of an option space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from perftransfer.levels import Level


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

    fixed: options at one level, of goals of targets: as many configurations with these are among them. code: digest of
    the code of the job (``code_digest``).
    """

    max_configurations: int
    fixed: Sequence[Mapping[str, Level]]
    seed: int
    code: str
