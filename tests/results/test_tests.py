from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from scipy import stats

from perftransfer.results.aggregate import ALL, BY_TARGET_COLUMNS, by_target
from perftransfer.results.tests import (
    COMPARISON_COLUMNS,
    ERROR_COLUMNS,
    RANKING_COLUMNS,
    comparisons,
    errors_with_intervals,
    holm,
    interval,
    rankings,
    scott_knott,
)

DESIGNS = {"GS": "guided"}


def cells(rows: Iterable[Mapping[str, object]]) -> pd.DataFrame:
    """Rows of transfer.parquet; what a row does not say is the same for all."""
    given = {"source": None, "objective": "x_ms", "learner": "RT", "budget": 5, "repeat": 0, "target": "t0"}
    table = pd.DataFrame([{**given, "design": DESIGNS.get(str(row["strategy"]), "random"), **row} for row in rows])
    return table.astype(dict.fromkeys(["source", "target", "objective", "strategy", "design", "learner"], "str"))


def per_target(errors: Mapping[str, Sequence[float]], **same: object) -> list[dict[str, object]]:
    """Errors of each strategy on targets t0, t1 and so on."""
    return [
        {"strategy": strategy, "target": f"t{i}", "mape": error, **same}
        for strategy, own in errors.items()
        for i, error in enumerate(own)
    ]


def compared(errors: Mapping[str, Sequence[float]]) -> pd.DataFrame:
    table = comparisons(cells(per_target(errors)), "mape")
    return table[table["learner"] == ALL].set_index(["a", "b"])


def random_cells(seed: int, targets: int = 6) -> pd.DataFrame:
    """Strategies with and without sources, several learners, budgets and repeats, some results missing."""
    rng = np.random.default_rng(seed)
    names = [f"t{i}" for i in range(targets)]
    rows = [
        {"strategy": strategy, "design": design, "source": source, "target": target, "learner": learner,
         "budget": budget, "repeat": repeat, "mape": float(rng.lognormal(len(strategy) / 4 + i / 3, 0.4))}
        for strategy, design in (("RS", "random"), ("LMS", "random"), ("DM", "random"), ("NT", "random"), ("NT", "lhs"))
        for i, target in enumerate(names)
        for source in ([name for name in names if name != target] if strategy in {"LMS", "DM"} else [None])
        for learner in ("RT", "NN")
        for budget in ((0,) if strategy == "DM" else (5, 10))
        for repeat in (0, 1, 2)
    ]  # fmt: skip
    table = cells(rows)
    return table.assign(mape=table["mape"].mask(rng.random(len(table)) < 0.03, np.nan).mask(table.index == 7, np.inf))


# One value per target.


def test_repeats_are_averaged_before_sources():
    table = by_target(
        cells(
            [
                {"strategy": "LMS", "source": "a", "repeat": 0, "mape": 1.0},
                {"strategy": "LMS", "source": "a", "repeat": 1, "mape": 3.0},
                {"strategy": "LMS", "source": "b", "repeat": 0, "mape": 10.0},
            ]
        ),
        "mape",
        "mean",
    )
    assert tuple(table.columns) == BY_TARGET_COLUMNS
    assert table["learner"].tolist() == ["RT", ALL]
    assert table["value"].tolist() == [(2 + 10) / 2] * 2
    assert table["cells"].tolist() == [3, 3]


def test_learner_all_is_the_mean_over_learners_for_each_target():
    rows = [*per_target({"RS": [1, 2]}, learner="RT"), *per_target({"RS": [5, 10]}, learner="NN")]
    table = by_target(cells(rows), "mape", "mean")
    assert table[table["learner"] == ALL]["value"].tolist() == [3, 6]
    assert len(table) == 6


def test_what_is_no_number_is_dropped_and_counted():
    nan, inf = float("nan"), float("inf")
    rows = [
        *(
            {"strategy": "RS", "target": "t0", "repeat": i, "mape": error}
            for i, error in enumerate([4.0, nan, inf, 6.0])
        ),
        *({"strategy": "RS", "target": "t1", "repeat": i, "mape": error} for i, error in enumerate([nan, -inf])),
    ]
    table = by_target(cells(rows), "mape", "mean").query("learner == 'RT'")
    assert table["cells"].tolist() == [4, 2]
    assert table["dropped"].tolist() == [2, 2]
    # The second target is still there, without a value.
    assert table["value"].tolist() == pytest.approx([5, nan], nan_ok=True)
    means = errors_with_intervals(cells(rows), "mape", "mean", seed=0).query("learner == 'RT'")
    assert means[["targets", "targets_missing", "cells_dropped", "value"]].to_numpy().tolist() == [[1, 1, 4, 5.0]]


