"""SVR, support vector regression with a radial kernel (Drucker et al. 1996)."""

from sklearn.compose import TransformedTargetRegressor
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

TITLE = "support vector regression"
ENCODING = "scaled"


def estimator(seed: int) -> TransformedTargetRegressor:
    """Return the unfitted machine; the target is standardised, as its margin and penalty are in the target's unit."""
    return TransformedTargetRegressor(SVR(C=10.0, epsilon=0.01, gamma="scale"), transformer=StandardScaler())
