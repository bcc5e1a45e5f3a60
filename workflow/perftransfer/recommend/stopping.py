"""Whether measuring more in a target is worth it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from perftransfer.gaussian_process.posterior import Posterior, most_informative, variance_left
from perftransfer.recommend.transferred_model import TransferredModel
from perftransfer.space.encoding import ConfigurationIndex
from perftransfer.strategies.auto import AUTO

#: The strategy that judges how sure a model is, whatever its own.
REFERENCE_STRATEGY = "AUTO"
#: Measurements that are asked about.
MORE = 3
# Configurations of a large space that stand for all of it.
_REFERENCES = 500


@dataclass(frozen=True)
class Outlook:
    """Typical error of a prediction for a configuration that was not measured: relative (0.1 is 10 %).

    now: as it is. then: as it would be after ``MORE`` measurements, made where they tell most. noise: by how much the
    value of a configuration, the median of its processes, is typically off, below which no model can get; None where
    each was measured in one process. Typical is the median of the errors' sizes, were they normal.
    """

    now: float
    then: float
    noise: float | None

    @property
    def enough(self) -> bool | None:
        """Whether more measurements would lower the error by less than the noise; None where that is not known."""
        return None if self.noise is None else self.now - self.then < self.noise


def outlook(model: TransferredModel, candidates: np.ndarray) -> Outlook | None:
    """Judge by what AUTO believes, whatever the model's strategy: it knows how sure it is. None if nothing is left.

    candidates: codes of the configurations that may be measured, shape (rows, options). Variances of a Gaussian process
    depend on where is measured, not on what is found there: so they are known beforehand (Rasmussen and Williams,
    Gaussian Processes for Machine Learning, MIT Press 2006, sec. 2.2). How the sources' prior would be judged after
    more measurements is not: it is taken as it is, and of AUTO's two beliefs the likelier one.
    """
    target = model.target
    tried = target.codes if target.failed is None else np.vstack([target.codes, target.failed])
    free = candidates[ConfigurationIndex(tried).find(candidates) < 0]
    if not len(free):
        return None
    reference = model.with_strategy(REFERENCE_STRATEGY).fitted
    assert isinstance(reference, AUTO)
    posterior: Posterior = reference.posteriors_[int(np.argmax(reference.weights_))]
    some = free[np.random.default_rng(model.recipe.seed).permutation(len(free))[:_REFERENCES]]
    every = np.vstack([target.codes, some])
    known = list(range(len(target)))
    chosen = most_informative(posterior, every, MORE, np.arange(len(every)), known)
    now = variance_left(posterior, every, known)
    # Of a space that is nearly spent, all is measured then.
    spent = len(known) + len(chosen) == len(every)
    then = 0.0 if spent else variance_left(posterior, every, [*known, *map(int, chosen)])
    sure = posterior.spread(some) / np.maximum(posterior.predict(some)[1], 1e-12)
    at = 1.0 if model.recipe.scale == "log" else float(np.mean(target.y))
    typical = float(norm.ppf(0.75)) / at
    scale = typical * posterior.prior.unit * float(np.median(sure))
    noise = None if model.noise is None else typical * model.noise
    return Outlook(scale * float(np.sqrt(now)), scale * float(np.sqrt(then)), noise)