def test_a_source_without_a_number_does_not_count_and_a_learner_without_one_leaves_no_mean_over_learners():
    rows = [
        {"strategy": "LMS", "source": "a", "mape": 4.0},
        {"strategy": "LMS", "source": "b", "mape": float("nan")},
        {"strategy": "LMS", "source": "a", "mape": float("nan"), "learner": "NN"},
    ]
    table = by_target(cells(rows), "mape", "mean").set_index("learner")
    assert table.loc["RT", "value"] == 4
    assert math.isnan(table.loc[ALL, "value"])
    assert table.loc[ALL, "dropped"] == 2


# Intervals.


def test_the_mean_is_over_targets_and_the_interval_from_their_bootstrap():
    errors = [1.0, 2.0, 4.0, 9.0, 3.0]
    row = errors_with_intervals(cells(per_target({"RS": errors})), "mape", "mean", seed=3, draws=20_000).iloc[0]
    assert row["value"] == pytest.approx(3.8)
    # All samples that there are; the means lie 0.2 apart.
    means = [np.mean(sample) for sample in itertools.product(errors, repeat=5)]
    assert [row["low"], row["high"]] == pytest.approx(np.quantile(means, [0.025, 0.975]).tolist(), abs=0.21)


def test_targets_count_once_however_many_cells_they_have():
    few = per_target({"RS": [1.0, 5.0, 9.0]})
    many = [*few, *({**few[0], "repeat": i} for i in range(1, 40))]
    assert_frame_equal(
        errors_with_intervals(cells(few), "mape", "mean", seed=1),
        errors_with_intervals(cells(many), "mape", "mean", seed=1),
    )


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not():
    table = random_cells(0)
    first, second, other = (errors_with_intervals(table, "mape", "mean", seed=seed) for seed in (1, 1, 2))
    assert tuple(first.columns) == ERROR_COLUMNS
    assert_frame_equal(first, second, check_exact=True)
    assert (first["value"] == other["value"]).all()
    assert (first["low"] != other["low"]).any()


@pytest.mark.parametrize("targets", [1, 2])
def test_few_targets_have_no_interval(targets):
    rows = errors_with_intervals(cells(per_target({"RS": [1.0, 2.0][:targets]})), "mape", "mean", seed=1)
    assert rows[["low", "high"]].isna().all(axis=None)
    assert rows["value"].notna().all()


def test_equal_targets_have_an_interval_without_width():
    rows = errors_with_intervals(cells(per_target({"RS": [2.5] * 4})), "mape", "mean", seed=1)
    assert rows[["value", "low", "high"]].to_numpy() == pytest.approx(2.5)


def test_intervals_cover_where_those_over_cells_do_not():
    """200 studies at once, one as each budget: targets differ by 3, cells of a target by 1, the truth is 20."""
    rng = np.random.default_rng(5)
    studies, targets, sources = 200, 12, 11
    effects = 3 * rng.normal(size=(studies, targets, 1))
    errors = 20 + effects + rng.normal(size=(studies, targets, sources))
    index = pd.MultiIndex.from_product(
        [range(studies), [f"t{i}" for i in range(targets)], [f"s{i}" for i in range(sources)]],
        names=["budget", "target", "source"],
    ).to_frame(index=False)
    table = index.assign(strategy="LMS", design="random", objective="x_ms", learner="RT", repeat=0, mape=errors.ravel())
    rows = errors_with_intervals(table, "mape", "mean", seed=1).query("learner == 'RT'")
    covered = ((rows["low"] < 20) & (rows["high"] > 20)).mean()
    flat = errors.reshape(studies, -1)
    half = 1.96 * flat.std(axis=1) / np.sqrt(flat.shape[1])
    naive = (np.abs(flat.mean(axis=1) - 20) < half).mean()
    assert covered > 0.85
    assert naive < 0.6
    assert ((rows["high"] - rows["low"]).to_numpy() > 2 * 2 * half).mean() > 0.95


