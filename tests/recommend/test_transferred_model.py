from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import known
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from perftransfer import strategies
from perftransfer.dataset import tables
from perftransfer.errors import UserError
from perftransfer.evaluation.metrics import mape
from perftransfer.gaussian_process.prior import FromSources
from perftransfer.recommend import deployment, stored_model
from perftransfer.recommend.transferred_model import Measured, TransferredModel
from perftransfer.space.option_space import OptionSpace


@pytest.mark.parametrize("strategy", [*strategies.names(), "KT+random", "LMS+greedy"])
def test_every_strategy_predicts_the_target_and_survives_its_file(strategy: str, tmp_path: Path) -> None:
    model = known.model(strategy, measured=12)
    found = model.predict(known.ALL)
    assert found.value.shape == (len(known.FRAME),)
    assert (found.value > 0).all()
    stored_model.save(model, tmp_path / "model.parquet")
    again = stored_model.load(tmp_path / "model.parquet")
    assert again.fingerprint == model.fingerprint
    np.testing.assert_array_equal(again.predict(known.ALL).value, found.value)
    assert [option.name for option in again.space.options] == [option.name for option in known.SPACE.options]


def test_a_few_measurements_and_sources_are_enough() -> None:
    for strategy in ("AUTO", "KT", "LMS"):
        assert mape(known.TARGET, known.model(strategy).predict(known.ALL).value) < 10


def test_intervals_hold_the_truth_and_a_chance_is_known() -> None:
    for strategy in ("AUTO", "RS"):
        found = known.model(strategy, measured=12).predict(known.ALL)
        assert found.low is not None
        assert found.high is not None
        assert ((found.low <= known.TARGET) & (found.high >= known.TARGET)).mean() > 0.75
        better = found.better_than(0)
        assert better is not None
        assert np.isnan(better[0])
        sure = known.TARGET[0] / 1.5 > known.TARGET
        assert better[sure].mean() > better[1:][~sure[1:]].mean()


def test_a_chosen_sample_without_intervals_knows_no_chance() -> None:
    found = known.model("LMS+greedy").predict(known.ALL)
    assert found.low is None
    assert found.better_than(0) is None


def test_who_did_not_draw_has_no_interval_by_refits() -> None:
    assert known.model("RS", measured=12).predict(known.ALL).low is not None
    assert known.model("RS", measured=12, is_random_sample=False).predict(known.ALL).low is None


def test_what_failed_is_kept_in_its_file_and_not_planned_again(tmp_path: Path) -> None:
    model = known.model("AUTO")
    next_one = known.planner(model).choose_next(1, list(range(3)), known.seen(dict.fromkeys(range(3), 1.0)))
    failed = replace(model.target, failed=known.ALL[next_one])
    stored_model.save(model.with_target(failed), tmp_path / "model.parquet")
    again = stored_model.load(tmp_path / "model.parquet")
    np.testing.assert_array_equal(again.target.failed, known.ALL[next_one])
    assert len(again.target) == len(model.target)
    assert again.target.is_random_sample


def test_a_strategy_of_one_source_takes_the_most_alike() -> None:
    assert known.model("AUTO").source_used is None
    model = known.model("LMS")
    upside_down = model.sources["a"].y.max() + 1 - model.sources["a"].y
    object.__setattr__(model.sources["a"], "y", upside_down)
    assert model.source_used == "b"


def test_refits_leave_out_what_was_drawn_and_not_the_default() -> None:
    model = known.model("LMS+random", measured=10)
    fit = model._fit
    # The default configuration is the first.
    assert sorted(np.concatenate(fit.folds)) == list(range(1, 10))
    assert len(fit.refits) == 5


def test_nothing_measured_is_said() -> None:
    with pytest.raises(UserError, match="nothing was measured there yet"):
        known.model(measured=0).predict(known.ALL)


def test_a_file_that_is_no_model_or_was_changed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.parquet"
    tables.write(path, pd.DataFrame({"a": [1]}))
    with pytest.raises(UserError, match="no model of perftransfer"):
        stored_model.load(path)
    stored_model.save(known.model(), path)
    table = pq.read_table(path)
    for column in ("y", "cv"):
        changed = table.set_column(table.schema.get_field_index(column), column, [[2.0] * len(table)])
        pq.write_table(changed, path)
        with pytest.raises(UserError, match="has been changed"):
            stored_model.load(path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("strategy", "os.path"), ("learner", "OS"), ("scale", "sqrt"), ("folds", "many"), ("objective", 3),
        ("parameters", {"bogus": 1}), ("parameters", {"n_estimators": 10**9}), ("parameters", [1]),
    ],
)  # fmt: skip
def test_a_file_does_not_say_which_code_runs_nor_for_how_long(key: str, value: object, tmp_path: Path) -> None:
    path = tmp_path / "model.parquet"
    stored_model.save(known.model(), path)
    table = pq.read_table(path)
    metadata = dict(table.schema.metadata)
    recipe = json.loads(metadata[b"perftransfer.recipe"]) | {"learner": "RF", key: value}
    metadata[b"perftransfer.recipe"] = json.dumps(recipe).encode()
    pq.write_table(table.replace_schema_metadata(metadata), path)
    named = next(iter(value)) if isinstance(value, dict) else value
    with pytest.raises(UserError, match=re.escape(str(named))):
        stored_model.load(path)


def test_a_configuration_outside_the_space_is_refused() -> None:
    with pytest.raises(UserError, match="unknown level '8'"):
        known.model().codes_of(known.FRAME.assign(threads=8))


def test_what_the_sources_tell_is_computed_once_for_all_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    initialise = FromSources.__init__

    def counted(self: FromSources, *arguments: Any) -> None:
        made.append(self)
        initialise(self, *arguments)

    monkeypatch.setattr(FromSources, "__init__", counted)
    model = known.model("AUTO", measured=6)
    model.left_out()
    model.predict(known.ALL)
    assert model.reference is not model.fitted
    assert len(made) == 1


def test_a_target_is_compared_relative_to_its_size_and_run_in_its_own_levels() -> None:
    """Two threads on two cores are what one thread is on one core; what is recommended has two threads."""
    content = known.SPACE.content
    threads = {**content["options"]["threads"], "relative_to": "cores"}
    space = OptionSpace({**content, "options": {**content["options"], "threads": threads}}, "space")
    frame = tables.configurations_frame(space.candidates(10_000, 0), space.options)
    union = tuple(
        replace(option, name="threads_per_core", levels=(0.5, 1, 2, 4)) if option.name == "threads" else option
        for option in space.options
    )
    recipe = replace(known.model().recipe, description={"environment": "target", "n_cores": 2})
    nothing = Measured.from_table(pd.DataFrame(columns=[*(o.name for o in union), "y", "cv", "n"]), union)
    model = TransferredModel(recipe, union, space, {}, nothing)
    X = model.codes_of(frame)
    column = [option.name for option in union].index("threads_per_core")
    assert [union[column].levels[code] for code in X[:, column]] == [threads / 2 for threads in frame["threads"]]
    # And back again: by a model's file, configurations are read from codes.
    configurations = deployment.configurations_from_codes(model, X)
    assert list(configurations) == frame["configuration_id"].tolist()
    with pytest.raises(UserError, match="unknown level '3'"):
        model.codes_of(frame.assign(threads=3))
    unknown_size = TransferredModel(replace(recipe, description={"environment": "target"}), union, space, {}, nothing)
    with pytest.raises(UserError, match="relative to cores, which is not known"):
        unknown_size.codes_of(frame)
