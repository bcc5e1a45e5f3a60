from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from scipy import stats
from wide import by_configuration

from perftransfer.evaluation import similarity
from perftransfer.evaluation.similarity import COLUMNS, similarity_table


def dataset(values: Mapping[str, list[float]], objective: str = "x_ms") -> pd.DataFrame:
    """The first value of each environment is that of configuration c0, and so on; NaN: not measured."""
    return pd.DataFrame(
        [
            {"environment": environment, "configuration_id": f"c{i}", objective: value}
            for environment, by_configuration in values.items()
            for i, value in enumerate(by_configuration)
        ]
    )


def influence(terms: Mapping[str, Mapping[str, float]], objective: str = "x_ms") -> pd.DataFrame:
    rows = [(e, objective, term, share, True) for e, shares in terms.items() for term, share in shares.items()]
    # What was not selected is in the table as well, and must not count.
    rows += [(e, objective, "nothing", 0.001, False) for e in terms]
    columns = ["environment", "objective", "term", "share_of_variance", "selected"]
    return pd.DataFrame(rows, columns=columns).astype({"selected": bool})


def compared(values: Mapping[str, list[float]], scale: str = "linear") -> pd.DataFrame:
    table = similarity_table(by_configuration(dataset(values)), influence({}), list(values), ["x_ms"], scale=scale)
    return table.set_index(["source", "target"])


def alike(terms: Mapping[str, Mapping[str, float]]) -> pd.DataFrame:
    values = {environment: [1.0, 2.0, 3.0] for environment in terms}
    table = similarity_table(by_configuration(dataset(values)), influence(terms), list(terms), ["x_ms"], scale="log")
    return table.set_index(["source", "target"])


X = [1.0, 2.0, 4.0, 8.0, 9.0, 20.0]


def test_a_row_is_an_ordered_pair_of_different_environments_in_the_order_given():
    values = {"b": X, "a": X, "c": X}
    frame = dataset(values).assign(y_ms=X * 3)
    table = similarity_table(by_configuration(frame), influence({}), ["b", "a", "c"], ["y_ms", "x_ms"], scale="log")
    assert tuple(table.columns) == COLUMNS
    pairs = [("b", "a"), ("b", "c"), ("a", "b"), ("a", "c"), ("c", "b"), ("c", "a")]
    assert list(table[["source", "target"]].itertuples(index=False, name=None)) == pairs * 2
    assert table["objective"].tolist() == ["y_ms"] * 6 + ["x_ms"] * 6
    # An environment that the study does not have is left out.
    few = similarity_table(by_configuration(frame), influence({}), ["c", "b"], ["x_ms"], scale="log")
    assert few["source"].tolist() == ["c", "b"]


def test_no_objective_and_a_single_environment_give_no_rows():
    for environments, objectives in (["a"], ["x_ms"]), (["a", "b"], []):
        table = similarity_table(
            by_configuration(dataset({"a": X, "b": X})), influence({}), environments, objectives, scale="log"
        )
        assert len(table) == 0
        assert tuple(table.columns) == COLUMNS


def test_what_a_line_carries_over_is_alike_in_every_respect():
    table = compared({"a": X, "b": [2 * x + 7 for x in X]})
    assert table["n"].tolist() == [6, 6]
    for name, value in {"pearson": 1, "spearman": 1, "kl_divergence": 0}.items():
        assert table[name].tolist() == pytest.approx([value, value])


def test_rounding_moves_no_value_over_the_edge_of_its_bin():
    # Standardised, the last value lies on the edge between two bins.
    x = [0.0, 0.0, 0.0, 1.0, 2.0]
    assert compared({"a": x, "b": [0.3 * value + 0.01 for value in x]})["kl_divergence"].tolist() == pytest.approx(
        [0, 0]
    )


def test_the_scale_of_learning_decides_which_shift_leaves_the_shape():
    power = {"a": X, "b": [3 * x**2 for x in X]}
    assert compared(power, "log")["kl_divergence"].tolist() == pytest.approx([0, 0])
    assert compared(power, "linear")["kl_divergence"].min() > 0.01
    # Correlations are those of the values, whatever the scale.
    assert compared(power, "log")["pearson"].tolist() == compared(power, "linear")["pearson"].tolist()
    assert 0.8 < compared(power, "log")["pearson"].iloc[0] < 0.99
    assert compared(power, "log")["spearman"].tolist() == [1, 1]


