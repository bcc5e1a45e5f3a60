"""NN, neural network: a multilayer perceptron (Rumelhart, Hinton and Williams 1986)."""

from sklearn.compose import TransformedTargetRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import StandardScaler

TITLE = "neural network"
ENCODING = "scaled"


def estimator(seed: int) -> TransformedTargetRegressor:
    """Return the unfitted network: one layer of 32, by L-BFGS, which suits tens to thousands of rows."""
    network = MLPRegressor(hidden_layer_sizes=(32,), solver="lbfgs", alpha=0.1, max_iter=40, random_state=seed)
    return TransformedTargetRegressor(network, transformer=StandardScaler())
