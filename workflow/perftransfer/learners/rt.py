"""RT, regression tree (Breiman, Friedman, Olshen and Stone 1984)."""

from sklearn.tree import DecisionTreeRegressor

TITLE = "regression tree"
ENCODING = "ranks"


def estimator(seed: int) -> DecisionTreeRegressor:
    """Return the unfitted tree; leaves of one row, since a measurement stands for its configuration."""
    return DecisionTreeRegressor(random_state=seed)
