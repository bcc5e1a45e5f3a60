"""RF, random forest (Breiman 2001), as XGBoost grows it.

Each tree sees a random 63 % of the rows, as many as a bootstrap sample holds. On samples of tens
of rows it errs like scikit-learn's forest and is fitted four to five times faster, and a study fits thousands.
"""

from xgboost import XGBRFRegressor

TITLE = "random forest"
ENCODING = "ranks"


def estimator(seed: int, *, n_estimators: int = 64) -> XGBRFRegressor:
    """Return the unfitted forest."""
    return forest(n_estimators, seed)


def forest(trees: int, seed: int) -> XGBRFRegressor:
    """Return an unfitted forest of so many trees, grown to leaves of one row."""
    return XGBRFRegressor(
        n_estimators=trees,
        max_depth=12,
        subsample=0.632,
        colsample_bynode=1.0,
        reg_lambda=0.0,
        min_child_weight=0.0,
        tree_method="exact",
        n_jobs=1,
        random_state=seed,
    )
