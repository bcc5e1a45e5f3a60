"""Whether measuring more in a target is worth it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from perftransfer.gaussian_process.posterior import Posterior, most_informative, variance_left
from perftransfer.recommend.transferred_model import TransferredModel
from perftransfer.strategies.auto import AUTO

#: Measurements that are asked about.
MORE = 3
# Configurations of a large space that stand for all of it.
_REFERENCES = 500


@dataclass(frozen=True)
class Outlook:
    """Typical error of a prediction for a configuration that was not measured: relative (0.1 is 10 %), or None.

    now: as it is. then: as it would be after ``MORE`` measurements, made where they tell most. noise: by how much a
    value differs from process to process, below which no model can get.
    """

    now: float
    then: float
    noise: float

    @property
    def enough(self) -> bool:
        """Whether more measurements would lower the error by less than the noise."""
        return self.now - self.then < self.noise


def outlook(model: TransferredModel, candidates: np.ndarray) -> Outlook:
    """Judge by what AUTO believes, whatever the model's strategy: it knows how sure it is.

    candidates: codes of the configurations that may be measured, shape (rows, options). Variances of a Gaussian process
    depend on where is measured, not on what is found there: so they are known beforehand (Rasmussen and Williams,
    Gaussian Processes for Machine Learning, MIT Press 2006, sec. 2.2). How the sources' prior would be judged after
    more measurements is not: it is taken as it is.
    """
    believer = model.with_strategy("AUTO").fitted
    assert isinstance(believer, AUTO)
    belief: Posterior = believer.posteriors_[int(np.argmax(believer.weights_))]
    order = np.random.default_rng(model.recipe.seed).permutation(len(candidates))[:_REFERENCES]
    some = candidates[order]
    every = np.vstack([model.target.codes, some])
    known = list(range(len(model.target)))
    chosen = most_informative(belief, every, MORE, np.arange(len(every)), known)
    now = variance_left(belief, every, known)
    then = variance_left(belief, every, [*known, *map(int, chosen)])
    unit = belief.prior.unit
    sure = belief.spread(some) / np.maximum(belief.predict(some)[1], 1e-12)
    scale = unit * float(np.median(sure))
    noise = model.noise if model.noise is not None else unit * float(np.sqrt(belief.expected_noise))
    at = 1.0 if model.recipe.scale == "log" else float(np.mean(model.target.y))
    return Outlook(scale * float(np.sqrt(now)) / at, scale * float(np.sqrt(then)) / at, noise / at)