def test_correlations_are_those_computed_by_hand():
    table = compared({"a": [1, 2, 3, 4], "b": [1, 3, 2, 10], "c": [4, 3, 2, 1]})
    # Deviations -1.5 -0.5 0.5 1.5 and -3 -1 -2 6.
    assert table.loc[("a", "b"), "pearson"] == pytest.approx((4.5 + 0.5 - 1 + 9) / math.sqrt(5 * 50))
    # One pair of neighbours has changed places: 1 - 6 (1 + 1) / (4 * 15).
    assert table.loc[("a", "b"), "spearman"] == pytest.approx(0.8)
    assert table.loc[("a", "c"), "pearson"] == table.loc[("c", "a"), "spearman"] == pytest.approx(-1)


def test_divergence_is_that_computed_by_hand_and_has_a_direction():
    # Standardised: -1 -1 1 1 and (-1 -1 -1 3) / sqrt(3), so two and two, three and one of 13 bins are hit; one is added
    # to each, which makes 17.
    table = compared({"a": [1, 1, 3, 3], "b": [1, 1, 1, 5]})
    p = {-1.0: 3 / 17, 1.0: 3 / 17, -0.5: 1 / 17, 1.5: 1 / 17}
    q = {-1.0: 1 / 17, 1.0: 1 / 17, -0.5: 4 / 17, 1.5: 2 / 17}
    expected = [sum(u[z] * math.log(u[z] / v[z]) for z in p) for u, v in ((p, q), (q, p))]
    assert expected[0] == pytest.approx((6 * math.log(3) - 3 * math.log(2)) / 17)
    assert table["kl_divergence"].tolist() == pytest.approx(expected)


def test_outliers_fall_into_the_outermost_bin():
    constant = [1.0] * 400
    table = compared({"a": [*constant, 2.0], "b": [*constant, 1e9]})
    assert table["kl_divergence"].tolist() == pytest.approx([0, 0])


def test_only_configurations_measured_in_both_count():
    nan = float("nan")
    table = compared({"a": [*X, 500, nan], "b": [*X, nan, 0.001]})
    assert table["n"].tolist() == [6, 6]
    assert table["pearson"].tolist() == table["spearman"].tolist() == pytest.approx([1, 1])
    assert table["kl_divergence"].tolist() == pytest.approx([0, 0])


def test_too_few_in_common_are_counted_and_not_compared():
    nan = float("nan")
    table = compared({"a": [1, 2, nan, nan], "b": [1, 2, 3, nan], "c": [nan, nan, nan, nan]})
    assert table["n"].tolist() == [2, 0, 2, 0, 0, 0]
    assert table[["pearson", "spearman", "kl_divergence"]].isna().all(axis=None)


def test_what_is_constant_has_no_correlation_and_another_shape():
    table = compared({"a": [0.1] * 6, "b": X, "c": [0.7] * 6})
    assert table[["pearson", "spearman"]].isna().all(axis=None)
    assert table.loc[("a", "c"), "kl_divergence"] == pytest.approx(0)
    assert table.loc[("a", "b"), "kl_divergence"] > 0.1


def test_common_terms_are_a_share_of_those_in_either():
    table = alike(
        {"a": {"p": 0.5, "q": 0.3, "p:q": 0.1}, "b": {"q": 0.4, "r": 0.3, "p:q": 0.2}, "c": {"s": 0.9}, "d": {}}
    )
    assert table.loc[("a", "b"), "common_terms"] == pytest.approx(2 / 4)
    assert table.loc[("a", "c"), "common_terms"] == table.loc[("d", "a"), "common_terms"] == 0


def test_each_objective_has_its_own_values_and_terms():
    frame = dataset({"a": X, "b": X}).assign(y_ms=[*X, *X[::-1]])
    terms = pd.concat(
        [influence({"a": {"p": 1.0}, "b": {"p": 1.0}}), influence({"a": {"p": 1.0}, "b": {"q": 1.0}}, "y_ms")]
    )
    table = similarity_table(by_configuration(frame), terms, ["a", "b"], ["x_ms", "y_ms"], scale="log").set_index(
        "objective"
    )
    assert table["common_terms"].tolist() == [1, 1, 0, 0]
    assert table["spearman"].tolist() == [1, 1, -1, -1]


