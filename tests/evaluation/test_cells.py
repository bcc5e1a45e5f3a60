from __future__ import annotations

import dataclasses
import functools
import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
from spaces import factorial

from perftransfer import designs, strategies
from perftransfer.dataset import tables
from perftransfer.evaluation import metrics
from perftransfer.evaluation.cells import COLUMNS, Plan, evaluate
from perftransfer.evaluation.influence_table import COLUMNS as INFLUENCE_COLUMNS
from perftransfer.evaluation.influence_table import influence_table
from perftransfer.evaluation.pool import Pool, split
from perftransfer.evaluation.sources import load_sources
from perftransfer.evaluation.training import predictions, train
from perftransfer.strategies.interface import Source

OPTIONS, CODES = factorial(threads=3, level=3, size=2, null=2)
LEARNERS: dict[str, dict[str, object]] = {"RT": {}, "SVR": {"C": 5.0}}
PLAN = Plan(budgets=(4, 8, 100), repeats=2, learners=LEARNERS, scale="log", seed=5)
NAMES = [*strategies.names(), "NT+random", "KT+active"]
ENVIRONMENTS = ("target", "near", "far")


def dataset() -> pd.DataFrame:
    """Three environments; one configuration of the target has no value."""
    rng = np.random.default_rng(0)
    frames = []
    for i, environment in enumerate(ENVIRONMENTS):
        log = 1 + CODES @ np.array([-0.5, 0.3 + 0.1 * i, 0.2 * i, 0.0]) + rng.normal(0, 0.02, len(CODES))
        frame = pd.DataFrame(1 + CODES, columns=[option.name for option in OPTIONS])
        frames.append(frame.assign(environment=environment, latency_ms=np.exp(log)))
    out = pd.concat(frames, ignore_index=True)
    out["configuration_id"] = [f"c{i % len(CODES):03}" for i in range(len(out))]
    out.loc[7, "latency_ms"] = np.nan
    return out


DATA = dataset()
CONFIGURATIONS = DATA.drop_duplicates("configuration_id").sort_values("configuration_id")
TARGET = Pool.from_dataset(DATA, "target", "latency_ms", OPTIONS)
TERMS = influence_table(DATA, ENVIRONMENTS, ["latency_ms"], OPTIONS, scale="log", criterion="bic", order=2)


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Any:
    folder = tmp_path_factory.mktemp("models")
    for environment in ENVIRONMENTS:
        fitted = [
            train(DATA, environment, "latency_ms", name, OPTIONS, scale="log", seed=5, parameters=parameters)
            for name, parameters in LEARNERS.items()
        ]
        tables.write(folder / f"{environment}.parquet", predictions(fitted, DATA, CONFIGURATIONS, OPTIONS))
    return folder


@pytest.fixture(scope="module")
def sources(models) -> Any:
    def load(cls: Any, environments: tuple[str, ...] = ENVIRONMENTS) -> dict[str, dict[str, Source]]:
        def learnt(name: str) -> pd.DataFrame:
            return tables.read(models / f"{name}.parquet")

        return load_sources(cls, environments, DATA, learnt, TERMS, "latency_ms", OPTIONS, PLAN)

    return load


@pytest.fixture(scope="module")
def evaluated(sources) -> Any:
    """Cells of a strategy, from all sources and by the plan of most tests, evaluated once."""

    @functools.cache
    def cells(name: str) -> pd.DataFrame:
        cls = strategies.load(name)
        return run(cls, sources(cls))

    return lambda name: cells(name).copy()


def spied(name: str) -> tuple[Any, list[tuple[np.ndarray, np.ndarray]], list[np.ndarray]]:
    """A strategy that writes down what it is shown and what it predicts."""
    inputs: list[tuple[np.ndarray, np.ndarray]] = []
    said: list[np.ndarray] = []
    cls: Any = strategies.load(name)

    class Spy(cls):
        def fit(self, X: np.ndarray, y: np.ndarray, source: Source | None = None, **noise: Any) -> Any:
            inputs.append((X.copy(), y.copy()))
            return super().fit(X, y, source, **noise)

        def predict(self, X: np.ndarray, source: Source | None = None) -> np.ndarray:
            said.append(super().predict(X, source))
            return said[-1]

    Spy.__name__ = cls.__name__
    return Spy, inputs, said


