"""Checks what repeated processes tell of the noise of a value."""

from __future__ import annotations

import numpy as np
import pytest

from perftransfer.fitting.noise import known_variance

NAN = float("nan")


def test_values_that_were_measured_once_tell_no_noise() -> None:
    assert known_variance(np.array([NAN, NAN]), np.array([1.0, NAN])) is None


def test_spreads_are_shrunk_towards_what_all_have_in_common() -> None:
    """By hand: pooled variance (0.1² + 0.3²) / 2 = 0.05; the first (0.01 + 4 · 0.05) / 5, of a mean of two."""
    variance = known_variance(np.array([0.1, 0.3, NAN]), np.array([2.0, 2.0, 1.0]))
    assert variance == pytest.approx([0.21 / 5 / 2, 0.29 / 5 / 2, 0.05])


def test_a_median_of_many_is_less_sure_than_their_mean() -> None:
    variance = known_variance(np.array([0.1]), np.array([101.0]))
    assert variance == pytest.approx([0.01 * np.pi / 2 / 101], rel=0.01)
    draws = np.random.default_rng(0).normal(size=(20_000, 5))
    assert known_variance(np.array([1.0]), np.array([5.0])) == pytest.approx([np.median(draws, axis=1).var()], rel=0.03)