def test_where_nothing_was_selected_nothing_is_common():
    assert alike({"a": {}, "b": {}})[["common_terms", "influence_rank_correlation"]].isna().all(axis=None)


def test_ranks_of_influence_are_over_the_terms_of_either():
    terms = {"a": {"p": 0.5, "q": 0.3, "p:q": 0.1}, "b": {"q": 0.4, "r": 0.1, "p:q": 0.2}, "c": {"q": 0.8, "p": 0.2}}
    table = alike(terms)["influence_rank_correlation"]
    # p q p:q r are 4 3 2 1 in a and 1 4 3 2 in b: differences 3 -1 -1 -1.
    assert table[("a", "b")] == table[("b", "a")] == pytest.approx(1 - 6 * 12 / (4 * 15))
    # p q p:q are 3 2 1 and 2 3 1; r, which neither selected, would add another place.
    assert table[("a", "c")] == pytest.approx(0.5)
    # Two terms would always give 1 or -1.
    assert math.isnan(
        alike({"a": {"p": 0.5, "q": 0.3}, "b": {"p": 0.1, "q": 0.2}})["influence_rank_correlation"].iloc[0]
    )


def test_equal_shares_have_no_ranks():
    table = alike({"a": {"p": 0.2, "q": 0.2, "r": 0.2}, "b": {"p": 0.3, "q": 0.2, "r": 0.1}})
    assert table["influence_rank_correlation"].isna().all()


VALUES = st.lists(st.tuples(*[st.sampled_from([float("nan"), 0.5, 1.0, 2.0, 3.5, 8.0])] * 3), min_size=3, max_size=12)


@settings(max_examples=15)
@given(VALUES)
def test_all_pairs_at_once_are_what_each_pair_is_alone(rows):
    values = {name: list(column) for name, column in zip("abc", zip(*rows, strict=True), strict=True)}
    table = compared(values, "log")
    alone = compared({name: values[name] for name in "ab"}, "log")
    assert_frame_equal(table.loc[alone.index], alone, check_exact=False, atol=1e-9)
    for (source, target), row in table.iterrows():
        pairs = np.array([values[source], values[target]])
        x, y = pairs[:, ~np.isnan(pairs).any(axis=0)]
        if len(x) >= 3 and len(set(x)) > 1 and len(set(y)) > 1:
            assert row["pearson"] == pytest.approx(stats.pearsonr(x, y).statistic)
            assert row["spearman"] == pytest.approx(stats.spearmanr(x, y).statistic)
        else:
            assert row[["pearson", "spearman"]].isna().all()
        assert math.isnan(row["kl_divergence"]) if len(x) < 3 else row["kl_divergence"] >= 0


@settings(max_examples=15)
@given(VALUES, st.sampled_from([1e-3, 0.3, 7.0]), st.sampled_from([0.0, 0.01, 5.0]))
def test_a_shift_and_a_unit_change_nothing(rows, unit, offset):
    values = {name: list(column) for name, column in zip("abc", zip(*rows, strict=True), strict=True)}
    moved = {**values, "b": [unit * value + offset for value in values["b"]]}
    assert_frame_equal(compared(values), compared(moved), check_exact=False, atol=1e-9)


def test_it_does_not_matter_how_many_environments_are_compared_at_once(monkeypatch):
    rng = np.random.default_rng(0)
    values = {
        name: list(np.where(rng.random(20) < 0.1 * (name in "cf"), np.nan, rng.lognormal(size=20)))
        for name in "abcdefg"
    }
    whole = compared(values)
    monkeypatch.setattr(similarity, "_BLOCK", 2)
    assert_frame_equal(compared(values), whole, check_exact=False, rtol=1e-9)


def test_the_order_of_rows_changes_nothing():
    rng = np.random.default_rng(0)
    frame = dataset({name: list(rng.lognormal(size=50)) for name in "abcd"})
    terms = influence({name: dict(zip("pqrst", rng.random(5), strict=True)) for name in "abcd"})
    tables = [
        similarity_table(by_configuration(f), t, list("abcd"), ["x_ms"], scale="log")
        for f, t in ((frame, terms), (frame.sample(frac=1, random_state=1), terms.sample(frac=1, random_state=1)))
    ]
    assert_frame_equal(*tables, check_exact=True)