def run(cls: Any, by_environment: Any, target: Pool = TARGET, plan: Plan = PLAN) -> pd.DataFrame:
    return evaluate(cls, target, by_environment, "latency_ms", OPTIONS, plan)[0]


@pytest.mark.parametrize("name", NAMES)
def test_there_is_one_cell_for_each_source_budget_learner_and_repeat(name, sources):
    cls = strategies.load(name)
    cells, seconds = evaluate(cls, TARGET, sources(cls), "latency_ms", OPTIONS, PLAN)
    assert tuple(cells.columns) == COLUMNS
    key = ["source", "budget", "learner", "repeat"]
    budgets = PLAN.budgets if cls.needs_target else (0,)
    origins = ENVIRONMENTS[1:] if cls.needs_source and not cls.uses_all_sources else (None,)
    learners = 1 if cls.fits_learner_on == "none" else len(LEARNERS)
    assert len(cells) == len(cells[key].drop_duplicates()) == len(origins) * len(budgets) * learners * PLAN.repeats
    assert cells["learner"].isna().all() == (cls.fits_learner_on == "none")
    assert set(cells["source"]) == set(origins) or cells["source"].isna().all()
    assert set(cells["budget"]) == set(budgets)
    assert set(cells["strategy"]) == {name.partition("+")[0]}
    assert set(cells["target"]) == {"target"}
    assert set(cells["design"]) == {designs.name_of(cls.design)}
    assert (seconds["fit_seconds"] >= 0).all()
    assert seconds[key].equals(cells[key])


@pytest.mark.parametrize("name", NAMES)
def test_the_test_third_is_the_same_for_all_and_the_numbers_are_those_of_the_predictions(name, sources):
    cls, _, said = spied(name)
    # With one source no two cells have the same sample, which would be fitted once for both.
    cells = run(cls, sources(cls, ENVIRONMENTS[:2]))
    assert len(said) == len(cells)
    for (_, cell), log in zip(cells.iterrows(), said, strict=True):
        test, predicted = split(len(TARGET.y), PLAN.seed, "target", cell["repeat"]).test, np.exp(log)
        assert cell["mape"] == pytest.approx(metrics.mape(TARGET.y[test], predicted[test]))
        assert cell["r2"] == pytest.approx(metrics.r2(TARGET.y[test], predicted[test]))
        assert cell["mape_all"] == pytest.approx(metrics.mape(TARGET.y, predicted))
        assert cell["regret"] == pytest.approx(metrics.regret(TARGET.y, predicted))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_held_out_of_the_target_never_influences_a_prediction(name, sources):
    plan = Plan(budgets=(4, 8, 100), repeats=1, learners=LEARNERS, scale="log", seed=5)
    test = split(len(TARGET.y), plan.seed, "target", 0).test
    y = TARGET.y.copy()
    y[test] = np.linspace(1000, 9000, len(test))
    cls, inputs, said = spied(name)
    run(cls, sources(cls), plan=plan)
    other, other_shown, other_said = spied(name)
    run(other, sources(other), target=dataclasses.replace(TARGET, y=y), plan=plan)
    assert all((a == b).all() for a, b in zip(said, other_said, strict=True))
    assert len(said) > 0
    # Nor is a held-out configuration ever among those that are measured.
    held_out = {tuple(row) for row in TARGET.codes[test].tolist()}
    assert not any(held_out & {tuple(row) for row in X.tolist()} for X, _ in [*inputs, *other_shown])


@pytest.mark.parametrize("name", [name for name in NAMES if name != "DM"])
def test_samples_are_nested_and_no_larger_than_there_are_candidates(name, sources):
    cls, inputs, _ = spied(name)
    cells = run(cls, sources(cls))
    candidates = len(TARGET.y) - len(TARGET.y) // 3
    assert dict(zip(cells["budget"], cells["n_measured"], strict=True)) == {4: 4, 8: 8, 100: candidates}
    sizes = {len(X) for X, _ in inputs}
    assert sizes == {4, 8, candidates}
    # What is shown comes with growing budgets, for one repeat and source after another.
    samples = [{(*row, value) for row, value in zip(X.tolist(), y.tolist(), strict=True)} for X, y in inputs]
    assert all(len(sample) == len(X) for sample, (X, _) in zip(samples, inputs, strict=True))
    for before, after in itertools.pairwise(samples):
        assert before <= after or len(before) > len(after)