# Pairs of ways.


def test_eight_targets_that_agree_give_the_smallest_p_there_is():
    row = compared({"LMS": range(1, 9), "RS": [x + 1 + x / 10 for x in range(1, 9)]}).loc[("LMS", "RS")]
    assert row["p"] == row["smallest_p"] == row["p_holm"] == pytest.approx(2 / 256)
    assert row["rank_biserial"] == -1
    assert row["median_difference"] == pytest.approx(-1.45)
    assert row["targets"] == 8
    assert row["significant"]
    assert row["can_be_significant"]


def test_with_four_targets_nothing_can_be_significant():
    row = compared({"LMS": [1, 2, 3, 4], "RS": [100, 210, 330, 450]}).loc[("LMS", "RS")]
    assert row["p"] == row["smallest_p"] == pytest.approx(2 / 16)
    assert not row["significant"]
    assert not row["can_be_significant"]


@pytest.mark.parametrize(("ways", "can"), [(4, True), (5, False)])
def test_with_eight_targets_it_depends_on_the_number_of_pairs(ways, can):
    # 6 pairs: 6 * 2/256 = 0.047; 10 pairs: 0.078.
    table = compared({f"S{i}": [10**i * (1 + t / 10) for t in range(8)] for i in range(ways)})
    assert (table["comparisons"] == ways * (ways - 1) / 2).all()
    assert (table["can_be_significant"] == can).all()
    # All targets agree on all pairs, so what can be is.
    assert (table["significant"] == can).all()


def test_a_pair_with_more_targets_can_be_significant_beside_pairs_that_cannot():
    nan = float("nan")
    table = compared({"A": range(1, 11), "B": range(20, 40, 2), "C": [900.0, 1000.0, 1200.0, *[nan] * 7]})
    assert table["targets"].tolist() == [10, 3, 3]
    # Three comparisons: 3 * 2/1024 is enough, and 2 * 2/8 is not.
    assert table["can_be_significant"].tolist() == [True, False, False]
    assert table["p_holm"].tolist() == pytest.approx([3 * 2 / 1024, 2 * 0.25, 2 * 0.25])


def test_effect_and_p_are_those_computed_by_hand():
    row = compared({"A": [9, 8, 13, 6], "B": [10, 10, 10, 10]}).loc[("A", "B")]
    # Differences -1 -2 3 -4: ranks 1, 2, 4 against 3.
    assert row["rank_biserial"] == pytest.approx((3 - 7) / 10)
    # A sum of 3 or less: none, 1, 2, 3, 1 + 2, so 5 of 16 on one side.
    assert row["p"] == pytest.approx(2 * 5 / 16)
    assert row["median_difference"] == -1.5


def test_equal_errors_are_no_difference_even_if_they_were_rounded():
    third = [0.1 + 0.2, 1.0, 2.0, 3.0]
    row = compared({"A": third, "B": [0.3, 1.0, 2.0, 3.0 + 1e-12]}).loc[("A", "B")]
    assert (row["p"], row["rank_biserial"], row["targets"]) == (1, 0, 4)


def test_equal_differences_share_their_rank_even_if_they_were_rounded():
    a, b = [1.3, 0.0, 1.9], [1.0, 0.3, 1.0]
    assert a[0] - b[0] != b[1] - a[1]
    assert compared({"A": a, "B": b})["rank_biserial"].item() == pytest.approx((1.5 - 1.5 + 3) / 6)


def test_targets_without_a_difference_are_left_out_of_the_test():
    row = compared({"A": [1, 2, 3, 4, 5, 6], "B": [2, 4, 6, 8, 5, 6]}).loc[("A", "B")]
    assert row["p"] == pytest.approx(2 / 16)
    assert row["rank_biserial"] == -1
    # What could have been found does not depend on what was.
    assert row["smallest_p"] == pytest.approx(2 / 64)


def test_ways_without_a_common_target_are_not_compared():
    nan = float("nan")
    table = compared({"A": [1, 2, nan, nan], "B": [nan, nan, 3, 4], "C": [1, 2, 3, 4]})
    assert table.index.tolist() == [("A", "C"), ("B", "C")]
    assert (table["comparisons"] == 2).all()


