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
from perftransfer.evaluation.batch import Inputs, collect, evaluate_batch, join, write
from perftransfer.evaluation.cell_store import CellStore
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
    targets=NAMES, scales=dict.fromkeys(OBJECTIVES, "log"), budgets=PLAN.budgets, designs={}, repeats=2,
    sources_per_target=None, interval_folds=0, batch=5, learners={"RT": {}}, learner_code={"RT": "1"}, seed=5,
    code="123",
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
        models = [
            train(dataset, name, target_objective, learner, OPTIONS, scale="log", seed=5)
            for target_objective in OBJECTIVES
            for learner in ("RT", "SVR")
        ]
        files.append(folder / f"{name}.parquet")
        tables.write(files[-1], predictions(models, dataset, frames[0], OPTIONS))
    tables.stack(folder / "predictions.parquet", tables.read_row_groups(files), rows=1)
    return Inputs(folder / "dataset.parquet", folder / "predictions.parquet")


def run(inputs: Inputs, folder: Path, strategy: Any = "LMS", params: EvaluateParams = PARAMS, **changes: Any) -> Path:
    """Evaluate in a folder that holds the table, the seconds and the kept cells; return the table's file."""
    cls = strategies.load(strategy) if isinstance(strategy, str) else strategy
    batch = evaluate_batch(cls, dataclasses.replace(params, **changes), inputs, CellStore(folder / "kept"))
    n = write(batch, folder / "1.parquet", folder / "1.csv")
    assert n == batch.n_kept + batch.n_new
    return folder / "1.parquet"


def counted(name: str, fits: list[Any], fails_at: int = 0) -> Any:
    """A strategy that notes the number of measurements of each of its fits, and is interrupted at one of them."""
    cls: Any = strategies.load(name)

    class Spy(cls):
        def fit(self, X, y, source=None, **noise):
            fits.append(len(X))
            if len(fits) == fails_at:
                raise KeyboardInterrupt
            return super().fit(X, y, source, **noise)

    Spy.__name__ = cls.__name__
    return Spy


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
    complete = pd.read_parquet(run(inputs, tmp_path / "every"))
    few = pd.read_parquet(run(inputs, tmp_path / "few", sources_per_target=1))
    names = ["objective", "source", "target"]
    assert len(few[names].drop_duplicates()) == len(NAMES) * len(OBJECTIVES)
    shared = complete.merge(few[names].drop_duplicates(), on=names)
    pd.testing.assert_frame_equal(shared, few)


def test_what_was_finished_before_a_job_was_killed_is_not_evaluated_again(inputs, tmp_path):
    fits: list[int] = []
    undisturbed = run(inputs, tmp_path / "undisturbed", counted("LMS", fits)).read_bytes()
    whole = len(fits)
    per_target = whole // (len(NAMES) * len(OBJECTIVES))
    fits.clear()
    with pytest.raises(KeyboardInterrupt):
        run(inputs, tmp_path, counted("LMS", fits, per_target + 2))
    assert not (tmp_path / "1.parquet").exists()
    assert not (tmp_path / "1.csv").exists()
    fits.clear()
    assert run(inputs, tmp_path, counted("LMS", fits)).read_bytes() == undisturbed
    assert len(fits) == whole - per_target


TWO_LEARNERS = {"learners": {"SVR": {}, "RT": {}}, "learner_code": {"RT": "1", "SVR": "1"}}
# What is new, of which sizes the fits for it are, and how many of them there are per target and objective.
GROWN = {
    "a budget": ({"budgets": (3, 4, 6)}, {4}, 2),
    "a repeat": ({"repeats": 3}, {3, 6}, 2),
    "a learner": (TWO_LEARNERS, {3, 6}, 4),
    "all of them": (
        {"budgets": (3, 4, 6), "repeats": 3, **TWO_LEARNERS},
        {3, 4, 6},
        # With two learners there are 18 cells instead of 4.
        14,
    ),
}


