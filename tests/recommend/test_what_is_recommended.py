from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import known
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from perftransfer.dataset import tables
from perftransfer.dataset.measured import measurements
from perftransfer.goal import Goal, Limit
from perftransfer.levels import Configuration
from perftransfer.measuring.records import Measurement
from perftransfer.recommend import confirmation, deployment
from perftransfer.recommend.confirmation import CONFIRMED, merge_confirmations
from perftransfer.recommend.gather import candidates_for
from perftransfer.recommend.recommendation import COLUMNS, pareto_front, predict_space, predictions_table, recommend
from perftransfer.recommend.transferred_model import TransferredModel
from perftransfer.space.encoding import ConfigurationIndex
from perftransfer.space.options import configuration_id

DEFAULT = configuration_id(known.SPACE.default)


def of_two_objectives() -> dict[str, TransferredModel]:
    """What is fast needs energy."""
    fast = known.model(measured=12)
    recipe = dataclasses.replace(fast.recipe, objective="energy_mj")
    slow = dataclasses.replace(fast.target, y=10 / fast.target.y)
    sources = {name: dataclasses.replace(one, y=10 / one.y) for name, one in fast.sources.items()}
    return {"latency_ms": fast, "energy_mj": TransferredModel(recipe, fast.options, known.SPACE, sources, slow)}


def test_the_best_by_prediction_and_the_default_are_recommended() -> None:
    models = {"latency_ms": known.model(measured=12)}
    predicted = predict_space(models, known.FRAME)
    table = recommend(models, known.FRAME, predicted, 3)
    assert tuple(table) == COLUMNS
    assert table["rank"].tolist()[:3] == [1, 2, 3]
    assert table["default"].tolist() == [False, False, False, True]
    assert table["pareto"].tolist() == [True, False, False, False]
    assert table["predicted"].iloc[0] == predicted["latency_ms"].value.min()
    assert (table["low"] < table["predicted"]).all()
    assert (table["probability_better"][:3] > 0.9).all()
    best = known.FRAME["configuration_id"].iloc[int(known.TARGET.argmin())]
    assert best in set(table["configuration_id"])
    assert "workers" not in table["configuration"].iloc[0] or "parallel" in table["configuration"].iloc[0]


def test_where_more_is_better_the_highest_is_recommended() -> None:
    less = known.model(measured=12)
    recipe = dataclasses.replace(less.recipe, objective="throughput_per_s", scale="-log")
    sources = {name: dataclasses.replace(one, y=1000 / one.y) for name, one in less.sources.items()}
    target = dataclasses.replace(less.target, y=1000 / less.target.y)
    models = {"throughput_per_s": TransferredModel(recipe, less.options, known.SPACE, sources, target)}
    predicted = predict_space(models, known.FRAME)
    table = recommend(models, known.FRAME, predicted, 3)
    other = recommend({"latency_ms": less}, known.FRAME, predict_space({"latency_ms": less}, known.FRAME), 3)
    assert table["configuration_id"].tolist() == other["configuration_id"].tolist()
    assert table["predicted"].to_numpy() == pytest.approx(1000 / other["predicted"].to_numpy())
    assert table["predicted"].iloc[0] == predicted["throughput_per_s"].value.max()
    assert (table["low"] < table["predicted"]).all()
    assert (table["predicted"] < table["high"]).all()
    assert table["probability_better"][:3].to_numpy() == pytest.approx(other["probability_better"][:3].to_numpy())
    marked = predictions_table(known.FRAME, predicted, [], [])
    assert marked.loc[marked["pareto"], "throughput_per_s"].tolist() == [predicted["throughput_per_s"].value.max()]


def test_after_a_search_what_it_measured_is_recommended() -> None:
    model = known.model(measured=8, search="TRANSFER")
    models = {"latency_ms": model}
    predicted = predict_space(models, known.FRAME)
    rows = ConfigurationIndex(known.ALL).find(model.target.codes)
    measured = set(known.FRAME["configuration_id"].iloc[rows])
    table = recommend(models, known.FRAME, predicted, 3, (), measured)
    named = table[~table["default"]]["configuration_id"]
    assert set(named) <= measured
    best = rows[np.argsort(predicted["latency_ms"].value[rows])[:3]]
    assert known.FRAME["configuration_id"].iloc[best[0]] == table["configuration_id"].iloc[0]
    by_design = recommend({"latency_ms": known.model(measured=8)}, known.FRAME, predicted, 3, (), measured)
    assert not set(by_design["configuration_id"]) <= measured