@settings(max_examples=15)
@given(
    st.lists(st.sampled_from([-5.0, -3.5, -2.0, -1.0, 0.0, 0.5, 1.5, 2.5, 4.0]), min_size=1, max_size=9, unique=True)
)
def test_the_signed_rank_test_is_exact(differences):
    row = compared({"A": [10 + d for d in differences], "B": [10.0] * len(differences)}).loc[("A", "B")]
    d = np.array([d for d in differences if d])
    if not len(d):
        assert row["p"] == 1
        return
    ranks = stats.rankdata(np.abs(d))
    sums = np.array(list(itertools.product([0, 1], repeat=len(d)))) @ ranks
    found = ranks[d > 0].sum()
    assert row["p"] == pytest.approx(min(1, 2 * min((sums <= found).mean(), (sums >= found).mean())))


def test_more_than_fifty_targets_are_compared_by_the_normal_approximation():
    rng = np.random.default_rng(0)
    a, b = rng.lognormal(size=(2, 60))
    assert compared({"A": a, "B": b})["p"].item() == pytest.approx(stats.wilcoxon(a, b, method="asymptotic").pvalue)


def test_correction_after_holm_by_hand():
    assert holm(np.array([0.01, 0.04, 0.03, 0.5])).tolist() == pytest.approx([0.04, 0.09, 0.09, 0.5])
    assert holm(np.array([0.6, 0.7])).tolist() == [1, 1]
    assert holm(np.array([])).tolist() == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6), st.data())
def test_a_corrected_p_never_falls_when_another_p_rises(p, data):
    # On this hangs can_be_significant.
    low = np.array(p)
    at = data.draw(st.integers(0, len(p) - 1))
    high = low.copy()
    high[at] += data.draw(st.floats(0, 1)) * (1 - high[at])
    assert (holm(high) >= holm(low) - 1e-12).all()


@pytest.mark.parametrize("seed", range(3))
def test_what_is_significant_could_be(seed):
    table = comparisons(random_cells(seed, targets=9), "mape")
    assert tuple(table.columns) == COMPARISON_COLUMNS
    assert table["significant"].any()
    assert table.loc[table["significant"], "can_be_significant"].all()
    assert (table["p"] >= table["smallest_p"] - 1e-12).all()
    assert (table["p_holm"] >= table["p"]).all()


# Who is compared with whom.


def pairs(table: pd.DataFrame, family: str, budget: int) -> list[str]:
    rows = table[(table["learner"] == ALL) & (table["family"] == family) & (table["budget"] == budget)]
    return [f"{a} {b}" for a, b in zip(rows["a"], rows["b"], strict=True)]


def test_what_measures_nothing_is_compared_at_each_budget_of_the_others():
    rows = [
        *per_target({"DM": [9, 8, 7]}, budget=0),
        *per_target({"RS": [5, 5, 6], "LMS": [3, 1, 2]}, budget=5),
        *per_target({"RS": [2, 4, 3]}, budget=10),
    ]
    table = comparisons(cells(rows), "mape")
    assert sorted(set(table["budget"])) == [5, 10]
    assert pairs(table, "strategies", 5) == ["DM LMS", "DM RS", "LMS RS"]
    assert pairs(table, "strategies", 10) == ["DM RS"]
    ten = table[(table["budget"] == 10) & (table["learner"] == ALL)]
    # 9 - 2, 8 - 4, 7 - 3
    assert ten["median_difference"].item() == 4


def test_if_nobody_measures_anything_budget_0_is_where_they_are_compared():
    rows = per_target({"DM": [9, 8, 7], "DM2": [5, 5, 6]}, budget=0)
    assert pairs(comparisons(cells(rows), "mape"), "strategies", 0) == ["DM DM2"]


def test_designs_without_transfer_are_a_family_of_their_own_with_guided_sampling():
    rows = [
        *per_target({"RS": [5, 5, 6], "GS": [4, 4, 4], "LMS": [3, 1, 2]}),
        *per_target({"NT": [2, 4, 3]}, design="lhs"),
        *per_target({"NT": [3, 4, 3]}, design="random"),
        *per_target({"NT": [9, 9, 9]}, design="plackett_burman", budget=12),
    ]
    table = comparisons(cells(rows), "mape")
    assert pairs(table, "strategies", 5) == ["GS LMS", "GS RS", "LMS RS"]
    assert pairs(table, "designs", 5) == ["GS NT (lhs)", "GS NT (random)", "NT (lhs) NT (random)"]
    # A design whose size is fixed has nobody to be compared with.
    assert sorted(set(table["budget"])) == [5]
    ranks = rankings(cells(rows), "mape")
    assert set(ranks.loc[ranks["family"] == "designs", "way"]) == {"GS", "NT (lhs)", "NT (random)"}


