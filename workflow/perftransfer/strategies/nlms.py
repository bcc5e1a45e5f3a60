"""NLMS, non-linear model shift."""

from __future__ import annotations

from xgboost import XGBRFRegressor

from perftransfer.learners.rf import RF
from perftransfer.strategies._shift import Shift


class NLMS(Shift):
    """Random forest of 16 trees from source value to target value (Iqbal et al. 2019, sec. 3)."""

    title = "non-linear model shift"

    def shift(self) -> XGBRFRegressor:
        """Return the unfitted forest."""
        return RF(n_estimators=16).estimator(self.seed)
