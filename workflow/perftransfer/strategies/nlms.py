"""NLMS, non-linear model shift."""

from __future__ import annotations

from sklearn.ensemble import RandomForestRegressor

from perftransfer.strategies._shift import Shift


class NLMS(Shift):
    """Random forest of 16 trees from source value to target value (Iqbal et al. 2019, sec. 3)."""

    title = "non-linear model shift"

    def shift(self) -> RandomForestRegressor:
        """Return the unfitted forest."""
        return RandomForestRegressor(n_estimators=16, random_state=self.seed, n_jobs=1)