def test_without_such_designs_there_is_no_such_family():
    rows = per_target({"RS": [5, 5, 6], "GS": [4, 4, 4]})
    assert set(comparisons(cells(rows), "mape")["family"]) == {"strategies"}


def test_a_strategy_with_several_designs_is_several_ways():
    rows = [*per_target({"LMS": [5, 5, 6], "RS": [5, 6, 7]}), *per_target({"LMS": [4, 4, 4]}, design="guided")]
    table = comparisons(cells(rows), "mape")
    assert pairs(table, "strategies", 5) == ["LMS (guided) LMS (random)", "LMS (guided) RS", "LMS (random) RS"]


def test_objectives_and_learners_are_apart():
    rows = [
        {**row, "objective": objective, "learner": learner, "mape": row["mape"] * factor}
        for row in per_target({"RS": [5, 5, 6], "LMS": [3, 1, 2]})
        for objective, learner, factor in (("x_ms", "RT", 1), ("x_ms", "NN", 2), ("y_mj", "RT", 5))
    ]
    table = comparisons(cells(rows), "mape").set_index(["objective", "learner"])["median_difference"]
    assert table.to_dict() == {
        ("x_ms", "NN"): -8, ("x_ms", "RT"): -4, ("x_ms", ALL): -6, ("y_mj", "RT"): -20, ("y_mj", ALL): -20,
    }  # fmt: skip


def with_and_without_learners() -> list[dict[str, object]]:
    """Two learners of RS, and KT and AUTO, which take none."""
    return [
        *per_target({"RS": [5, 5, 6]}, learner="RT"),
        *per_target({"RS": [9, 9, 8]}, learner="NN"),
        *per_target({"KT": [3, 1, 2], "AUTO": [1, 1, 1]}, learner=None),
    ]


@pytest.mark.parametrize("learner", ["RT", "NN", ALL])
def test_strategies_that_take_no_learner_are_compared_with_the_others_whatever_the_learner(learner):
    table = cells(with_and_without_learners())
    # a - b on each target: AUTO - RS, KT - RS.
    differences = {"RT": {"AUTO": -4, "KT": -4}, "NN": {"AUTO": -8, "KT": -6}, ALL: {"AUTO": -6, "KT": -5}}
    found = comparisons(table, "mape").query("learner == @learner and b == 'RS'").set_index("a")
    assert found["median_difference"].to_dict() == differences[learner]
    assert set(rankings(table, "mape").query("learner == @learner")["way"]) == {"AUTO", "KT", "RS"}


def test_no_learner_is_none_of_those_under_which_is_compared():
    assert set(rankings(cells(with_and_without_learners()), "mape")["learner"]) == {"RT", "NN", ALL}
    without = per_target({"KT": [3, 1, 2], "AUTO": [1, 1, 1]}, learner=None)
    assert set(rankings(cells(without), "mape")["learner"]) == {ALL}
    # Which learners there are is a matter of each objective.
    other = [{**row, "objective": "y_mj"} for row in per_target({"RS": [5, 5, 6]}, learner="RF")]
    table = rankings(cells([*with_and_without_learners(), *without, *other]), "mape")
    assert set(table["learner"]) == {"RT", "NN", ALL}


def test_one_that_lacks_a_learner_has_no_mean_over_the_learners():
    rows = [*with_and_without_learners(), *per_target({"LMS": [2, 2, 2]}, learner="RT")]
    values = by_target(cells(rows), "mape", "mean").query("learner == 'all'").set_index("strategy")["value"]
    assert values["LMS"].isna().all()
    assert values[["RS", "KT", "AUTO"]].notna().all()
    table = rankings(cells(rows), "mape")
    assert set(table.query("learner == 'all'")["way"]) == {"AUTO", "KT", "RS"}
    assert set(table.query("learner == 'RT'")["way"]) == {"AUTO", "KT", "LMS", "RS"}


