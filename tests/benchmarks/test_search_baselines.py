"""How other optimisers are run on a table of configurations; the optimisers themselves where they are installed."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

import numpy as np
import pytest
from tests_root import ROOT

from perftransfer.designs.interface import Evidence
from perftransfer.errors import UserError
from perftransfer.search.interface import History
from perftransfer.search.source_order import SOURCE_ORDER
from perftransfer.space.options import Option
from perftransfer.testing._data import CODES, OPTIONS, SOURCES, TARGET

EVIDENCE = [Evidence(CODES, y) for y in SOURCES]
#: What each method imports.
LIBRARIES = {
    "optuna_gp": ("optuna", "torch"),
    "optuna_tpe": ("optuna",),
    "smac_rf": ("smac",),
    "botorch_gp": ("botorch",),
    "rgpe": ("botorch",),
}


def load() -> ModuleType:
    path = ROOT / "benchmarks" / "search_baselines.py"
    spec = importlib.util.spec_from_file_location("search_baselines", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


baselines = load()
TABLE, _ = baselines.Table.varying(CODES, OPTIONS)


class Scripted(baselines.Optimiser):
    """Proposes what it was given, and notes what it is told."""

    def __init__(self, search, proposals):
        super().__init__(search)
        self.proposals, self.told = iter(proposals), []

    def ask(self):
        return np.array(next(self.proposals))

    def tell(self, row, value):
        self.told.append((row, value))


def search_of(n: int, first=(), table=TABLE):
    return baselines.Search(table, n, 1, tuple(first), 0)


def test_a_free_row_is_its_own_nearest():
    is_free = np.ones(len(CODES), dtype=bool)
    assert TABLE.nearest_free(CODES[17], is_free, np.random.default_rng(0)) == 17


def test_the_nearest_free_row_is_next_to_a_measured_one():
    # One of four ordered levels away is nearer than another category.
    is_free = np.ones(len(CODES), dtype=bool)
    row = next(i for i, codes in enumerate(CODES) if codes[0] == 3)
    is_free[row] = False
    nearest = CODES[TABLE.nearest_free(CODES[row], is_free, np.random.default_rng(0))]
    assert nearest.tolist() == [2, *CODES[row][1:]]


def test_ties_between_near_rows_are_broken_at_random():
    # Two configurations of one ordered option, as far from the proposal in between.
    table, _ = baselines.Table.varying(np.array([[0], [2]]), [Option("threads", (1, 2, 4), True, 1)])
    rows = {table.nearest_free(np.array([1]), np.ones(2, dtype=bool), np.random.default_rng(i)) for i in range(20)}
    assert rows == {0, 1}


def test_options_of_a_single_level_are_left_out():
    fixed = Option("engine", ("a", "b"), False, "a")
    single = Option("batch", (1,), True, 1)
    codes = np.column_stack([np.ones(len(CODES), dtype=int), CODES, np.zeros(len(CODES), dtype=int)])
    table, columns = baselines.Table.varying(codes, [fixed, *OPTIONS, single])
    assert table.options == OPTIONS
    assert columns.tolist() == [1, 2, 3, 4, 5]
    assert np.array_equal(table.codes, CODES)


def test_the_conditional_option_is_not_ordered():
    assert [TABLE.is_ordered(i) for i in range(5)] == [True, False, False, False, False]


def test_first_rows_come_first_and_are_told():
    optimiser = Scripted(search_of(4, first=[5, 9]), [CODES[0], CODES[1]])
    assert baselines.search_table(optimiser, TARGET) == [5, 9, 0, 1]
    assert optimiser.told == [(row, TARGET[row]) for row in (5, 9, 0, 1)]


def test_a_search_repeats_no_row_and_ends_with_the_table():
    optimiser = Scripted(search_of(10, table=baselines.Table(CODES[:4], OPTIONS)), [CODES[2]] * 4)
    assert sorted(baselines.search_table(optimiser, TARGET[:4])) == [0, 1, 2, 3]


def test_what_is_told_is_what_was_measured_not_what_was_proposed():
    optimiser = Scripted(search_of(2), [CODES[0], CODES[0]])
    order = baselines.search_table(optimiser, TARGET)
    assert order[1] != 0
    assert optimiser.told[1] == (order[1], TARGET[order[1]])


def test_a_failure_counts_and_is_told_as_the_worst_value_so_far():
    y = np.array([np.nan, 3.0, 5.0, np.nan, 1.0])
    optimiser = Scripted(search_of(5, table=baselines.Table(CODES[:5], OPTIONS)), CODES[:5])
    assert baselines.search_table(optimiser, y) == [0, 1, 2, 3, 4]
    # The first one waits for a value.
    assert optimiser.told == [(0, 3.0), (1, 3.0), (2, 5.0), (3, 5.0), (4, 1.0)]


def test_nothing_is_told_while_all_fail():
    optimiser = Scripted(search_of(3), CODES[:3])
    assert baselines.search_table(optimiser, np.full(len(CODES), np.nan)) == [0, 1, 2]
    assert optimiser.told == []


def test_ranking_loss_counts_ordered_pairs():
    z = np.array([0.0, 1.0, 2.0])
    draws = np.array([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0], [1.0, 0.0, 2.0]])
    assert baselines.ranking_loss(draws[:, :, None] < draws[:, None, :], z).tolist() == [0, 6, 2]


def test_ranking_weights_share_ties_and_leave_out_what_ranks_worse_than_the_target():
    tie = np.array([[0, 2, 0, 2], [0, 0, 2, 2]])
    assert baselines.ranking_weights(tie).tolist() == [0.5, 0.5]
    # Best in one draw of four, but worse than the target's worst in most.
    bad = np.array([[0, 9, 9, 9], [1, 1, 1, 1]])
    assert baselines.ranking_weights(bad).tolist() == [0, 1]


def test_methods_that_use_sources_need_one():
    for method in ("rgpe", "optuna_gp_warm"):
        with pytest.raises(UserError, match="needs a source"):
            baselines.run(method, CODES, OPTIONS, [], TARGET, 3, 0)


def test_an_unknown_method_is_named():
    with pytest.raises(UserError, match=r"optuna_gpp.*Did you mean 'optuna_gp'"):
        baselines.run("optuna_gpp", CODES, OPTIONS, [], TARGET, 3, 0)


@pytest.mark.parametrize("method", baselines.METHODS)
def test_each_optimiser_searches_the_table(method):
    for library in LIBRARIES[method.removesuffix("_warm")]:
        pytest.importorskip(library, reason=f"{library} is not installed: benchmarks/requirements-search.txt")
    y = TARGET.copy()
    y[CODES[:, 3] == 2] = np.nan
    order = baselines.run(method, CODES, OPTIONS, EVIDENCE, y, 9, 3)
    assert len(order) == len(set(order)) == 9
    assert order == baselines.run(method, CODES, OPTIONS, EVIDENCE, y, 9, 3)
    if method.endswith("_warm") or method == "rgpe":
        best = SOURCE_ORDER(CODES, OPTIONS, EVIDENCE).propose(History.empty(), 3)
        assert order[:3] == best


def test_left_out_predictions_are_those_of_a_fit_without_the_row():
    pytest.importorskip("botorch", reason="botorch is not installed: benchmarks/requirements-search.txt")
    rng = np.random.default_rng(0)
    X = rng.random((8, 2))
    process = baselines.GaussianProcess(X, X[:, 0] + rng.normal(0, 0.1, 8), rng)
    mean, std = process.left_out()
    import torch

    process._model.set_train_data(torch.as_tensor(X[1:]), torch.as_tensor(process.z[1:]), strict=False)
    expected_mean, expected_std = process.predict(X[:1])
    assert mean[0] == pytest.approx(expected_mean[0], abs=1e-4)
    assert std[0] == pytest.approx(expected_std[0], abs=1e-4)
