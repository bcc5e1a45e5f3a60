"""What is wanted of a configuration: which objectives decide, within which limits, with which options held fixed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from perftransfer import objectives
from perftransfer.levels import Level, level_text
from perftransfer.scales import Scale

_LIMIT = re.compile(r"\s*(?P<objective>[a-z][a-z0-9_]*)\s*(?P<side><=|>=)\s*(?P<value>[0-9.eE+-]+)\s*")


@dataclass(frozen=True)
class Limit:
    """A limit of an objective.

    Parameters
    ----------
    objective
        What is limited.
    at_most
        Whether it may not be more; otherwise it may not be less.
    value
        In the objective's unit.
    """

    objective: str
    at_most: bool
    value: float

    @classmethod
    def parse(cls, text: str) -> Limit:
        """Read ``latency_ms_p99 <= 20`` or ``throughput_per_s >= 100``.

        Raises
        ------
        ValueError
            If it is neither.
        """
        found = _LIMIT.fullmatch(text)
        if found is None:
            raise ValueError(f"found {text!r}, expected an objective and its limit: latency_ms_p99 <= 20")
        try:
            value = float(found["value"])
        except ValueError:
            raise ValueError(f"found {text!r}: {found['value']!r} is not a number") from None
        return cls(found["objective"], found["side"] == "<=", value)

    def excess(self, scale: Scale, position: np.ndarray) -> np.ndarray:
        """How far values on the scale of learning are beyond the limit, as ``position``; below 0 if they keep it."""
        limit = scale.forward(np.array([self.value]))[0]
        over = position - limit
        # On that scale, less is better: where more is, "at most" is a lower end.
        return np.asarray(over if self.at_most != scale.maximize else -over)

    def __str__(self) -> str:
        quantity, unit = objectives.split(self.objective)
        return f"{quantity} of {'at most' if self.at_most else 'at least'} {self.value:g} {unit}".rstrip()


@dataclass(frozen=True)
class Goal:
    """What is wanted of a configuration in a target.

    Parameters
    ----------
    objectives
        Configurations are recommended for each of these, and for all of them at the same time (the Pareto front).
    searched
        Those for which measurements are proposed: one, or several for the front.
    limits
        What a recommended configuration has to keep.
    fixed
        Options that are held at one level.
    """

    objectives: Sequence[str]
    searched: Sequence[str]
    limits: Sequence[Limit] = ()
    fixed: Mapping[str, Level] = field(default_factory=dict)

    @property
    def modelled(self) -> list[str]:
        """Objectives that the goal needs a model of, without duplicates."""
        return list(dict.fromkeys([*self.objectives, *(limit.objective for limit in self.limits)]))

    @property
    def terms(self) -> list[str]:
        """Limits and fixed options in words; empty if there are none."""
        fixed = [f"{name} = {level_text(level)}" for name, level in self.fixed.items()]
        return [*map(str, self.limits), *fixed]
