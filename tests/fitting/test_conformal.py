"""Checks that intervals from refits hold what they say, where samples are random."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perftransfer.fitting import conformal


@given(n=st.integers(2, 60), parts=st.integers(2, 70), seed=st.integers(0, 9))
def test_every_measurement_is_left_out_once(n: int, parts: int, seed: int) -> None:
    parts_ = conformal.folds(n, parts, seed)
    assert sorted(np.concatenate(parts_)) == list(range(n))
    assert len(parts_) == min(n, parts)
    assert max(map(len, parts_)) - min(map(len, parts_)) <= 1


def test_the_ends_are_order_statistics_of_what_refits_predict() -> None:
    """By hand: jackknife+ of the mean, Barber et al. 2021, equation 1.4, of 9 measurements at 80 %."""
    y = np.array([3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0, 5.0])
    rows = [np.array([i]) for i in range(9)]
    means = [np.delete(y, i).mean() for i in range(9)]
    low, high = conformal.interval(y, np.arange(9), rows, [np.full(12, mean) for mean in means], 0.8)
    ends = [sorted(mean + sign * abs(value - mean) for mean, value in zip(means, y, strict=True)) for sign in (-1, 1)]
    assert low == pytest.approx(np.full(12, ends[0][1]))
    assert high == pytest.approx(np.full(12, ends[1][7]))


@pytest.mark.parametrize("n", [3, 5, 10, 20, 60])
def test_intervals_hold_nine_of_ten_new_measurements(n: int) -> None:
    """A line fitted to noisy values; below 9 measurements the largest possible coverage is n / (n + 1)."""
    rng = np.random.default_rng(n)
    held, widths = [], []
    for _ in range(400):
        x = rng.normal(size=n + 40)
        y = 2 * x + rng.normal(size=len(x))
        parts = conformal.folds(n, 5, 0)
        predicted = []
        for rows in parts:
            keep = np.setdiff1d(np.arange(n), rows)
            slope = x[keep] @ y[keep] / (x[keep] @ x[keep])
            predicted.append(slope * x)
        low, high = conformal.interval(y[:n], np.arange(n), parts, predicted, 0.9)
        held.append(np.mean((low[n:] <= y[n:]) & (y[n:] <= high[n:])))
        widths.append(np.mean(high - low))
    assert np.isfinite(widths).all()
    assert min(0.9, n / (n + 1)) - 0.02 < np.mean(held) < 0.97
