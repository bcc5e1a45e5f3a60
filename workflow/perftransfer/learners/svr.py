"""SVR, support vector regression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perftransfer.learners.interface import Learner

if TYPE_CHECKING:
    from sklearn.compose import TransformedTargetRegressor


@dataclass(frozen=True)
class SVR(Learner):
    """SVR, support vector regression with a radial kernel (Drucker et al. 1996)."""

    title = "support vector regression"
    encoding = "scaled"

    C: float = 10.0
    epsilon: float = 0.01

    def estimator(self, seed: int) -> TransformedTargetRegressor:
        """Create the machine; the target is standardised, as C and epsilon are in the target's unit."""
        from sklearn import svm
        from sklearn.compose import TransformedTargetRegressor
        from sklearn.preprocessing import StandardScaler

        machine = svm.SVR(C=self.C, epsilon=self.epsilon, gamma="scale")
        return TransformedTargetRegressor(machine, transformer=StandardScaler())
