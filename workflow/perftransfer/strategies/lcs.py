"""LCS, linear combination of sources: one weight for each, shrunk."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from perftransfer.strategies._shift import Shift

# From hardly any shrinkage to weights that are nearly equal.
_PENALTIES = np.logspace(-3, 3, 13)


class LCS(Shift):
    """Ridge regression from the values of all sources to the target's, its penalty by leave-one-out error.

    Hoerl and Kennard, "Ridge regression: biased estimation for nonorthogonal problems", Technometrics 12, 1970: sources
    are much alike, and of weights that fit equally well the equal ones are the smallest.
    """

    title = "linear combination of sources"
    uses_all_sources = True

    def shift(self) -> Pipeline:
        """Return the unfitted regression."""
        return make_pipeline(StandardScaler(), RidgeCV(_PENALTIES))