def test_equal_samples_are_fitted_once_whatever_the_source(sources):
    cls, inputs, _ = spied("GS")
    by_environment = sources(cls, ("near",))
    twin = {**by_environment, "twin": by_environment["near"]}
    cells, seconds = evaluate(cls, TARGET, twin, "latency_ms", OPTIONS, PLAN)
    assert len(cells) == 2 * len(inputs)
    assert (seconds.loc[seconds["source"] == "twin", "fit_seconds"] == 0).all()
    near, other = (cells[cells["source"] == name].drop(columns="source").reset_index(drop=True) for name in twin)
    pd.testing.assert_frame_equal(near, other)


def test_strategies_with_the_same_sample_and_learner_have_the_same_model():
    plan = Plan((8,), 2, LEARNERS, "log", 5)
    first, other = (run(strategies.load(name), {}, plan=plan) for name in ("RS", "NT+random"))
    pd.testing.assert_frame_equal(first.drop(columns="strategy"), other.drop(columns="strategy"))


def test_parameters_reach_the_learner():
    errors = [
        run(strategies.load("RS"), {}, plan=Plan((8,), 1, {"SVR": {"C": C}}, "log", 5))["mape"][0] for C in (1e-3, 10.0)
    ]
    assert errors[0] != errors[1]


def test_random_samples_are_shared_by_all_strategies_that_use_them(sources):
    seen = {}
    for name in ("RS", "LMS", "NLMS"):
        cls, inputs, _ = spied(name)
        run(cls, sources(cls, ("target", "near")), plan=Plan((4, 8), 2, {"RT": {}}, "log", 5))
        seen[name] = [X.tolist() for X, _ in inputs]
    assert seen["RS"] == seen["LMS"] == seen["NLMS"]


def test_direct_transfer_measures_nothing(sources):
    cls, inputs, _ = spied("DM")
    cells = run(cls, sources(cls))
    assert set(cells["budget"]) == set(cells["n_measured"]) == {0}
    assert all(len(X) == 0 for X, _ in inputs)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_cells_and_another_seed_others(name, sources, evaluated):
    cls = strategies.load(name)
    cells = evaluated(name)
    pd.testing.assert_frame_equal(run(cls, sources(cls)), cells)
    other = run(cls, sources(cls), plan=Plan(PLAN.budgets, PLAN.repeats, LEARNERS, "log", 6))
    assert not other["mape"].equals(cells["mape"])


SINGLE_SOURCE = [name for name in NAMES if (cls := strategies.load(name)).needs_source and not cls.uses_all_sources]


@pytest.mark.parametrize("name", ["MKT", "AUTO", "LCS", "MSS", "BEETLE"])
def test_what_uses_all_sources_does_not_ask_for_their_order(name, sources, evaluated):
    cls = strategies.load(name)
    pd.testing.assert_frame_equal(run(cls, sources(cls, ENVIRONMENTS[::-1])), evaluated(name))
    if name not in ("MSS", "BEETLE"):
        assert not run(cls, sources(cls, ("near",)))["mape"].equals(evaluated(name)["mape"])


