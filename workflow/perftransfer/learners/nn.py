"""NN, neural network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from perftransfer.learners.interface import Learner

if TYPE_CHECKING:
    from sklearn.compose import TransformedTargetRegressor


@dataclass(frozen=True)
class NN(Learner):
    """NN, neural network: a multilayer perceptron (Rumelhart, Hinton and Williams 1986)."""

    title = "neural network"
    encoding = "scaled"

    hidden_units: int = 32
    activation: Literal["relu", "tanh", "logistic"] = "relu"
    alpha: float = 0.1
    max_iter: int = 40

    def estimator(self, seed: int) -> TransformedTargetRegressor:
        """Create the network: one hidden layer, by L-BFGS, which suits tens to thousands of rows."""
        from sklearn.compose import TransformedTargetRegressor
        from sklearn.neural_network import MLPRegressor
        from sklearn.preprocessing import StandardScaler

        network = MLPRegressor(
            hidden_layer_sizes=(self.hidden_units,),
            activation=self.activation,
            solver="lbfgs",
            alpha=self.alpha,
            max_iter=self.max_iter,
            random_state=seed,
        )
        return TransformedTargetRegressor(network, transformer=StandardScaler())
