"""Checks that every strategy and every design copes with environments whose options and levels are not the same."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from wide import by_configuration

from perftransfer import designs, strategies
from perftransfer.dataset import tables
from perftransfer.dataset.merge import merge
from perftransfer.evaluation.cells import Plan, evaluate
from perftransfer.evaluation.influence_table import influence_table
from perftransfer.evaluation.pool import Pool
from perftransfer.evaluation.similarity import similarity_table
from perftransfer.evaluation.sources import load_sources
from perftransfer.evaluation.training import predictions, train
from perftransfer.space.options import Option, configuration_id

THREADS = Option("threads", (1, 2, 3, 4), True, 2)
MODE = Option("mode", ("a", "b", "c"), False, "b")
#: Each environment has options of its own, and its own levels of what all have.
SCHEMAS = {
    "left": (THREADS, MODE, Option("left_only", (True, False), False, True)),
    "right": (
        Option("right_only", (1, 10, 100), True, 10),
        Option("threads", (2, 4, 8), True, 2),
        Option("mode", ("b", "d", "a"), False, "a"),
    ),
    "narrow": (Option("threads", (1, 2, 4, 8, 12, 16, 24), True, 1),),
}
PLAN = Plan(budgets=(1, 2, 6), repeats=1, learners={"RT": {}, "SVR": {}}, scale="log", seed=1, interval_folds=3)


def latency(row: dict[str, object]) -> float:
    slow = {"left_only": {True: 1.0, False: 1.2}, "mode": {"a": 1.0, "b": 1.3, "c": 1.1, "d": 1.6}}
    time_ms = 10 / float(str(row["threads"])) ** 0.7
    for name, factors in slow.items():
        time_ms *= factors[row[name]] if name in row else 1.0  # type: ignore[index]
    return time_ms * float(str(row.get("right_only", 1))) ** 0.1


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> tuple[pd.DataFrame, tuple[Option, ...], pd.DataFrame, dict[str, Path]]:
    folder = tmp_path_factory.mktemp("unlike")
    files = {}
    for name, schema in SCHEMAS.items():
        rows = [
            dict(zip((o.name for o in schema), levels, strict=True))
            for levels in itertools.product(*(o.levels for o in schema))
        ]
        frame = tables.configurations_frame({configuration_id(row): row for row in rows}, schema)
        frame["latency_ms"] = [latency(row) for row in rows]
        files[name] = folder / f"{name}.parquet"
        tables.write(files[name], frame, options=schema)
    frames, options, _ = merge({name: {} for name in SCHEMAS}, {}, files, ["latency_ms"])
    dataset = pd.concat(frames, ignore_index=True)
    terms = influence_table(dataset, list(SCHEMAS), ["latency_ms"], options, scale="log", criterion="bic", order=2)
    configurations = dataset.drop_duplicates("configuration_id").sort_values("configuration_id")
    learnt = {}
    for name in SCHEMAS:
        models = [
            train(dataset, name, "latency_ms", learner, options, scale="log", seed=1) for learner in PLAN.learners
        ]
        learnt[name] = predictions(models, dataset, configurations, options)
    return dataset, options, terms, learnt


def cells(study, name: str) -> pd.DataFrame:
    dataset, options, terms, learnt = study
    cls = strategies.load(name)
    sources = load_sources(cls, SCHEMAS, dataset, learnt.__getitem__, terms, "latency_ms", options, PLAN)
    frames = [
        evaluate(cls, Pool.from_dataset(dataset, target, "latency_ms", options), sources, "latency_ms", options, PLAN)[
            0
        ]
        for target in SCHEMAS
    ]
    return pd.concat(frames, ignore_index=True)


FREE = [name for name in designs.names() if name not in ("plackett_burman", "box_behnken", "central_composite")]


@pytest.mark.parametrize("name", [*strategies.names(), *(f"KT+{name}" for name in FREE), "NT+plackett_burman"])
def test_no_strategy_and_no_design_fails(study, name):
    result = cells(study, name)
    assert np.isfinite(result["mape"]).all()
    assert set(result["target"]) == set(SCHEMAS)


def test_a_source_tells_what_its_options_tell(study):
    """All have threads, which decide most: whatever the source lacks, it helps where two were measured."""
    errors = {name: cells(study, name).groupby("budget")["mape"].mean() for name in ("KT", "AUTO", "LMS", "RS")}
    assert errors["KT"][2] < 0.7 * errors["RS"][2]
    assert errors["AUTO"][6] < errors["RS"][6]


def test_source_models_predict_for_configurations_that_they_could_not_have_measured(study):
    dataset, _, _, learnt = study
    predicted = learnt["narrow"].set_index("configuration_id")
    predicted = predicted.loc[predicted["learner"] == "SVR", "predicted"]
    left = dataset[dataset["environment"] == "left"]
    by_threads = left.assign(predicted=predicted[left["configuration_id"]].to_numpy()).groupby("threads")["predicted"]
    assert (by_threads.max() == by_threads.min()).all()
    truth = np.array([latency({"threads": threads}) for threads in (1, 2, 4)])
    assert by_threads.min()[[1, 2, 4]].to_numpy() == pytest.approx(truth, rel=0.1)


def test_environments_without_common_configurations_can_be_compared_by_what_matters(study):
    dataset, _, terms, _ = study
    table = similarity_table(by_configuration(dataset), terms, list(SCHEMAS), ["latency_ms"], scale="log")
    assert (table["n"] == 0).all()
    assert table["common_terms"].notna().all()