def test_one_way_alone_is_not_compared_and_no_rows_give_no_rows():
    for table in (cells(per_target({"RS": [1, 2, 3]})), cells(per_target({"RS": [1]})).iloc[:0]):
        assert tuple(comparisons(table, "mape").columns) == COMPARISON_COLUMNS
        assert tuple(rankings(table, "mape").columns) == RANKING_COLUMNS
        assert len(comparisons(table, "mape")) == len(rankings(table, "mape")) == 0
    assert tuple(errors_with_intervals(table, "mape", "mean", seed=0).columns) == ERROR_COLUMNS


@pytest.mark.parametrize(
    "make",
    [
        lambda t, m: by_target(t, m, "mean"),
        lambda t, m: errors_with_intervals(t, m, "mean", seed=1),
        comparisons,
        rankings,
    ],
)
def test_the_order_of_rows_changes_nothing(make):
    table = random_cells(1)
    shuffled = table.sample(frac=1, random_state=0)
    assert_frame_equal(make(table, "mape"), make(shuffled, "mape"), check_exact=True)


# Groups.


def test_equal_treatments_are_one_group():
    values = np.tile(np.array([[1.0], [5.0], [2.0], [9.0]]), 3)
    assert scott_knott(values).tolist() == [1, 1, 1]
    assert scott_knott(values[:, :1]).tolist() == [1]
    # Equal but for rounding.
    assert scott_knott(values * [1, 1 + 1e-15, 1 - 1e-15]).tolist() == [1, 1, 1]


def test_treatments_far_apart_are_groups_in_the_order_of_their_means():
    noise = 0.1 * np.random.default_rng(0).normal(size=(8, 5))
    values = noise + [7, 1, 4, 1, 7] + np.arange(8)[:, None]
    assert scott_knott(values).tolist() == [3, 1, 2, 1, 3]


def test_noise_is_one_group():
    assert scott_knott(np.random.default_rng(1).normal(size=(8, 5))).tolist() == [1] * 5


def test_two_treatments_are_told_apart_from_the_difference_that_the_formula_says():
    # Residuals are 1 and -1 in each of 4 blocks, whatever the difference d of the means: their squares sum to 8.
    base = np.array([[1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, 1.0]])
    limit = stats.chi2.isf(0.05, 2 / (math.pi - 2)) * 2 * (math.pi - 2) / math.pi
    # d²/2 between; the variance of a mean is (d²/2 + 8/4) / (2 treatments + 3 degrees of freedom).
    threshold = math.sqrt(2 * limit * 2 / (5 - limit))
    for difference, ranks in ((0.999 * threshold, [1, 1]), (1.001 * threshold, [1, 2])):
        assert scott_knott(base + np.array([0, difference])).tolist() == ranks


def slow_scott_knott(values: np.ndarray, columns: list[int]) -> list[list[int]]:
    """Straight from the paper: any two parts, not only neighbours in the order of the means."""
    blocks, treatments = values.shape
    means = values.mean(axis=0)
    model = means[None, :] + values.mean(axis=1)[:, None] - values.mean()
    freedom = (treatments - 1) * (blocks - 1)
    variance_of_a_mean = ((values - model) ** 2).sum() / freedom / blocks
    own = means[columns]
    best, parts = 0.0, (columns, [])
    for size in range(1, len(columns)):
        for chosen in itertools.combinations(columns, size):
            rest = [c for c in columns if c not in chosen]
            sums = means[list(chosen)].sum(), means[rest].sum()
            between = sums[0] ** 2 / size + sums[1] ** 2 / len(rest) - sum(sums) ** 2 / len(columns)
            if between > best:
                best, parts = between, ([*chosen], rest)
    variance = (((own - own.mean()) ** 2).sum() + freedom * variance_of_a_mean) / (len(columns) + freedom)
    statistic = math.pi / 2 / (math.pi - 2) * best / variance
    if len(columns) < 2 or statistic <= stats.chi2.isf(0.05, len(columns) / (math.pi - 2)):
        return [columns]
    low, high = sorted(parts, key=lambda part: means[part].mean())
    return [*slow_scott_knott(values, low), *slow_scott_knott(values, high)]


