"""NN, neural network: a multilayer perceptron (Rumelhart, Hinton and Williams 1986)."""

from typing import Literal

from sklearn.compose import TransformedTargetRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import StandardScaler

TITLE = "neural network"
ENCODING = "scaled"


def estimator(
    seed: int,
    *,
    hidden_units: int = 32,
    activation: Literal["relu", "tanh", "logistic"] = "relu",
    alpha: float = 0.1,
    max_iter: int = 40,
) -> TransformedTargetRegressor:
    """Return the unfitted network: one hidden layer, by L-BFGS, which suits tens to thousands of rows."""
    network = MLPRegressor(
        hidden_layer_sizes=(hidden_units,),
        activation=activation,
        solver="lbfgs",
        alpha=alpha,
        max_iter=max_iter,
        random_state=seed,
    )
    return TransformedTargetRegressor(network, transformer=StandardScaler())
