"""Scales on which models learn an objective: latencies multiply, so their logarithms are what adds up."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

#: By name: from the objective's unit to the scale of learning, and back.
SCALES: dict[str, tuple[Callable[[np.ndarray], np.ndarray], Callable[[np.ndarray], np.ndarray]]] = {
    "log": (np.log, np.exp),
    "linear": (np.asarray, np.asarray),
}
