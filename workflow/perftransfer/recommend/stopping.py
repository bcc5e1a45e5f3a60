"""Whether further measurements in a target are worth it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from perftransfer.gaussian_process.posterior import Posterior, most_informative, variance_left
from perftransfer.recommend.transferred_model import TransferredModel
from perftransfer.space.encoding import ConfigurationIndex
from perftransfer.strategies.auto import AUTO

#: Strategy whose posterior says how certain a model is, whatever its own strategy.
REFERENCE_STRATEGY = "AUTO"
#: Number of further measurements considered.
MORE = 3
# Configurations of a large space that stand for all of it.
_N_REFERENCES = 500


@dataclass(frozen=True)
class Outlook:
    """Typical relative error (0.1 is 10 %) of a prediction for a configuration that was not measured.

    Typical is the median absolute error, were errors normal.

    Parameters
    ----------
    now
        With the measurements there are.
    then
        After ``MORE`` measurements, made where they are most informative.
    noise
        Typical error of a configuration's measured value, the median of its processes: no model can get below it.
        None where each was measured in one process.
    """

    now: float
    then: float
    noise: float | None

    @property
    def enough(self) -> bool | None:
        """Whether further measurements would lower the error by less than the noise; None if the noise is unknown."""
        return None if self.noise is None else self.now - self.then < self.noise


def outlook(model: TransferredModel, candidates: np.ndarray) -> Outlook | None:
    """Estimate how much further measurements would help, by AUTO's posterior; None if none are left to make.

    The variance of a Gaussian process depends on where is measured, not on the values: so it is known beforehand. How
    the sources' prior would fare after further measurements is not: the likelier of AUTO's two posteriors is taken as
    it is.

    Parameters
    ----------
    model
        Model of the target, of any strategy.
    candidates
        Codes of the configurations that may be measured, shape (rows, options).

    References
    ----------
    Rasmussen and Williams, Gaussian Processes for Machine Learning, MIT Press 2006, sec. 2.2.
    """
    target = model.target
    tried = target.codes if target.failed is None else np.vstack([target.codes, target.failed])
    free = candidates[ConfigurationIndex(tried).find(candidates) < 0]
    if not len(free):
        return None
    reference = model.with_strategy(REFERENCE_STRATEGY).fitted
    assert isinstance(reference, AUTO)
    posterior: Posterior = reference.posteriors_[int(np.argmax(reference.weights_))]
    references = free[np.random.default_rng(model.recipe.seed).permutation(len(free))[:_N_REFERENCES]]
    X = np.vstack([target.codes, references])
    measured = list(range(len(target)))
    chosen = most_informative(posterior, X, MORE, np.arange(len(X)), measured)
    now = variance_left(posterior, X, measured)
    # In a space that is nearly spent, everything is measured then.
    is_spent = len(measured) + len(chosen) == len(X)
    then = 0.0 if is_spent else variance_left(posterior, X, [*measured, *map(int, chosen)])
    correction = posterior.spread(references) / np.maximum(posterior.predict(references)[1], 1e-12)
    level = 1.0 if model.scale.is_log else float(np.mean(target.y))
    typical = float(norm.ppf(0.75)) / level
    scale = typical * posterior.prior.unit * float(np.median(correction))
    noise = None if model.noise is None else typical * model.noise
    return Outlook(scale * float(np.sqrt(now)), scale * float(np.sqrt(then)), noise)
