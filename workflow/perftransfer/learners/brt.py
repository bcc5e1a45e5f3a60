"""BRT, boosted regression trees (Friedman 2001), by XGBoost (Chen and Guestrin 2016)."""

from xgboost import XGBRegressor

TITLE = "boosted regression trees"
ENCODING = "ranks"


def estimator(seed: int, *, n_estimators: int = 100, max_depth: int = 3, learning_rate: float = 0.15) -> XGBRegressor:
    """Return the unfitted booster: shallow trees and a slow rate, since rows are few."""
    return XGBRegressor(
        n_estimators=n_estimators,
        max_depth=max_depth,
        learning_rate=learning_rate,
        reg_lambda=0.1,
        min_child_weight=0.5,
        tree_method="exact",
        n_jobs=1,
        random_state=seed,
    )