@pytest.mark.parametrize(
    ("name", "change"),
    [
        *((name, change) for name in ("RS", "LMS", "GS") for change in GROWN),
        ("TEAMS", "a learner"), ("MKT", "a repeat"), ("KT+active", "a budget"), ("KT+active", "a learner"),
    ],
)  # fmt: skip
def test_a_larger_evaluation_evaluates_what_is_new_and_nothing_else(name, change, inputs, tmp_path):
    changes, sizes, _ = GROWN[change]
    targets = {"targets": ["b"], "scales": {OBJECTIVES[0]: "log"}, "batch": 3, "sources_per_target": 2}
    run(inputs, tmp_path, name, **targets)
    first = pd.read_csv(tmp_path / "1.csv")
    fits: list[int] = []
    grown = run(inputs, tmp_path, counted(name, fits), **targets, **changes)
    whole: list[int] = []
    fresh = run(inputs, tmp_path / "fresh", counted(name, whole), **targets, **changes)
    assert grown.read_bytes() == fresh.read_bytes()
    assert set(fits) <= sizes
    # A fit to the sources' values serves all learners: one more learner takes it again.
    serves_all = strategies.load(name).fits_learner_on == "source" and "learners" in changes
    assert len(fits) < len(whole) or serves_all
    if strategies.load(name).fits_learner_on == "none" and change == "a learner":
        assert fits == []
    # The seconds of kept cells are those that their fits took.
    key = ["source", "target", "objective", "learner", "budget", "repeat"]
    again = pd.read_csv(tmp_path / "1.csv")
    both = first.merge(again, on=key, suffixes=("", "_again"))
    assert len(both) == len(first)
    assert (both["fit_seconds"] == both["fit_seconds_again"]).all()
    # Going back to what it was evaluates nothing.
    fits.clear()
    back = run(inputs, tmp_path, counted(name, fits), **targets)
    assert fits == []
    assert back.read_bytes() == run(inputs, tmp_path / "back", name, **targets).read_bytes()


@pytest.mark.parametrize("change", GROWN)
def test_the_fits_of_a_larger_evaluation_are_counted(change, inputs, tmp_path):
    changes, _, per_target = GROWN[change]
    run(inputs, tmp_path, "RS")
    fits: list[int] = []
    run(inputs, tmp_path, counted("RS", fits), **changes)
    assert len(fits) == len(NAMES) * len(OBJECTIVES) * per_target


@pytest.mark.parametrize("name", ["RS", "LMS"])
@pytest.mark.parametrize(
    "change", [{"learners": {"RT": {}, "SVR": {"C": 2.0}}}, {"learner_code": {"RT": "1", "SVR": "2"}}]
)
def test_a_changed_learner_is_evaluated_again_alone(name, change, inputs, tmp_path):
    both = {"learners": {"RT": {}, "SVR": {}}, "learner_code": {"RT": "1", "SVR": "1"}, "targets": ["a"]}
    run(inputs, tmp_path, name, **both)
    batch = evaluate_batch(
        strategies.load(name), dataclasses.replace(PARAMS, **{**both, **change}), inputs, CellStore(tmp_path / "kept")
    )
    assert batch.n_kept == batch.n_new > 0
    learners = {row for part in batch.tables() for row in part.column("learner").to_pylist()}
    assert learners == {"RT", "SVR"}
    # Of the old parameters nothing is left: their cells cannot be used any more.
    store = batch.parts[0].usable(batch.store)
    assert len(store) == sum(map(len, batch.tables())) // len(OBJECTIVES)


@pytest.mark.parametrize(
    "change",
    [
        {"code": "124"},
        {"seed": 6},
        {"scales": dict.fromkeys(OBJECTIVES, "linear")},
        {"interval_folds": 3},
        {"batch": 4},
    ],
)
def test_what_all_cells_depend_on_is_what_they_are_evaluated_again_for(change, inputs, tmp_path):
    params = dataclasses.replace(PARAMS, targets=("a",))
    store = CellStore(tmp_path)
    first = evaluate_batch(strategies.load("RS"), params, inputs, store)
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    again = evaluate_batch(strategies.load("RS"), dataclasses.replace(params, **change), inputs, store)
    assert (first.n_kept, again.n_kept) == (0, 0)
    # The old cells are gone.
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 1.2 * size


