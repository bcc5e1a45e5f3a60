from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perftransfer.errors import UserError
from perftransfer.evaluation.pool import Pool, split
from perftransfer.fitting.seeds import seed_for
from perftransfer.scales import SCALES
from perftransfer.space.options import Option

OPTIONS = [Option("threads", (1, 2, 4), True, 1)]


def dataset() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "environment": ["a", "a", "b", "a", "a", "b"],
            "configuration_id": ["04", "02", "01", "03", "01", "02"],
            "threads": [4, 2, 1, 1, 4, 2],
            "latency_ms": [4.0, 2.0, 9.0, np.nan, 1.0, 9.0],
        }
    )


def test_a_pool_is_what_was_measured_in_the_environment_by_configuration_id():
    pool = Pool.from_dataset(dataset(), "a", "latency_ms", OPTIONS)
    # The one without a value (its measurement failed) is no part of it.
    assert pool.y.tolist() == [1, 2, 4]
    assert pool.codes.tolist() == [[2], [1], [2]]
    shuffled = Pool.from_dataset(dataset().sample(frac=1, random_state=3), "a", "latency_ms", OPTIONS)
    assert shuffled.y.tolist() == pool.y.tolist()


def test_too_few_measurements_are_an_error_for_people():
    with pytest.raises(UserError, match="environment b: latency_ms was measured for 2 configurations"):
        Pool.from_dataset(dataset(), "b", "latency_ms", OPTIONS)


@pytest.mark.parametrize("value", [0.0, -1.0, np.inf])
def test_a_value_that_is_not_finite_and_above_0_is_an_error_for_people(value):
    table = dataset()
    table.loc[table["environment"].eq("a").idxmax(), "latency_ms"] = value
    with pytest.raises(UserError, match=f"configuration .* is {value:g}; expected a finite number above 0"):
        Pool.from_dataset(table, "a", "latency_ms", OPTIONS)


@given(st.integers(3, 200), st.integers(0, 50))
def test_a_third_is_held_out_and_the_rest_are_candidates(n, repeat):
    parts = split(n, 1, "target", repeat)
    assert sorted([*parts.test, *parts.candidates]) == list(range(n))
    assert len(parts.test) == n // 3


def test_each_repeat_target_and_seed_has_a_split_of_its_own_and_the_same_every_time():
    keys = [(seed, target, repeat) for seed in (1, 2) for target in ("a", "b") for repeat in (0, 1)]
    splits = {tuple(split(60, *key).candidates) for key in keys}
    assert len(splits) == len(keys)
    assert all((split(60, *key).candidates == split(60, *key).candidates).all() for key in keys)


def test_every_configuration_is_held_out_as_often_as_any_other():
    times = np.zeros(30)
    for repeat in range(600):
        times[split(30, 0, "target", repeat).test] += 1
    # 200 expected, standard deviation 11.5.
    assert 150 < times.min() <= times.max() < 250


def test_seeds_depend_on_what_they_are_for_and_on_nothing_else():
    assert seed_for(1, "fit", "LMS", "a", 3) == seed_for(1, "fit", "LMS", "a", 3) == 3829183802
    others = {seed_for(1, "fit", "LMS", "a", 3), seed_for(2, "fit", "LMS", "a", 3), seed_for(1, "fit", "LMS", "a3")}
    assert len(others) == 3
    assert all(0 <= seed_for(i) < 2**32 for i in range(100))


@pytest.mark.parametrize("name", SCALES)
def test_scales_lead_there_and_back(name):
    scale = SCALES[name]
    y = np.array([0.001, 1.0, 2500.0])
    learnt = scale.forward(y)
    assert scale.backward(learnt) == pytest.approx(y)
    # On the scale of learning, lower is better.
    assert y[learnt.argmin()] == (y.max() if scale.maximize else y.min())
    low, high = scale.interval(learnt - 0.1, learnt + 0.1)
    assert (low < y).all()
    assert (high > y).all()
