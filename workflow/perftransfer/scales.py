"""Scales on which models learn an objective: latencies multiply, so their logarithms are what adds up.

On every scale of learning, lower is better: an objective of which more is better is learnt with its sign reversed (on
the logarithmic scale, as its reciprocal). So searches, designs and strategies know one direction only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Scale:
    """A scale of learning.

    Parameters
    ----------
    forward, backward
        From the objective's unit to the scale of learning, and back.
    is_log
        Whether differences on it are ratios.
    maximize
        Whether more of the objective is better.
    """

    forward: Callable[[np.ndarray], np.ndarray]
    backward: Callable[[np.ndarray], np.ndarray]
    is_log: bool
    maximize: bool

    def interval(self, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the ends of intervals in the objective's unit, from those on the scale of learning."""
        ends = self.backward(low), self.backward(high)
        return (ends[1], ends[0]) if self.maximize else ends


#: By name; a name with a minus is that of an objective of which more is better.
SCALES = {
    "log": Scale(np.log, np.exp, is_log=True, maximize=False),
    "linear": Scale(np.asarray, np.asarray, is_log=False, maximize=False),
    "-log": Scale(lambda y: -np.log(y), lambda x: np.exp(-x), is_log=True, maximize=True),
    "-linear": Scale(np.negative, np.negative, is_log=False, maximize=True),
}


def name_of(scale: str, *, maximize: bool) -> str:
    """Return the name of the scale, "log" or "linear", for an objective of which less or more is better."""
    return f"-{scale}" if maximize else scale
