"""LMS, linear model shift."""

from __future__ import annotations

from sklearn.linear_model import LinearRegression

from perftransfer.strategies._shift import Shift


class LMS(Shift):
    """Linear regression from source value to target value (Valov et al., ICPE 2017; Iqbal et al. 2019, sec. 3)."""

    title = "linear model shift"

    def shift(self) -> LinearRegression:
        """Return the unfitted line."""
        return LinearRegression()
