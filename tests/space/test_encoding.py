from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from spaces import CONTENT, option_spaces

from perftransfer.dataset import tables
from perftransfer.errors import UserError
from perftransfer.space.encoding import KINDS, ConfigurationIndex, Encoder, codes, distances, level_distances, matrix
from perftransfer.space.option_space import OptionSpace
from perftransfer.space.options import Option, to_json


def coded(space: OptionSpace, n: int = 60) -> np.ndarray:
    return codes(tables.configurations_frame(space.sample(n, 0), space.options), space.options)


@settings(max_examples=10)
@given(option_spaces)
def test_codes_are_positions_of_levels(space):
    options = space[1].options
    frame = tables.configurations_frame(space[1].sample(40, 0), options)
    for i, option in enumerate(options):
        texts = [option.texts[code] for code in codes(frame, options)[:, i]]
        assert texts == [option.texts[option.code(level)] for level in frame[option.name]]


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=10)
@given(option_spaces)
def test_distinct_configurations_get_distinct_rows(kind, space):
    coded_rows = coded(space[1])
    rows = matrix(coded_rows, space[1].options, kind)
    assert len(np.unique(rows, axis=0)) == len(coded_rows)


@settings(max_examples=10)
@given(option_spaces)
def test_the_scaled_encoding_lies_between_0_and_1(space):
    rows = matrix(coded(space[1]), space[1].options, "scaled")
    assert rows.min() >= 0
    assert rows.max() <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_an_unordered_option_of_several_levels_is_one_column_per_level(kind):
    option = Option("layout", ("nchw", "nhwc", "blocked"), False, "nchw")
    assert (matrix(np.array([[2], [0], [1]]), [option], kind) == np.eye(3)[[2, 0, 1]]).all()


def test_numbers_are_scaled_by_their_logarithm_and_ranked_by_their_place():
    option = Option("gpu_freq_hz", (114_750_000, 229_500_000, 918_000_000), True, 114_750_000)
    assert matrix(np.array([[0], [1], [2]]), [option], "scaled")[:, 0] == pytest.approx([0, 1 / 3, 1])
    assert matrix(np.array([[0], [1], [2]]), [option], "ranks")[:, 0].tolist() == [0, 1, 2]


def test_numbers_that_have_no_logarithm_are_scaled_as_they_are():
    option = Option("spin", (0, 10, 100), True, 0)
    assert matrix(np.array([[0], [1], [2]]), [option], "scaled")[:, 0] == pytest.approx([0, 0.1, 1])


def test_an_encoding_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="scaled"):
        matrix(np.zeros((1, 0), dtype=int), [], "scale")


@settings(max_examples=10)
@given(option_spaces)
def test_distances_are_symmetric_at_most_1_and_0_only_between_equals(space):
    rows = coded(space[1], 30)
    gaps = distances(rows, rows, space[1].options)
    same = (rows[:, None, :] == rows[None, :, :]).all(axis=2)
    assert gaps == pytest.approx(gaps.T)
    assert ((gaps == 0) == same).all()
    assert gaps.max() <= 1 + 1e-12


def test_distances_are_the_mean_over_options_of_rank_differences_and_mismatches():
    options = [
        Option("threads", (1, 2, 4), True, 1),
        Option("layout", ("a", "b", "c"), False, "a"),
        Option("inter", (1, 2, 8), True, 1, conditional=True),
    ]
    here = np.array([[0, 0, 0]])
    there = np.array([[1, 0, 0], [2, 2, 0], [0, 0, 1], [0, 0, 3], [2, 1, 3]])
    assert distances(here, there, options)[0] == pytest.approx([0.5 / 3, 2 / 3, 0.5 / 3, 1 / 3, 1])
    assert distances(there[[3]], there[[4]], options)[0] == pytest.approx([2 / 3])


@settings(max_examples=10)
@given(option_spaces, st.data())
def test_an_index_finds_exactly_what_is_there(space, data):
    rows = coded(space[1])
    there = np.array(data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows))))
    positions = ConfigurationIndex(rows[there]).find(rows)
    assert (positions >= 0).tolist() == there.tolist()
    assert (rows[there][positions[there]] == rows[there]).all()


def test_an_index_of_ten_thousand_configurations_takes_none_for_another():
    rows = np.stack(np.meshgrid(*[np.arange(10)] * 4), axis=-1).reshape(-1, 4)
    positions = np.random.default_rng(0).permutation(len(rows))
    assert (ConfigurationIndex(rows[positions]).find(rows)[positions] == np.arange(len(rows))).all()
    assert (ConfigurationIndex(rows[:5000]).find(rows[5000:]) == -1).all()


def test_nothing_is_found_in_an_empty_index():
    assert ConfigurationIndex(np.empty((0, 2), dtype=int)).find(np.array([[0, 1], [1, 1]])).tolist() == [-1, -1]


@pytest.mark.parametrize("kind", KINDS)
def test_an_encoder_takes_tables_and_codes_alike_and_can_be_cloned(kind):
    space = OptionSpace(CONTENT, "space")
    frame = tables.configurations_frame(space.sample(40, 0), space.options)
    encoder = clone(Encoder(to_json(space.options), kind)).fit(frame)
    assert (encoder.transform(frame) == encoder.transform(codes(frame, space.options))).all()


def test_columns_may_stand_in_any_order_and_hold_other_types():
    space = OptionSpace(CONTENT, "space")
    frame = tables.configurations_frame(space.sample(40, 0), space.options)
    other = frame[frame.columns[::-1]].astype({"threads": "float64", "layout": "category"}).assign(more=1)
    assert (codes(other, space.options) == codes(frame, space.options)).all()


def test_a_missing_column_and_an_unknown_level_are_named():
    options = [Option("threads", (1, 2, 4), True, 1), Option("mode", ("sequential", "parallel"), False, "sequential")]
    with pytest.raises(UserError, match=r"'mode'.*found: threads, moed"):
        codes(pd.DataFrame({"threads": [1], "moed": ["parallel"]}), options)
    with pytest.raises(UserError, match=r"row 2: mode.*'paralel'.*sequential, parallel.*Did you mean 'parallel'"):
        codes(pd.DataFrame({"threads": [1, 2], "mode": ["parallel", "paralel"]}), options)
    with pytest.raises(UserError, match=r"row 1: threads.*'3'.*1, 2, 4"):
        codes(pd.DataFrame({"threads": [3], "mode": ["parallel"]}), options)


@given(levels=st.lists(st.integers(1, 10**6), min_size=1, max_size=7, unique=True), ordered=st.booleans())
def test_levels_lie_as_far_apart_as_points_in_space(levels, ordered):
    """Else what is computed from them is no covariance: the Gram matrix of Schoenberg (1935) has no negative value."""
    squared = level_distances(Option("x", tuple(sorted(levels)), ordered, levels[0], conditional=True))
    assert squared.shape == (len(levels) + 1,) * 2
    assert (squared == squared.T).all()
    assert (np.diag(squared) == 0).all()
    assert squared.max() <= 1
    centred = np.eye(len(squared)) - 1 / len(squared)
    assert np.linalg.eigvalsh(-centred @ squared @ centred).min() > -1e-9
