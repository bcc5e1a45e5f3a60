from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from perftransfer.evaluation import metrics

Y = np.array([1.0, 2.0, 4.0, 5.0])
P = np.array([2.0, 2.0, 3.0, 5.0])


def test_errors_are_those_computed_by_hand():
    assert metrics.mape(Y, P) == pytest.approx(100 * (1 + 0 + 0.25 + 0) / 4)
    assert metrics.nmse(Y, P) == pytest.approx((1 + 1) / 4 / (3 * 3))
    assert metrics.mae(Y, P) == pytest.approx(0.5)
    # Sum of squares about the mean 3: 4 + 1 + 1 + 4.
    assert metrics.r2(Y, P) == pytest.approx(1 - 2 / 10)
    # Ranks 1 2 3 4 and 1.5 1.5 3 4.
    assert metrics.spearman(Y, P) == pytest.approx(4.5 / np.sqrt(5 * 4.5))


def test_a_perfect_prediction_has_no_error():
    assert [metric(Y, Y) for metric in (metrics.mape, metrics.nmse, metrics.mae, metrics.regret)] == [0, 0, 0, 0]
    assert metrics.r2(Y, Y) == metrics.spearman(Y, Y) == pytest.approx(1)


def test_an_underestimate_counts_by_the_true_value():
    assert metrics.mape(np.array([2.0]), np.array([1.0])) == pytest.approx(50)
    assert metrics.mape(np.array([1.0]), np.array([2.0])) == pytest.approx(100)


def test_regret_is_what_the_configuration_predicted_best_costs():
    assert metrics.regret(Y, np.array([3.0, 1.0, 2.0, 9.0])) == pytest.approx(2 / 1 - 1)
    assert metrics.regret(Y, np.array([0.5, 1.0, 2.0, 9.0])) == 0


def test_regret_where_more_is_better():
    assert metrics.regret(Y, Y, maximize=True) == 0
    # Predicted best is the lowest one.
    assert metrics.regret(Y, -Y, maximize=True) == pytest.approx(1 - Y.min() / Y.max())


def test_the_best_tenth_is_of_one_at_least() -> None:
    y = np.arange(30.0)
    assert metrics.best_tenth(y).tolist() == [0, 1, 2]
    assert metrics.best_tenth(y, maximize=True).tolist() == [29, 28, 27]
    assert metrics.best_tenth(y[:4]).tolist() == [0]


def test_regret_of_ties_is_the_mean_over_them():
    assert metrics.regret(Y, np.array([1.0, 1.0, 2.0, 9.0])) == pytest.approx((1 + 2) / 2 - 1)
    # A constant prediction names any configuration: the mean over all.
    assert metrics.regret(Y, np.full(4, 7.0)) == pytest.approx(3 / 1 - 1)
    # Several are truly best.
    assert metrics.regret(np.array([1.0, 1.0, 3.0]), np.array([5.0, 2.0, 3.0])) == 0


def test_what_is_constant_has_no_rank_correlation_and_a_constant_truth_no_r2():
    flat = np.full(4, 2.0)
    assert np.isnan(metrics.spearman(Y, flat))
    assert np.isnan(metrics.spearman(flat, Y))
    assert np.isnan(metrics.r2(flat, Y))
    assert metrics.r2(Y, np.full(4, Y.mean())) == 0


VALUES = st.lists(st.sampled_from([0.5, 1.0, 2.0, 3.0, 8.0]), min_size=3, max_size=8)


@given(VALUES, VALUES)
def test_rank_correlation_is_spearmans(a, b):
    n = min(len(a), len(b))
    y, p = np.array(a[:n]), np.array(b[:n])
    if len(set(y)) > 1 and len(set(p)) > 1:
        assert metrics.spearman(y, p) == pytest.approx(stats.spearmanr(y, p).statistic)


@given(VALUES, st.sampled_from([0.001, 1000.0]))
def test_all_but_the_absolute_error_are_free_of_the_unit(values, unit):
    y = np.array(values)
    p = y[::-1].copy()
    for metric in (metrics.mape, metrics.nmse, metrics.r2, metrics.spearman, metrics.regret):
        assert metric(unit * y, unit * p) == pytest.approx(metric(y, p), nan_ok=True)
    assert metrics.mae(unit * y, unit * p) == pytest.approx(unit * metrics.mae(y, p))


def test_intervals_are_judged_by_what_they_hold_their_width_and_how_far_they_are_off() -> None:
    y, low, high = np.array([10.0, 20.0, 40.0]), np.array([9.0, 21.0, 30.0]), np.array([11.0, 25.0, 50.0])
    assert metrics.coverage(y, low, high) == pytest.approx(2 / 3)
    assert metrics.interval_width(y, low, high) == pytest.approx(100 * (0.2 + 0.2 + 0.5) / 3)
    # The second is off by 1 in 20, which counts twenty times at 90 %.
    assert metrics.interval_score(y, low, high, 0.9) == pytest.approx(100 * (0.2 + 0.2 + 0.5 + 20 * 0.05) / 3)