def test_changed_inputs_are_evaluated_again_where_they_matter(inputs, tmp_path):
    store = {name: CellStore(tmp_path / name) for name in ("RS", "LMS", "GS")}

    def n_kept(name: str, changed: Inputs) -> tuple[int, int]:
        batch = evaluate_batch(strategies.load(name), PARAMS, changed, store[name])
        return batch.n_kept, batch.n_new

    whole = {name: n_kept(name, inputs)[1] for name in store}
    copy = tmp_path / "copy.parquet"
    copy.write_bytes(inputs.dataset.read_bytes())
    assert n_kept("RS", dataclasses.replace(inputs, dataset=copy)) == (whole["RS"], 0)
    copy.write_bytes(inputs.predictions.read_bytes())
    predictions = tables.read(copy)
    changed = (predictions["environment"] == "b") & (predictions["objective"] == "energy_mj")
    frames = [
        rows.assign(predicted=rows["predicted"].where(~changed, rows["predicted"] * 1.1))
        for _, rows in predictions.groupby("environment", sort=False)
    ]
    tables.write_groups(copy, frames)
    # The learner is fitted on the source in LMS alone; b is one of three sources of the three others.
    other = dataclasses.replace(inputs, predictions=copy)
    assert n_kept("RS", other) == (whole["RS"], 0)
    assert n_kept("GS", other) == (whole["GS"], 0)
    assert n_kept("LMS", other)[1] == whole["LMS"] // len(OBJECTIVES) // len(NAMES)
    frames = [rows for _, rows in tables.read(inputs.dataset).groupby("environment", sort=False)]
    tables.write_groups(tmp_path / "dataset.parquet", frames, options=OPTIONS, metadata={"changed": True})
    for name, n in whole.items():
        assert n_kept(name, dataclasses.replace(inputs, dataset=tmp_path / "dataset.parquet")) == (0, n)
    term = {"environment": "a", "objective": "latency_ms", "term": "size", "rank": 1, "selected": True}
    tables.write(tmp_path / "influence.parquet", pd.DataFrame([term]))
    assert n_kept("GS", dataclasses.replace(inputs, influence=tmp_path / "influence.parquet"))[0] == 0


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "text", "another's"])
def test_damaged_cells_are_evaluated_again_and_the_others_kept(damage, inputs, tmp_path, caplog):
    file = run(inputs, tmp_path)
    before = file.read_bytes()
    path = tmp_path / "kept/latency_ms.b.cells"
    content = path.read_bytes()
    path.write_bytes(
        {
            "cut": content[:-100],
            "flipped": content[:500] + bytes([content[500] ^ 1]) + content[501:],
            "empty": b"",
            "text": b"not what was evaluated",
            "another's": (tmp_path / "kept/latency_ms.c.cells").read_bytes(),
        }[damage]
    )
    fits: list[int] = []
    assert run(inputs, tmp_path, counted("LMS", fits)).read_bytes() == before
    # One of eight files.
    assert len(fits) == 3 * 2 * 2
    assert (str(path) in caplog.text) == (damage != "another's")


def test_cells_of_what_a_study_no_longer_has_are_removed(inputs, tmp_path):
    run(inputs, tmp_path)
    for name in ("latency_ms.gone.cells", "gone_ms.a.cells", ".latency_ms.gone.cells.tmp"):
        (tmp_path / "kept" / name).write_text("")
    run(inputs, tmp_path, targets=["a"])
    names = {f"{objective}.{target}.cells" for objective in OBJECTIVES for target in NAMES}
    assert {path.name for path in (tmp_path / "kept").iterdir()} == names


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


def test_an_environment_without_an_objective_takes_part_in_the_others(inputs, tmp_path):
    frames = [tables.read(inputs.dataset).query("environment == @name").reset_index(drop=True) for name in NAMES]
    frames[2]["energy_mj"] = np.nan
    tables.write_groups(tmp_path / "dataset.parquet", frames, options=OPTIONS)
    lacking = dataclasses.replace(inputs, dataset=tmp_path / "dataset.parquet")
    cells = tables.read(run(lacking, tmp_path))
    for objective, expected in (("latency_ms", NAMES), ("energy_mj", ["a", "b", "d"])):
        rows = cells[cells["objective"] == objective]
        assert sorted(rows["target"].unique()) == sorted(rows["source"].unique()) == expected
