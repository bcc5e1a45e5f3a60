"""Random sampling: every configuration is as likely as any other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from perftransfer.designs.interface import Evidence
from perftransfer.space.options import Option

NEEDS_SOURCE = False


def choose(candidates: np.ndarray, options: Sequence[Option], order: np.ndarray, source: Evidence | None) -> np.ndarray:
    """Return the random order itself, so that random samples are nested: the first 5 of 10 are the sample of 5."""
    return order
