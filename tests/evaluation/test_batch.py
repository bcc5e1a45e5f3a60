from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from spaces import factorial

from perftransfer import strategies
from perftransfer.dataset import tables
from perftransfer.evaluation.batch import Inputs, collect, evaluate_batch, join, key, write
from perftransfer.evaluation.cells import COLUMNS, SCHEMA, TIMING_COLUMNS, Plan, evaluate
from perftransfer.evaluation.params import EvaluateParams
from perftransfer.evaluation.pool import Pool
from perftransfer.evaluation.sources import load_sources
from perftransfer.evaluation.training import predictions, train

OPTIONS, CODES = factorial(threads=3, size=2, null=2)
PLAN = Plan(budgets=(3, 6), repeats=2, learners={"RT": {}}, scale="log", seed=5)
NAMES = ["a", "b", "c", "d"]
OBJECTIVES = ["latency_ms", "energy_mj"]
PARAMS = EvaluateParams(
    targets=("a",), objectives=OBJECTIVES, budgets=(5,), designs=(), repeats=2, sources_per_target=None,
    interval_folds=0, batch=5, learners={"RT": {}}, scale="log", seed=1, code="123",
)  # fmt: skip


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> Inputs:
    folder = tmp_path_factory.mktemp("inputs")
    rng = np.random.default_rng(0)
    frames = []
    for i, name in enumerate(NAMES):
        frame = pd.DataFrame(1 + CODES, columns=[option.name for option in OPTIONS]).assign(environment=name)
        frame["configuration_id"] = [f"c{k:03}" for k in range(len(CODES))]
        for objective in OBJECTIVES:
            frame[objective] = np.exp(1 + CODES @ [0.5, 0.1 * i, 0.0] + rng.normal(0, 0.02, len(CODES)))
        frames.append(frame)
    dataset = pd.concat(frames, ignore_index=True)
    tables.write_groups(folder / "dataset.parquet", frames, options=OPTIONS)
    files = []
    for name in NAMES:
        models = [train(dataset, name, one, "RT", OPTIONS, scale="log", seed=5) for one in OBJECTIVES]
        files.append(folder / f"{name}.parquet")
        tables.write(files[-1], predictions(models, dataset, frames[0], OPTIONS))
    tables.stack(folder / "predictions.parquet", tables.read_row_groups(files), rows=1)
    return Inputs(folder / "dataset.parquet", folder / "predictions.parquet")


def run(inputs: Inputs, folder: Path, strategy: Any = "LMS", targets: Any = NAMES, most: int | None = None) -> Path:
    cls = strategies.load(strategy) if isinstance(strategy, str) else strategy
    parts = evaluate_batch(cls, targets, OBJECTIVES, inputs, PLAN, most, folder / ".1" / key(PARAMS, inputs))
    write(parts, folder / "1.parquet", folder / "1.csv")
    return folder / "1.parquet"


@pytest.mark.parametrize("name", ["LMS", "RS", "MKT"])
def test_a_batch_has_the_cells_of_all_its_targets_and_objectives(name, inputs, tmp_path):
    file = run(inputs, tmp_path, name, targets=["b", "d"])
    cells = pd.read_parquet(file)
    cls, dataset = strategies.load(name), tables.read(inputs.dataset)
    learnt = tables.PartitionedTable(inputs.predictions).read
    frames = []
    for objective in OBJECTIVES:
        sources = load_sources(cls, NAMES, dataset, learnt, None, objective, OPTIONS, PLAN)
        pools = [Pool.from_dataset(dataset, name, objective, OPTIONS) for name in ("b", "d")]
        frames += [evaluate(cls, pool, sources, objective, OPTIONS, PLAN)[0] for pool in pools]
    expected = pa.Table.from_pandas(pd.concat(frames, ignore_index=True), SCHEMA).to_pandas()
    pd.testing.assert_frame_equal(cells, expected)
    assert tables.read_row_groups([file]).__next__().schema.names == SCHEMA.names == list(COLUMNS)
    seconds = pd.read_csv(tmp_path / "1.csv")
    assert tuple(seconds.columns) == TIMING_COLUMNS
    assert len(seconds) == len(cells)