def test_what_failed_there_is_not_recommended() -> None:
    models = {"latency_ms": known.model(measured=12)}
    predicted = predict_space(models, known.FRAME)
    first = recommend(models, known.FRAME, predicted, 3)["configuration_id"].tolist()
    again = recommend(models, known.FRAME, predicted, 3, first[:2])
    assert again["configuration_id"].iloc[0] == first[2]
    assert not set(first[:2]) & set(again["configuration_id"])
    assert again["pareto"].tolist()[0]
    # Even the default: it stays, to be compared with, and ranks last.
    last = recommend(models, known.FRAME, predicted, 3, [DEFAULT])
    assert last.loc[last["default"], "rank"].item() == len(known.FRAME)


def test_what_is_recommended_keeps_the_limits_of_the_goal() -> None:
    models = of_two_objectives()
    predicted = predict_space(models, known.FRAME)
    energy = predicted["energy_mj"].value
    limit = Limit("energy_mj", at_most=True, value=float(np.median(energy)))
    goal = Goal(["latency_ms"], ["latency_ms"], [limit])
    table = recommend(models, known.FRAME, predicted, 3, goal=goal)
    rows = known.FRAME["configuration_id"].isin(table["configuration_id"][:3]).to_numpy()
    assert (energy[rows] <= limit.value).all()
    latency = predicted["latency_ms"].value
    assert table["predicted"].iloc[0] == latency[energy <= limit.value].min() > latency.min()
    assert table["keeps_limits"].tolist()[:3] == [True] * 3
    assert (table["probability_keeps"][:3] >= 0.5).all()
    # An objective that is only limited is not recommended for: its rows are those of the same configurations.
    assert set(table.loc[table["objective"] == "energy_mj", "configuration_id"]) == set(
        table.loc[table["objective"] == "latency_ms", "configuration_id"]
    )
    # Where nothing keeps the limit, the nearest comes first.
    never = Goal(["latency_ms"], ["latency_ms"], [Limit("energy_mj", at_most=True, value=float(energy.min()) / 2)])
    nearest = recommend(models, known.FRAME, predicted, 1, goal=never)
    best = known.FRAME["configuration_id"].iloc[int(energy.argmin())]
    assert nearest["configuration_id"].iloc[0] == best
    assert not nearest["keeps_limits"].any()


def test_the_best_of_each_level_that_changes_the_answers_is_named() -> None:
    models = {"latency_ms": known.model(measured=12)}
    predicted = predict_space(models, known.FRAME)
    table = recommend(models, known.FRAME, predicted, 1, changes_outputs=["precision", "absent"])
    best = table.set_index("best_with")
    for level in ("fp32", "int8"):
        has_level = (known.FRAME["precision"] == level).to_numpy()
        assert best.loc[f"precision={level}", "predicted"] == predicted["latency_ms"].value[has_level].min()
    fixed = candidates_for(Goal(["latency_ms"], ["latency_ms"], (), {"precision": "fp32"}), known.FRAME)
    assert set(fixed["precision"]) == {"fp32"}
    assert len(fixed) == len(known.FRAME) // 2


def test_of_two_objectives_the_front_is_spanned() -> None:
    models = of_two_objectives()
    table = recommend(models, known.FRAME, predict_space(models, known.FRAME), 3)
    assert set(table["objective"]) == {"latency_ms", "energy_mj"}
    one = table[table["objective"] == "latency_ms"]
    assert one["configuration_id"].is_unique
    assert set(one["configuration_id"]) == set(table.loc[table["objective"] == "energy_mj", "configuration_id"])
    front = table[table["pareto"] & (table["objective"] == "latency_ms")].set_index("configuration_id")["predicted"]
    other = table[table["objective"] == "energy_mj"].set_index("configuration_id")["predicted"].loc[front.index]
    assert (np.argsort(front.to_numpy()) == np.argsort(-other.to_numpy())).all()


@given(arrays(float, st.tuples(st.integers(1, 12), st.integers(1, 3)), elements=st.sampled_from([0.0, 1.0, 2.0])))
def test_the_front_is_what_nothing_beats(values: np.ndarray) -> None:
    beaten = [
        any((other <= row).all() and (other < row).any() for other in values)
        for row in values
    ]  # fmt: skip
    assert pareto_front(values).tolist() == [i for i, one in enumerate(beaten) if not one]


def test_predictions_have_a_row_each() -> None:
    predicted = predict_space({"latency_ms": known.model("LMS+greedy")}, known.FRAME)
    first, second, *_ = known.CONFIGURATIONS
    table = predictions_table(known.FRAME, predicted, [first], [second])
    assert table["status"].tolist()[:3] == ["ok", "failed", ""]
    assert table["configuration_id"].tolist() == list(known.CONFIGURATIONS)
    assert table["latency_ms_low"].isna().all()
    # The best one is on the front, unless it failed.
    best = int(predicted["latency_ms"].value.argmin())
    assert table["pareto"].to_numpy().nonzero()[0].tolist() == [best]
    failed = predictions_table(known.FRAME, predicted, [], [table["configuration_id"][best]])["pareto"]
    assert not failed[best]
    assert failed.sum() == 1