MATRICES = st.tuples(st.integers(0, 10_000), st.integers(2, 9), st.integers(2, 6), st.sampled_from([0.3, 1.0, 3.0]))


def matrix(seed: int, blocks: int, treatments: int, spread: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(blocks, treatments)) + spread * rng.normal(size=treatments)


@given(MATRICES)
def test_groups_are_those_of_the_paper(case):
    values = matrix(*case)
    expected = np.empty(values.shape[1], dtype=int)
    for rank, group in enumerate(slow_scott_knott(values, list(range(values.shape[1]))), start=1):
        expected[group] = rank
    assert scott_knott(values).tolist() == expected.tolist()


@given(MATRICES)
def test_ranks_follow_the_means_without_gaps_and_ignore_blocks_order_and_unit(case):
    values = matrix(*case)
    ranks = scott_knott(values)
    assert sorted(set(ranks)) == list(range(1, ranks.max() + 1))
    assert (np.diff(ranks[np.argsort(values.mean(axis=0))]) >= 0).all()
    order = np.random.default_rng(0).permutation(values.shape[1])
    assert scott_knott(values[:, order]).tolist() == ranks[order].tolist()
    moved = 7 * (values + np.arange(len(values))[:, None])[::-1]
    assert scott_knott(moved).tolist() == ranks.tolist()


def test_rankings_work_on_logarithms_of_the_errors_of_complete_targets():
    nan = float("nan")
    rng = np.random.default_rng(2)
    # Ten times as hard from target to target: only ratios say which way is better.
    hard = 10.0 ** np.arange(5)
    noise = np.exp(0.05 * rng.normal(size=(3, 6)))
    errors = {
        "A": [*(2 * hard), 1e9] * noise[0],
        "B": [*(1 * hard), nan] * noise[1],
        "C": [*(2 * hard), 1e-9] * noise[2],
    }
    table = rankings(cells(per_target(errors)), "mape").query("learner == 'all'").set_index("way")
    assert table["rank"].to_dict() == {"A": 2, "B": 1, "C": 2}
    assert table["targets"].tolist() == [5] * 3
    assert table["targets_left_out"].tolist() == [1] * 3
    assert table.loc["A", "geometric_mean"] == pytest.approx(math.prod(errors["A"][:5]) ** (1 / 5))


def test_where_nothing_has_a_number_nothing_is_compared_and_no_target_is_forgotten():
    nan = float("nan")
    rows = [
        *per_target({"A": [nan, nan, nan, nan], "B": [nan, nan, nan, nan]}, budget=5),
        *per_target({"A": [1, 2, 3, nan], "B": [2, 3, 4, nan]}, budget=10),
    ]
    assert set(comparisons(cells(rows), "mape")["budget"]) == {10}
    table = rankings(cells(rows), "mape")
    assert set(table["budget"]) == {10}
    assert (table["targets_left_out"] == 1).all()


def test_perfect_predictions_can_be_ranked():
    errors = {"A": [0, 0, 0, 0.01], "B": [1.0, 2.0, 3.0, 4.0], "C": [1.1, 1.9, 3.1, 3.9]}
    assert rankings(cells(per_target(errors)), "mape").query("learner == 'all'")["rank"].tolist() == [1, 2, 2]
    zeros = rankings(cells(per_target({"A": [0, 0, 0], "B": [0, 0, 0]})), "mape")
    assert (zeros["rank"] == 1).all()


def test_few_targets_have_no_ranks():
    table = rankings(cells(per_target({"A": [1, 2], "B": [50, 60]})), "mape")
    assert table["rank"].isna().all()
    assert table["geometric_mean"].notna().all()


@pytest.mark.parametrize("n", [4, 5])
def test_the_interval_of_the_median_is_that_of_the_medians_of_all_samples(n):
    values = np.array([1.0, 2.0, 4.0, 9.0, 3.0][:n])
    medians = [np.median(sample) for sample in itertools.product(values, repeat=n)]
    ends = interval(values, seed=3, statistic="median", draws=20_000)
    assert ends == pytest.approx(np.quantile(medians, [0.025, 0.975]).tolist(), abs=0.51)
    assert interval(values[:2], seed=3, statistic="median") == pytest.approx((np.nan, np.nan), nan_ok=True)
