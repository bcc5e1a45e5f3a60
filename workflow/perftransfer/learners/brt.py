"""BRT, boosted regression trees (Friedman 2001), by XGBoost (Chen and Guestrin 2016)."""

from xgboost import XGBRegressor

TITLE = "boosted regression trees"
ENCODING = "ranks"


def estimator(seed: int) -> XGBRegressor:
    """Return the unfitted booster: shallow trees and a slow rate, since rows are few."""
    return XGBRegressor(
        n_estimators=100,
        max_depth=3,
        learning_rate=0.15,
        reg_lambda=0.1,
        min_child_weight=0.5,
        tree_method="exact",
        n_jobs=1,
        random_state=seed,
    )