def test_what_was_promised_stands_beside_what_came(tmp_path: Path) -> None:
    models = {"latency_ms": known.model()}
    promised = recommend(models, known.FRAME, predict_space(models, known.FRAME), 2)
    facts = {"outlooks": {}, "strategy": "AUTO", "budget": 8, "space": len(known.FRAME)}
    facts |= {"description": {"engine": "mine.Engine"}, "configurations": {"id": [["threads", 4]]}}
    facts |= {
        "goal": {"objectives": ["latency_ms"], "limits": [], "maximized": []},
        "tolerance": 0.01,
        "stopped_early": False,
        "disturbance": {"measurements": 16, "disturbed": 3, "configurations": 8, "unreliable": 1},
    }
    ids = promised["configuration_id"].tolist()
    rows = [(one, "ok", False, value) for i, one in enumerate(ids[:2]) for value in (1.0 + i, 2.0 + i, 3.0 + i)]
    rows.append((ids[2], "crashed", None, None))
    came = pd.DataFrame(rows, columns=["configuration_id", "status", "disturbed", "latency_ms"])
    tables.write(tmp_path / "promised.parquet", promised, metadata=facts)
    about = {"environment": "target", "engine_default": None}
    tables.write(tmp_path / "came.parquet", came.astype({"disturbed": "boolean"}), metadata=about)
    table, metadata = merge_confirmations([tmp_path / "promised.parquet"], [tmp_path / "came.parquet"])
    assert tuple(table) == (*COLUMNS, *CONFIRMED)
    assert table["measured"].tolist()[:2] == [2.0, 3.0]
    assert np.isnan(table["measured"].iloc[2])
    counts = {"measurements": 6, "disturbed": 0, "configurations": 2, "unreliable": 0}
    about_confirmation = {"confirmed": True, "engine_default": {}, "disturbance_confirmed": counts}
    assert metadata == {"targets": {"target": facts | about_confirmation}}
    # Where nobody could measure it, as on a board.
    alone, metadata = merge_confirmations([tmp_path / "promised.parquet"], [])
    assert metadata == {
        "targets": {"target": facts | about_confirmation | {"confirmed": False, "disturbance_confirmed": None}}
    }
    assert alone["measured"].isna().all()
    assert alone["predicted"].tolist() == pytest.approx(table["predicted"].tolist())


@pytest.mark.parametrize("maximized", [False, True])
def test_what_is_run_is_the_best_measured_side_by_side(tmp_path: Path, maximized: bool) -> None:
    models = {"latency_ms": known.model()}
    promised = recommend(models, known.FRAME, predict_space(models, known.FRAME), 3)
    first, second, third, _ = promised["configuration_id"]
    goal = {"objectives": ["latency_ms"], "limits": [], "maximized": ["latency_ms"] * maximized}
    facts = dict.fromkeys(("outlooks", "strategy", "budget", "space", "description", "configurations")) | {
        "goal": goal, "tolerance": 0.01, "stopped_early": False, "disturbance": {},
    }  # fmt: skip
    tables.write(tmp_path / "promised.parquet", promised, metadata=facts)

    def chosen(values: dict[str, list[float]]) -> tuple[list[str], set[str]]:
        rows = [(name, "ok", False, value) for name, some in values.items() for value in some]
        came = pd.DataFrame(rows, columns=["configuration_id", "status", "disturbed", "latency_ms"])
        path = tmp_path / "came.parquet"
        about = {"environment": "target", "engine_default": None}
        tables.write(path, came.astype({"disturbed": "boolean"}), metadata=about)
        table, _ = merge_confirmations([tmp_path / "promised.parquet"], [path])
        return list(table.loc[table["chosen"], "configuration_id"]), set(table.loc[table["equal"], "configuration_id"])

    low, high, near = [1.0, 1.01, 0.99], [2.0, 2.01, 1.99], [1.001, 1.011, 0.991]
    assert chosen({first: high, second: low, third: high}) == (
        ([first], {first, third}) if maximized else ([second], {second})
    )
    if not maximized:
        assert chosen({first: near, second: low, third: high}) == ([second], {first, second})
    table, _ = merge_confirmations([tmp_path / "promised.parquet"], [])
    assert list(table.loc[table["chosen"], "configuration_id"]) == [first]


