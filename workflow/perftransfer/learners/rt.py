"""RT, regression tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perftransfer.learners.interface import Learner

if TYPE_CHECKING:
    from sklearn.tree import DecisionTreeRegressor


@dataclass(frozen=True)
class RT(Learner):
    """RT, regression tree (Breiman, Friedman, Olshen and Stone 1984)."""

    title = "regression tree"
    encoding = "ranks"

    def estimator(self, seed: int) -> DecisionTreeRegressor:
        """Create the tree; leaves of one row, since a measurement stands for its configuration."""
        from sklearn.tree import DecisionTreeRegressor

        return DecisionTreeRegressor(random_state=seed)
