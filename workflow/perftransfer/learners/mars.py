"""MARS, multivariate adaptive regression splines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perftransfer.learners.interface import Learner

if TYPE_CHECKING:
    from perftransfer.learners import _mars


@dataclass(frozen=True)
class MARS(Learner):
    """MARS, multivariate adaptive regression splines (Friedman 1991).

    On samples of 45 and 84 configurations of the published TX2 tables, options between 0 and 1 on a logarithmic scale
    err like ranks when learnt as they are, and less on a logarithmic scale or from fewer configurations.
    """

    title = "multivariate adaptive regression splines"
    encoding = "scaled"

    #: How many options may interact.
    degree: int = 2
    #: Gain in R2 at which splines stop growing. Measurements are less noisy than the data for which 0.001 is the
    #: custom, and on TX2 a third of it errs less.
    threshold: float = 0.0003

    def estimator(self, seed: int) -> _mars.MARS:
        """Create the splines; they need no seed."""
        from perftransfer.learners import _mars

        return _mars.MARS(degree=self.degree, threshold=self.threshold)
