"""RF, random forest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perftransfer.learners.interface import Learner

if TYPE_CHECKING:
    from xgboost import XGBRFRegressor


@dataclass(frozen=True)
class RF(Learner):
    """RF, random forest (Breiman 2001), as XGBoost grows it.

    Each tree sees a random 63 % of the rows, as many as a bootstrap sample holds. On samples of tens
    of rows it errs like scikit-learn's forest and is fitted four to five times faster, and a study fits thousands.
    """

    title = "random forest"
    encoding = "ranks"

    n_estimators: int = 64

    def estimator(self, seed: int) -> XGBRFRegressor:
        """Create the forest, grown to leaves of one row."""
        from xgboost import XGBRFRegressor

        return XGBRFRegressor(
            n_estimators=self.n_estimators,
            max_depth=12,
            subsample=0.632,
            colsample_bynode=1.0,
            reg_lambda=0.0,
            min_child_weight=0.0,
            tree_method="exact",
            n_jobs=1,
            random_state=seed,
        )
