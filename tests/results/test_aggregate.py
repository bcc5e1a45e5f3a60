"""One aggregation: repeats, then learners, then sources, then targets; the same number wherever it is named."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from perftransfer.results import aggregate
from perftransfer.results.aggregate import ALL, Results, by_pair, by_target, over_targets


def skewed() -> pd.DataFrame:
    """Cells whose medians and means differ at each step, so that another order gives another number."""
    rng = np.random.default_rng(3)
    names = [f"t{i}" for i in range(5)]
    rows = [
        {
            "strategy": strategy, "design": "random", "learner": learner, "source": source, "target": target,
            "budget": budget, "repeat": repeat, "objective": "latency_ms", "n_measured": budget,
            "mape": float(rng.lognormal(2 - budget / 20, 1.2)), "mape_all": 1.0, "regret": 0.1, "spearman": 0.9,
        }
        for strategy, target in itertools.product(("RS", "LMS"), names)
        for source in ([name for name in names if name != target] if strategy == "LMS" else [None])
        for learner, budget, repeat in itertools.product(("RF", "RT", "NN"), (5, 10, 30), range(3))
    ]  # fmt: skip
    return pd.DataFrame(rows)


CELLS = skewed()
RESULTS = Results.of(CELLS, "latency_ms")


def expected(strategy: str, learner: str, budget: int) -> float:
    rows = CELLS[(CELLS["strategy"] == strategy) & (CELLS["budget"] == budget)].fillna({"source": ""})
    rows = rows if learner == ALL else rows[rows["learner"] == learner]
    over_repeats = rows.groupby(["learner", "source", "target"])["mape"].median()
    over_learners = over_repeats.groupby(["source", "target"]).median()
    return float(over_learners.groupby("target").median().median())


@pytest.mark.parametrize("learner", ["RF", ALL])
@pytest.mark.parametrize(("strategy", "budget"), [("RS", 5), ("LMS", 5), ("LMS", 30)])
def test_medians_are_over_repeats_then_learners_then_sources_then_targets(strategy, learner, budget):
    assert RESULTS.error(strategy, budget, learner) == pytest.approx(expected(strategy, learner, budget))


def test_the_value_of_a_target_and_the_headline_are_of_one_computation():
    targets = RESULTS.on_targets("LMS", 10, "RF")
    assert RESULTS.error("LMS", 10, "RF") == targets.median()
    pairs = RESULTS.on_pairs("LMS", 10, "RF")
    assert targets["t0"] == pairs.xs("t0", level="target").median()
    row = RESULTS.errors.query("strategy == 'LMS' and budget == 10 and learner == 'RF'").iloc[0]
    assert [row["low"], row["high"]] == np.quantile(targets, [0.25, 0.75]).tolist()


def test_the_best_learner_has_the_lowest_error_at_the_largest_budget_and_a_value_everywhere():
    errors = {learner: RESULTS.error("LMS", 30, learner) for learner in ("RF", "RT", "NN")}
    best = RESULTS.best_learner("LMS")
    assert best == min(errors, key=lambda name: errors[name])
    failed = CELLS["mape"].mask((CELLS["learner"] == best) & (CELLS["target"] == "t0") & (CELLS["budget"] == 30))
    assert Results.of(CELLS.assign(mape=failed), "latency_ms").best_learner("LMS") != best


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_excluded_and_counted(value):
    one = (CELLS["strategy"] == "RS") & (CELLS["target"] == "t1") & (CELLS["budget"] == 10)
    results = Results.of(CELLS.assign(mape=CELLS["mape"].mask(one, value)), "latency_ms")
    assert (results.total, results.missing) == (len(CELLS), one.sum())
    # A budget without an error on every target is that of an easier problem: it is neither named nor counted as tried.
    assert np.isnan(results.error("RS", 10, "RF"))
    assert results.budgets("RS") == [5, 30]
    row = results.errors.query("strategy == 'RS' and budget == 10 and learner == 'RF'").iloc[0]
    assert (row["targets"], row["targets_missing"], row["cells_dropped"]) == (4, 1, 3)


def test_of_a_strategy_without_an_error_on_every_target_nothing_is_said():
    never = CELLS["mape"].mask((CELLS["strategy"] == "LMS") & (CELLS["target"] == "t1"))
    results = Results.of(CELLS.assign(mape=never), "latency_ms")
    assert results.strategies == ["RS"]
    assert results.excluded == ["LMS"]


def test_the_budget_for_an_error_is_the_smallest_at_which_it_is_reached():
    error = RESULTS.error("RS", 10, "RF")
    needed = RESULTS.budget_for("RS", error, "RF")
    assert needed is not None
    assert RESULTS.error("RS", needed, "RF") <= error
    assert all(RESULTS.error("RS", budget, "RF") > error for budget in RESULTS.budgets("RS") if budget < needed)
    assert RESULTS.budget_for("RS", 1e-9, "RF") is None


def test_a_strategy_with_several_designs_is_several_ways():
    other = CELLS[CELLS["strategy"] == "LMS"]
    results = Results.of(pd.concat([CELLS, other.assign(design="lhs", mape=2 * other["mape"])]), "latency_ms")
    assert results.strategies == ["RS", "LMS (lhs)", "LMS (random)"]
    assert results.with_source == ["LMS (lhs)", "LMS (random)"]
    assert results.error("LMS (lhs)", 10, "RF") == pytest.approx(2 * results.error("LMS (random)", 10, "RF"))


@pytest.mark.parametrize("statistic", ["mean", "median"])
def test_columns_and_order_do_not_depend_on_the_rows(statistic):
    pairs = by_pair(CELLS, "mape", statistic)
    targets = by_target(CELLS, "mape", statistic)
    assert tuple(pairs.columns) == aggregate.BY_PAIR_COLUMNS
    assert tuple(over_targets(targets, statistic).columns) == aggregate.OVER_TARGETS_COLUMNS
    mixed = CELLS.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(by_target(mixed, "mape", statistic), targets, check_exact=True)
    empty = by_target(CELLS.iloc[:0], "mape", statistic)
    assert tuple(empty.columns) == aggregate.BY_TARGET_COLUMNS
    assert over_targets(empty, statistic).empty