@pytest.mark.parametrize("name", SINGLE_SOURCE)
def test_cells_depend_neither_on_the_order_of_sources_nor_on_which_others_there_are(name, sources, evaluated):
    cls = strategies.load(name)
    cells = evaluated(name)
    key = ["source", "learner", "budget", "repeat"]

    def in_order(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.sort_values(key).reset_index(drop=True)

    pd.testing.assert_frame_equal(in_order(run(cls, sources(cls, ENVIRONMENTS[::-1]))), in_order(cells))
    near = run(cls, sources(cls, ("near",)))
    pd.testing.assert_frame_equal(in_order(near), in_order(cells[cells["source"] == "near"]))


@pytest.mark.parametrize("name", NAMES)
def test_cells_do_not_depend_on_the_order_of_learners(name, sources, evaluated):
    cls = strategies.load(name)
    plan = Plan(PLAN.budgets, PLAN.repeats, dict(reversed(LEARNERS.items())), "log", 5)
    key = ["source", "learner", "budget", "repeat"]
    frames = [
        cells.sort_values(key).reset_index(drop=True).drop(columns="source")
        for cells in (evaluated(name), run(cls, sources(cls), plan=plan))
    ]
    pd.testing.assert_frame_equal(*frames)


def test_sources_are_all_other_environments_and_none_where_none_is_used(sources):
    assert sources(strategies.load("RS")) == sources(strategies.load("NT+random")) == {}
    for name in ("GS", "DM", "LMS", "NLMS"):
        assert list(sources(strategies.load(name))) == list(ENVIRONMENTS)


def test_a_strategy_without_a_source_to_be_had_has_no_cells_but_their_columns():
    cells, seconds = evaluate(strategies.load("LMS"), TARGET, {}, "latency_ms", OPTIONS, PLAN)
    assert len(cells) == len(seconds) == 0
    assert tuple(cells.columns) == COLUMNS
    assert seconds.columns[-1] == "fit_seconds"


def test_a_linear_shift_beats_random_sampling_where_environments_are_alike(sources):
    error = {}
    for name in ("RS", "LMS"):
        cls = strategies.load(name)
        cells = run(cls, sources(cls, ("near",)))
        error[name] = cells.loc[cells["budget"] == 4, "mape"].mean()
    assert error["LMS"] < 0.5 * error["RS"]


def test_the_scale_of_learning_is_that_of_the_plan():
    plan = Plan((8,), 1, {"RT": {}}, "linear", 5)
    cls, inputs, said = spied("RS")
    cells = run(cls, {}, plan=plan)
    assert set(inputs[0][1]) <= set(TARGET.y)
    assert cells["mape_all"][0] == pytest.approx(metrics.mape(TARGET.y, said[0]))


def test_a_trained_model_has_seen_all_that_was_measured():
    model = train(DATA, "target", "latency_ms", "RT", OPTIONS, scale="log", seed=5)
    rows = DATA[(DATA["environment"] == "target") & DATA["latency_ms"].notna()]
    assert len(rows) == len(CODES) - 1
    assert model.predict(rows) == pytest.approx(rows["latency_ms"].to_numpy())
    assert (model.environment, model.objective, model.learner, model.scale) == ("target", "latency_ms", "RT", "log")


def test_the_table_of_influence_ranks_the_terms_of_each_environment():
    table = influence_table(DATA, ENVIRONMENTS, ["latency_ms"], OPTIONS, scale="log", criterion="bic", order=2)
    assert tuple(table.columns) == INFLUENCE_COLUMNS
    for environment in ENVIRONMENTS:
        rows = table[table["environment"] == environment]
        assert rows["rank"].tolist() == list(range(1, len(rows) + 1))
        assert rows["term"].iloc[0] == "threads"
        assert rows["selected"].iloc[0]
        assert {"threads", "level", "size", "null"} <= set(rows["term"])
        assert rows.set_index("term")["share_of_variance"]["null"] < 0.01
    again = influence_table(DATA, ENVIRONMENTS, ["latency_ms"], OPTIONS, scale="log", criterion="bic", order=2)
    pd.testing.assert_frame_equal(again, table)


@pytest.mark.parametrize("name", ["RS", "LMS", "TEAMS", "NT+random"])
def test_a_strategy_without_intervals_gets_some_where_its_sample_is_random(name, sources):
    cls, inputs, _ = spied(name)
    plan = dataclasses.replace(PLAN, interval_folds=3)
    cells = run(cls, sources(cls, ("near",)), plan=plan)
    assert cells[["coverage", "interval_width", "interval_score"]].notna().all(axis=None)
    assert cells["coverage_near_best"].between(0, 1).any()
    assert np.isfinite(cells["interval_width"]).all()
    at_largest = cells[cells["budget"] == 100]
    assert 0.8 <= at_largest["coverage"].mean() <= 1
    # What it predicts is what it predicts without them.
    without = run(strategies.load(name), sources(cls, ("near",)))
    pd.testing.assert_frame_equal(*(frame[list(COLUMNS[:17])] for frame in (cells, without)))
    assert without[["coverage", "coverage_near_best"]].isna().all(axis=None)
    test = split(len(TARGET.y), plan.seed, "target", 0).test
    held_out = {tuple(row) for row in TARGET.codes[test].tolist()}
    assert any(len(X) == 3 for X, _ in inputs)
    assert not held_out & {tuple(row) for X, _ in inputs[: len(inputs) // 3] for row in X.tolist()}


@pytest.mark.parametrize("name", ["GS", "DM", "KT", "RS+kmeans"])
def test_refits_serve_neither_chosen_samples_nor_intervals_of_ones_own(name, sources, evaluated):
    cls = strategies.load(name)
    plan = dataclasses.replace(PLAN, interval_folds=3)
    pd.testing.assert_frame_equal(evaluated(name), run(cls, sources(cls), plan=plan))


def test_an_active_design_is_told_what_it_chose_and_samples_are_nested_whatever_the_budgets(sources):
    cls = strategies.load("KT+active")
    calls: list[tuple[np.ndarray, np.ndarray]] = []
    design = cls.design

    class Spy(design):
        def next_batch(self, candidates, options, order, n, source, chosen, y):
            calls.append((candidates[chosen], y))
            assert n == 3
            return super().next_batch(candidates, options, order, n, source, chosen, y)

    strategy, inputs, _ = spied("KT+active")
    strategy.design = Spy
    plan = dataclasses.replace(PLAN, budgets=(4, 8), repeats=1, batch=3)
    run(strategy, sources(cls, ("near",)), plan=plan)
    assert [len(y) for _, y in calls] == [0, 3, 6]
    truth = {tuple(row): value for row, value in zip(TARGET.codes.tolist(), np.log(TARGET.y), strict=True)}
    assert all(truth[tuple(row)] == value for X, y in calls for row, value in zip(X.tolist(), y, strict=True))
    small, large = ({tuple(row) for row in X.tolist()} for X, _ in inputs)
    assert small < large
    again, alone, _ = spied("KT+active")
    run(again, sources(cls, ("near",)), plan=dataclasses.replace(plan, budgets=(8,)))
    assert (alone[0][0] == inputs[1][0]).all()


def test_noise_of_repeated_processes_is_told_to_who_can_use_it(sources):
    noisy = dataclasses.replace(TARGET, cv=np.full(len(TARGET.y), 0.3), n=np.full(len(TARGET.y), 2.0))
    cls = strategies.load("KT")
    noises: list[np.ndarray | None] = []

    class Spy(cls):
        def fit(self, X, y, source=None, noise=None):
            noises.append(noise)
            return super().fit(X, y, source, noise)

    Spy.__name__ = "KT"
    plan = dataclasses.replace(PLAN, budgets=(8,), repeats=1)
    wide = run(Spy, sources(cls, ("near",)), target=noisy, plan=plan)
    assert noises[-1] == pytest.approx(np.full(8, 0.3**2 / 2))
    narrow = run(Spy, sources(cls, ("near",)), plan=plan)
    assert noises[-1] is None
    assert wide["interval_width"][0] > 1.5 * narrow["interval_width"][0]
    linear = dataclasses.replace(plan, scale="linear")
    run(Spy, sources(cls, ("near",)), target=noisy, plan=linear)
    assert noises[-1].min() < noises[-1].max()


@pytest.mark.parametrize("name", ["LMS+guided", "TEAMS+guided", "AUTO+guided"])
def test_a_design_is_told_what_matters_whoever_uses_it(name, sources):
    cls = strategies.load(name)
    drawn = strategies.load(name.partition("+")[0] + "+random")
    plan = dataclasses.replace(PLAN, budgets=(8,), repeats=2)
    for models in sources(cls).values():
        assert all(source.evidence.terms for source in models.values())
    assert not run(cls, sources(cls), plan=plan)["mape"].equals(run(drawn, sources(drawn), plan=plan)["mape"])