@pytest.mark.parametrize(
    ("true", "noise", "processes"),
    [
        # Clear from the start.
        ((1.0, 1.5, 1.6, 3.0), 0.01, (3, 3, 3, 3)),
        # Two are the same: they alone go on, to the end.
        ((1.0, 1.0, 1.6, 3.0), 0.02, (10, 10, 3, 3)),
        # The same, but for less than what matters.
        ((1.0, 1.0, 1.6, 3.0), 0.001, (3, 3, 3, 3)),
        # The first one fails.
        ((None, 1.0, 1.0, 3.0), 0.02, (3, 10, 10, 3)),
    ],
)
def test_what_may_be_the_best_goes_on_until_it_is_told_apart(
    tmp_path: Path, true: tuple[float | None, ...], noise: float, processes: tuple[int, ...]
) -> None:
    models = {"latency_ms": known.model()}
    promised = recommend(models, known.FRAME, predict_space(models, known.FRAME), 3)
    goal = {"objectives": ["latency_ms"], "limits": [], "maximized": []}
    tables.write(tmp_path / "promised.parquet", promised, metadata={"goal": goal})
    values = dict(zip(promised["configuration_id"], true, strict=True))
    rng = np.random.default_rng(4)
    measured: dict[str, list[Measurement]] = {name: [] for name in [*values, "other"]}

    def measure(configurations: Mapping[str, Configuration], n: int) -> list[Measurement]:
        for name in configurations:
            for repeat in range(len(measured[name]), n):
                value = values.get(name, 0.1)
                record = {"configuration_id": name, "repeat": repeat, "status": "ok" if value else "crashed"}
                record |= {"latency_ms": [value * (1 + noise * rng.standard_normal())] if value else []}
                measured[name].append(cast(Measurement, record))
        return [record for name in configurations for record in measured[name]]

    def table_of(records: Sequence[Measurement]) -> pd.DataFrame:
        return measurements([{**record, "options": {}} for record in records], "target", "engine", (), 1)  # type: ignore[typeddict-item]

    chosen: dict[str, Configuration] = {**{name: known.CONFIGURATIONS[name] for name in values}, "other": {}}
    records = confirmation.race(tmp_path / "promised.parquet", chosen, measure, table_of, 3, 10, 0.01)
    assert [record["configuration_id"] for record in records] == [
        name for name, n in zip([*values, "other"], (*processes, 3), strict=True) for _ in range(n)
    ]


@pytest.mark.parametrize(
    ("rows", "own"),
    [
        ([("ok", None, 2.0), ("ok", None, 4.0)], {"measured": 3.0, "measured_n": 2.0}),
        ([("ok", None, 2.0), ("crashed", "killed", None)], {"measured": 2.0, "measured_n": 1.0, "measured_cv": None}),
        ([("unsupported", "takes all CPUs", None)] * 2, {"measured": None, "error": "takes all CPUs"}),
    ],
)
def test_the_engine_left_alone_stands_beside_what_is_recommended(
    rows: list[tuple[str, str | None, float | None]], own: dict[str, object], tmp_path: Path
) -> None:
    models = {"latency_ms": known.model()}
    promised = recommend(models, known.FRAME, predict_space(models, known.FRAME), 1)
    chosen = {name: known.CONFIGURATIONS[name] for name in promised["configuration_id"]}
    facts: dict[str, object] = dict.fromkeys(confirmation._FACTS)
    facts["goal"] = {"objectives": ["latency_ms"], "limits": [], "maximized": []}
    facts |= deployment.facts_of({"environment": "target"}, chosen)
    tables.write(tmp_path / "promised.parquet", promised, metadata=facts)
    ((name, configuration),) = confirmation.engine_default("onnxruntime", tmp_path / "promised.parquet").items()
    assert configuration == {"engine_default": True, "precision": known.SPACE.default["precision"]}
    assert name not in known.CONFIGURATIONS
    assert confirmation.engine_default("simulated", tmp_path / "promised.parquet") == {}
    came = [(one, "ok", False, None, 5.0) for one in promised["configuration_id"]]
    came += [(name, status, False, error, value) for status, error, value in rows]
    columns = ["configuration_id", "status", "disturbed", "error", "latency_ms"]
    frame = pd.DataFrame(came, columns=columns).astype({"disturbed": "boolean"})
    tables.write(tmp_path / "came.parquet", frame, metadata={"environment": "target", "engine_default": name})
    table, metadata = merge_confirmations([tmp_path / "promised.parquet"], [tmp_path / "came.parquet"])
    assert len(table) == len(promised)
    (targets,) = metadata.values()
    assert targets["target"]["engine_default"]["latency_ms"].items() >= own.items()  # type: ignore[index]
