from __future__ import annotations

import pandas as pd
from hypothesis import HealthCheck, given, settings
from spaces import CONTENT, option_spaces

from perftransfer.dataset import tables
from perftransfer.space.option_space import OptionSpace


@settings(max_examples=10)
@given(option_spaces)
def test_configurations_come_back_from_a_frame_as_they_were(space):
    options, sample = space[1].options, space[1].sample(40, 0)
    back = tables.configurations_of(tables.configurations_frame(sample, options), options)
    assert back == sample
    assert list(back) == list(sample)
    assert [[type(v) for v in c.values()] for c in back.values()] == [
        [type(v) for v in c.values()] for c in sample.values()
    ]


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(option_spaces)
def test_configurations_come_back_from_a_file_with_their_schema(tmp_path, space):
    options, sample = space[1].options, space[1].sample(40, 0)
    path = tmp_path / "configurations.parquet"
    tables.write(path, tables.configurations_frame(sample, options), options=options)
    assert tables.options(path) == options
    assert tables.configurations_of(tables.read(path), options) == sample


def test_columns_keep_the_type_of_their_levels_and_a_conditional_option_has_a_level_of_its_own():
    space = OptionSpace(CONTENT, "space")
    frame = tables.configurations_frame(space.sample(40, 0), space.options)
    assert pd.api.types.is_integer_dtype(frame["threads"])
    assert pd.api.types.is_bool_dtype(frame["spinning"])
    assert set(frame["inter"]) == {"inactive", "1", "2", "8"}
    assert (frame.loc[frame["mode"] == "sequential", "inter"] == "inactive").all()
