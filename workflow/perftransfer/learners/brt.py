"""BRT, boosted regression trees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perftransfer.learners.interface import Learner

if TYPE_CHECKING:
    from xgboost import XGBRegressor


@dataclass(frozen=True)
class BRT(Learner):
    """BRT, boosted regression trees (Friedman 2001), by XGBoost (Chen and Guestrin 2016)."""

    title = "boosted regression trees"
    encoding = "ranks"

    n_estimators: int = 100
    max_depth: int = 3
    learning_rate: float = 0.15

    def estimator(self, seed: int) -> XGBRegressor:
        """Create the booster: shallow trees and a slow rate, since rows are few."""
        from xgboost import XGBRegressor

        return XGBRegressor(
            n_estimators=self.n_estimators,
            max_depth=self.max_depth,
            learning_rate=self.learning_rate,
            reg_lambda=0.1,
            min_child_weight=0.5,
            tree_method="exact",
            n_jobs=1,
            random_state=seed,
        )
