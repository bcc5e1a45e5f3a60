"""SVR, support vector regression with a radial kernel (Drucker et al. 1996)."""

from sklearn.compose import TransformedTargetRegressor
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

TITLE = "support vector regression"
ENCODING = "scaled"


def estimator(seed: int, *, C: float = 10.0, epsilon: float = 0.01) -> TransformedTargetRegressor:
    """Return the unfitted machine; the target is standardised, as C and epsilon are in the target's unit."""
    return TransformedTargetRegressor(SVR(C=C, epsilon=epsilon, gamma="scale"), transformer=StandardScaler())
