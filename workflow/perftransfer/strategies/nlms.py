"""NLMS, non-linear model shift."""

from __future__ import annotations

from xgboost import XGBRFRegressor

from perftransfer.learners import rf
from perftransfer.strategies._shift import Shift


class NLMS(Shift):
    """Random forest of 16 trees from source value to target value (Iqbal et al. 2019, sec. 3)."""

    title = "non-linear model shift"

    def shift(self) -> XGBRFRegressor:
        """Return the unfitted forest."""
        return rf.forest(16, self.seed)