def test_fewer_sources_are_those_cells_of_all(inputs, tmp_path):
    every = pd.read_parquet(run(inputs, tmp_path / "every"))
    few = pd.read_parquet(run(inputs, tmp_path / "few", most=1))
    names = ["objective", "source", "target"]
    assert len(few[names].drop_duplicates()) == len(NAMES) * len(OBJECTIVES)
    kept = every.merge(few[names].drop_duplicates(), on=names)
    pd.testing.assert_frame_equal(kept, few)


def test_what_was_finished_before_a_job_was_killed_is_not_evaluated_again(inputs, tmp_path):
    cls = strategies.load("LMS")
    fits: list[str] = []

    def spy(fails_at: int) -> Any:
        class Spy(cls):
            def fit(self, X, y, source=None):
                fits.append(source.environment)
                if len(fits) == fails_at:
                    raise KeyboardInterrupt
                return super().fit(X, y, source)

        Spy.__name__ = "LMS"
        return Spy

    undisturbed = run(inputs, tmp_path / "undisturbed", spy(0)).read_bytes()
    whole = len(fits)
    per_target = whole // (len(NAMES) * len(OBJECTIVES))
    fits.clear()
    with pytest.raises(KeyboardInterrupt):
        run(inputs, tmp_path, spy(per_target + 2))
    assert not (tmp_path / "1.parquet").exists()
    assert not (tmp_path / "1.csv").exists()
    fits.clear()
    assert run(inputs, tmp_path, spy(0)).read_bytes() == undisturbed
    assert len(fits) == whole - per_target


def test_parts_that_depend_on_something_else_are_not_taken_up(inputs, tmp_path):
    file = run(inputs, tmp_path)
    (old,) = (tmp_path / ".1").iterdir()
    before = file.read_bytes()
    part = next(old.glob("*.arrow"))
    part.write_bytes(b"not what was evaluated")
    other = tmp_path / ".1/another"
    old.rename(other)
    assert run(inputs, tmp_path).read_bytes() == before
    assert not other.exists()


def test_the_key_is_that_of_settings_and_of_what_the_inputs_hold(inputs, tmp_path):
    found = key(PARAMS, inputs)
    assert key(dataclasses.replace(PARAMS, targets=("b",)), inputs) == found
    assert key(dataclasses.replace(PARAMS, code="124"), inputs) != found
    copy = tmp_path / "copy.parquet"
    copy.write_bytes(inputs.dataset.read_bytes())
    assert key(PARAMS, dataclasses.replace(inputs, dataset=copy)) == found
    copy.write_bytes(inputs.dataset.read_bytes() + b" ")
    assert key(PARAMS, dataclasses.replace(inputs, dataset=copy)) != found
    assert key(PARAMS, dataclasses.replace(inputs, influence=copy)) != found


def test_tables_of_seconds_are_joined_below_one_header(tmp_path):
    header = ",".join(TIMING_COLUMNS) + "\n"
    for i in range(3):
        (tmp_path / f"{i}.csv").write_text(f"{header}{i},x\n" if i else header)
    join([tmp_path / f"{i}.csv" for i in range(3)], tmp_path / "new/all.csv")
    assert (tmp_path / "new/all.csv").read_text() == f"{header}1,x\n2,x\n"


def test_nothing_to_compare_is_tables_without_rows(tmp_path):
    assert collect([], tmp_path / "cells.parquet") == 0
    assert list(tables.read(tmp_path / "cells.parquet").columns) == list(COLUMNS)
    join([], tmp_path / "all.csv")
    assert list(pd.read_csv(tmp_path / "all.csv").columns) == list(TIMING_COLUMNS)
