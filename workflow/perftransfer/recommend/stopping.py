"""How far the best configuration measured may be from the best there is, and what further measurements may gain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from perftransfer.evaluation.metrics import shortfall
from perftransfer.fitting.seeds import seed_for
from perftransfer.gaussian_process.mixture import mixed
from perftransfer.recommend.transferred_model import TransferredModel
from perftransfer.space.encoding import ConfigurationIndex

#: Number of further measurements considered.
MORE = 3
#: Probability with which the regret is below the bound.
PROBABILITY = 0.9
#: Fewer measurements do not show how reliable the model is.
LEAST = 5
_DRAWS = 400
# The most promising candidates: of the others, hardly any can be the best.
_PROMISING = 200


@dataclass(frozen=True)
class Outlook:
    """What is known of the optimum, as fractions of its value (0.1 is 10 %).

    Parameters
    ----------
    regret
        With a probability of ``PROBABILITY``, the best configuration measured is no further from the best there is.
    gain
        What the best ``MORE`` further measurements are expected to improve on the best one measured.
    noise
        Typical error of a configuration's measured value, the median of its processes: smaller differences show in no
        measurement. None where each was measured in one process.
    """

    regret: float
    gain: float
    noise: float | None

    def is_enough(self, tolerance: float) -> bool:
        """Whether the expected gain is below the tolerance, a fraction, or below the noise."""
        return self.gain < max(tolerance, self.noise or 0.0)

    def may_stop(self, n_measured: int, tolerance: float) -> bool:
        """Whether a search may stop: the regret is as good as certain to be below the tolerance, or the noise."""
        return n_measured >= LEAST and self.regret <= max(tolerance, self.noise or 0.0)


def outlook(model: TransferredModel, candidates: np.ndarray) -> Outlook | None:
    """Estimate regret and gain, by draws from AUTO's posteriors; None if nothing is left to measure.

    Functions are drawn that fit what was measured; the minimum of each is compared with the best configuration
    measured. The measurements to come are chosen for the largest expected gain, as a search hopes to do.

    Parameters
    ----------
    model
        Model of the target, of any strategy.
    candidates
        Codes of the configurations that may be chosen, shape (rows, options).

    References
    ----------
    Wilson, "Stopping Bayesian optimization with probabilistic regret bounds", NeurIPS 2024, section 3.
    """
    target = model.target
    tried = target.codes if target.failed is None else np.vstack([target.codes, target.failed])
    free = candidates[ConfigurationIndex(tried).find(candidates) < 0]
    if not len(free):
        return None
    fitted = model.reference
    means, variances = mixed(fitted.weights_, [posterior.moments(free) for posterior in fitted.posteriors_])
    promising = free[np.argsort(means - 2 * np.sqrt(variances), kind="stable")[:_PROMISING]]
    known, known_variance = mixed(fitted.weights_, [posterior.known() for posterior in fitted.posteriors_])
    best = int(np.argmin(known))
    rng = np.random.default_rng(seed_for(model.recipe.seed, "outlook", model.recipe.environment))
    counts = rng.multinomial(_DRAWS, fitted.weights_)
    draws = np.concatenate(
        [p.draws(promising, int(n), rng) for p, n in zip(fitted.posteriors_, counts, strict=True) if n]
    )
    here = rng.normal(known[best], np.sqrt(known_variance[best]), len(draws))
    regrets = _shortfalls(model, here, np.minimum(draws.min(axis=1), here))
    reached = here
    for _ in range(min(MORE, draws.shape[1])):
        gains = np.minimum(draws, reached[:, None])
        reached = gains[:, int(np.argmin(gains.mean(axis=0)))]
    gain = float(np.mean(_shortfalls(model, here, reached)))
    noise = None
    if model.noise is not None:
        # The median absolute error, were errors normal.
        noise = float(norm.ppf(0.75)) * model.noise / (1.0 if model.scale.is_log else float(np.mean(target.y)))
    return Outlook(float(np.quantile(regrets, PROBABILITY)), gain, noise)


def _shortfalls(model: TransferredModel, values: np.ndarray, best: np.ndarray) -> np.ndarray:
    """How far values are from the best ones, both on the scale of learning, as fractions of the best."""
    backward = model.scale.backward
    return shortfall(backward(values), backward(best), maximize=model.scale.maximize)
