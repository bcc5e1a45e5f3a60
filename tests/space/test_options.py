from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spaces import option_spaces

from perftransfer.space.options import Option, configuration_id, from_json, level_text, to_json

NAMES = st.text("abcdef_", min_size=1, max_size=6)
LEVELS = st.one_of(st.booleans(), st.integers(-(10**6), 10**10), st.sampled_from(["fp32", "ü", "a b"]), st.none())


@settings(max_examples=10)
@given(st.dictionaries(NAMES, LEVELS, max_size=6), st.randoms(use_true_random=False))
def test_an_id_depends_neither_on_the_order_of_options_nor_on_the_type_of_numbers(configuration, rng: random.Random):
    items = list(configuration.items())
    rng.shuffle(items)
    retyped = {
        name: rng.choice([float, np.int64, np.float64])(value)
        if isinstance(value, int) and not isinstance(value, bool)
        else value
        for name, value in items
    }
    assert configuration_id(retyped) == configuration_id(configuration)


def test_an_id_is_the_same_on_every_machine_and_in_every_version():
    # Measurements of years find each other by it: it must never change.
    assert configuration_id({"threads": 2, "mode": "all", "spinning": True, "inter": None}) == "a70de68413e1"


@settings(max_examples=10)
@given(option_spaces)
def test_different_configurations_have_different_ids(space):
    grid = space[1].grid
    assert len({configuration_id(configuration) for configuration in grid}) == len(grid)


@settings(max_examples=10)
@given(option_spaces)
def test_options_survive_as_text(space):
    options = space[1].options
    assert from_json(to_json(options)) == options


@pytest.mark.parametrize(
    ("level", "text"),
    [
        (2, "2"),
        (2.0, "2"),
        (np.float64(2), "2"),
        (np.int8(2), "2"),
        ("2", "2"),
        (0.5, "0.5"),
        (True, "true"),
        (np.True_, "true"),
        (False, "false"),
        (None, "inactive"),
        ("all", "all"),
    ],
)
def test_a_level_is_written_the_same_way_whatever_its_type(level, text):
    assert level_text(level) == text


def test_an_option_knows_the_position_of_its_levels_and_refuses_others():
    option = Option("threads", (1, 2, 4), True, 1, conditional=True)
    assert [option.code(level) for level in (1, 2.0, "4", None)] == [0, 1, 2, 3]
    with pytest.raises(ValueError):
        option.code(3)
    with pytest.raises(ValueError):
        Option("threads", (1, 2, 4), True, 1).code(None)


@pytest.mark.parametrize(
    ("levels", "value", "text"),
    [
        ((True, False), "True", "true"),
        ((True, False), "FALSE", "false"),
        (("True", "x"), "True", "True"),
        ((1, 2), "1.0", "1"),
        ((1, 2), "2e0", "2"),
        ((0.5, 2), "0.50", "0.5"),
        (("1.1", "1.10"), "1.10", "1.10"),
        (("1.1", "2"), "1.10", "1.10"),
        ((1, 2), "one", "one"),
    ],
)
def test_a_level_is_understood_as_people_and_spreadsheets_write_it(levels, value, text):
    assert Option("a", levels, False, levels[0]).text_of(value) == text
