"""MARS, multivariate adaptive regression splines (Friedman 1991).

On samples of 45 and 84 configurations of the published TX2 tables, options between 0 and 1 on a logarithmic scale err
like ranks when learnt as they are, and less on a logarithmic scale or from fewer configurations.
"""

from perftransfer.learners._mars import MARS

TITLE = "multivariate adaptive regression splines"
ENCODING = "scaled"


def estimator(seed: int, *, degree: int = 2, threshold: float = 0.0003) -> MARS:
    """Return the unfitted splines; they need no seed.

    degree: how many options may interact. threshold: gain in R2 at which splines stop growing; measurements are less
    noisy than the data for which 0.001 is the custom, and on TX2 a third of it errs less.
    """
    return MARS(degree=degree, threshold=threshold)
