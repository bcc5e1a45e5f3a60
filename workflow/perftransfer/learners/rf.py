"""RF, random forest (Breiman 2001)."""

from sklearn.ensemble import RandomForestRegressor

TITLE = "random forest"
ENCODING = "ranks"


def estimator(seed: int) -> RandomForestRegressor:
    """Return the unfitted forest of 32 trees: on tens of rows, more cost time and space on disk and gain nothing."""
    return RandomForestRegressor(n_estimators=32, random_state=seed, n_jobs=1)
