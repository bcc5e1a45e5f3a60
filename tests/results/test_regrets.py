"""Regret over searches: which are counted, and when one is close to the best."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from perftransfer.evaluation.searches import COLUMNS, empty
from perftransfer.results import searches


def table(regrets: dict[tuple[str, str, str, int], list[float]]) -> pd.DataFrame:
    """Searches by (target, sources, method, repeat)."""
    rows = [
        (target, sources, "latency_ms", method, repeat, n, f"id{n}", 1.0, 1.0, regret)
        for (target, sources, method, repeat), values in regrets.items()
        for n, regret in enumerate(values, start=1)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


SEARCHES = table(
    {
        ("a", "b, c", "TRANSFER", 0): [0.5, 0.005],
        ("b", "a, c", "TRANSFER", 0): [0.3, 0.0],
        ("c", "a, b", "TRANSFER", 0): [0.1, 0.1],
        ("a", "b", "TRANSFER", 0): [1.0, 0.2],
        ("a", "", "RANDOM", 0): [np.nan, 2.0],
        ("a", "", "RANDOM", 1): [4.0, 3.0],
    }
)


def test_searches_with_all_sources_with_one_and_with_none_are_apart():
    rows = searches.regrets(SEARCHES, "latency_ms").set_index(["method", "sources", "n"])
    assert rows.loc[("TRANSFER", "all", 1), "median"] == pytest.approx(30)
    assert rows.loc[("TRANSFER", "all", 2), "mean"] == pytest.approx(3.5)
    assert rows.loc[("TRANSFER", "one", 2), "median"] == pytest.approx(20)
    assert rows.loc[("TRANSFER", "all", 2), ["searches", "targets"]].tolist() == [3, 3]
    assert rows.loc[("RANDOM", "none", 2), ["searches", "targets"]].tolist() == [2, 1]


def test_a_search_without_a_value_is_infinitely_far():
    rows = searches.regrets(SEARCHES, "latency_ms").set_index(["method", "sources", "n"])
    assert rows.loc[("RANDOM", "none", 1), "worst_tenth"] == np.inf


def test_where_a_target_has_one_source_that_is_all_of_them():
    rows = searches.regrets(table({("a", "b", "TRANSFER", 0): [0.1], ("b", "a", "TRANSFER", 0): [0.2]}), "latency_ms")
    assert rows["sources"].tolist() == ["all"]


def test_needed_is_the_first_measurement_that_is_close():
    found = searches.needed(searches.regrets(SEARCHES, "latency_ms")).set_index(["method", "sources"])
    assert found.loc[("TRANSFER", "all"), "needed"] == 2
    assert np.isnan(found.loc[("RANDOM", "none"), "needed"])
    assert found.loc[("RANDOM", "none"), "final"] == pytest.approx(300)


def test_no_search_is_no_row():
    for nothing in (empty(), SEARCHES[SEARCHES["method"] == "EI"], pd.DataFrame()):
        assert searches.regrets(nothing, "latency_ms").empty
        assert searches.needed(searches.regrets(nothing, "latency_ms")).empty


def test_tables_show_round_numbers_and_the_last_one():
    assert searches.shown(range(1, 18)) == [3, 5, 8, 12, 16, 17]
    assert searches.shown([]) == []


def test_methods_are_compared_in_pairs_at_equal_numbers_of_measurements():
    better = {(target, "x, y", "TRANSFER", 0): [0.5, 0.1, 0.01] for target in "abcdefg"}
    # Repeats are averaged first; in one target there is no value at first.
    worse = {(target, "", "EI", repeat): [2.0, 0.3 + 0.2 * repeat, 0.02] for target in "abcdefg" for repeat in (0, 1)}
    worse[("a", "", "EI", 1)] = [np.nan, 0.5, 0.02]
    pairs = searches.comparisons(table({**better, **worse}))
    assert pairs[["a", "b", "sources", "n"]].apply(tuple, axis=1).tolist() == [("EI", "TRANSFER", "all", 3)]
    (pair,) = pairs.to_dict("records")
    assert pair["targets"] == 7
    assert pair["median_difference"] == pytest.approx(1.0)
    assert pair["rank_biserial"] == 1
    assert pair["significant"]
    long = {key: [values[0]] * 5 + values for key, values in {**better, **worse}.items()}
    assert searches.comparisons(table(long)).set_index("n")["targets"].to_dict() == {3: 6, 5: 6, 8: 7}
