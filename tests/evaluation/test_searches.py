"""Simulated searches: what a row says, and on which sources methods search."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from perftransfer.evaluation.params import SearchParams
from perftransfer.evaluation.searches import COLUMNS, SearchTarget, empty, run_search, search_rows, simulate
from perftransfer.scales import SCALES
from perftransfer.search.interface import SearchMethod
from perftransfer.space.options import configuration_ids
from perftransfer.testing._data import CODES, OPTIONS, SOURCES, TARGET

PARAMS = SearchParams(
    targets=["a"],
    environments=["a", "b", "c"],
    scales={"latency_ms": "log"},
    measurements=6,
    repeats=2,
    sources_per_target=None,
    seed=1,
    code="",
)


def dataset() -> pd.DataFrame:
    texts = {option.name: [option.texts[code] for code in CODES[:, i]] for i, option in enumerate(OPTIONS)}
    ids = configuration_ids(texts)
    values = {"a": TARGET, "b": SOURCES[0], "c": SOURCES[1]}
    return pd.concat(
        [
            pd.DataFrame({"environment": name, "configuration_id": ids, "latency_ms": np.exp(y), **texts})
            for name, y in values.items()
        ],
        ignore_index=True,
    )


class Backwards(SearchMethod):
    title = "backwards"
    needs_source = False
    is_random = False

    def _choose(self, history, is_free, n):
        return np.flatnonzero(is_free)[::-1][:n]


def target(y: list[float]) -> SearchTarget:
    return SearchTarget(np.arange(len(y))[:, None], np.array(y), None, np.array([f"id{i}" for i in range(len(y))]))


def test_rows_say_what_was_best_so_far_and_how_far_from_the_best_of_all():
    rows = search_rows(target([2.0, np.nan, 8.0, 4.0]), [1, 2, 3, 0], SCALES["log"])
    assert rows["n"].tolist() == [1, 2, 3, 4]
    assert rows["configuration_id"].tolist() == ["id1", "id2", "id3", "id0"]
    assert np.isnan(rows["best_so_far"][0])
    assert rows["best_so_far"][1:].tolist() == [8.0, 4.0, 2.0]
    assert rows["regret"][1:].tolist() == [3.0, 1.0, 0.0]


def test_more_is_better_where_the_scale_says_so():
    searched = target([2.0, np.nan, 8.0, 4.0])
    rows = search_rows(searched, [1, 0, 3, 2], SCALES["-log"])
    assert rows["best_so_far"][1:].tolist() == [2.0, 4.0, 8.0]
    assert rows["regret"][1:].tolist() == [0.75, 0.5, 0.0]
    # The same searches as of the reciprocal, of which less is better.
    upside_down = dataset().assign(latency_ms=lambda rows: 1 / rows["latency_ms"])
    for name in ("TRANSFER", "SOURCE_ORDER", "EI"):
        less = simulate(name, PARAMS, dataset(), OPTIONS)
        more = simulate(name, replace(PARAMS, scales={"latency_ms": "-log"}), upside_down, OPTIONS)
        assert more["configuration_id"].tolist() == less["configuration_id"].tolist()


def test_a_search_ends_with_its_budget_or_with_the_candidates():
    searched = target([4.0, 3.0, 2.0, 1.0])
    for n, expected in ((2, [3, 2]), (9, [3, 2, 1, 0])):
        assert run_search(Backwards(searched.codes, ()), searched, n, SCALES["log"]) == expected


def test_methods_with_sources_search_with_all_and_with_each_and_random_ones_again_and_again():
    searches = pd.concat([simulate(name, PARAMS, dataset(), OPTIONS) for name in ("RANDOM", "SOURCE_ORDER")])
    assert list(searches) == list(COLUMNS)
    made = searches.drop_duplicates(["method", "sources", "repeat"])[["method", "sources", "repeat"]]
    assert made.to_numpy().tolist() == [
        ["RANDOM", "", 0],
        ["RANDOM", "", 1],
        ["SOURCE_ORDER", "b, c", 0],
        ["SOURCE_ORDER", "b", 0],
        ["SOURCE_ORDER", "c", 0],
    ]
    assert (searches.groupby(["method", "sources", "repeat"])["n"].max() == 6).all()
    repeats = searches[searches["method"] == "RANDOM"].groupby("repeat")["configuration_id"].agg(list)
    assert repeats[0] != repeats[1]


def test_the_number_of_sources_is_limited_as_in_evaluations():
    searches = simulate("SOURCE_ORDER", replace(PARAMS, sources_per_target=1), dataset(), OPTIONS)
    assert set(searches["sources"]) in ({"b"}, {"c"})


def test_what_failed_is_a_candidate_and_its_value_is_missing():
    table = dataset()
    first = simulate("SOURCE_ORDER", PARAMS, table, OPTIONS)["configuration_id"].iloc[0]
    failed = (table["environment"] == "a") & (table["configuration_id"] == first)
    searches = simulate("SOURCE_ORDER", PARAMS, table.assign(latency_ms=table["latency_ms"].mask(failed)), OPTIONS)
    from_all_sources = searches[searches["sources"] == "b, c"]
    assert from_all_sources["configuration_id"].iloc[0] == first
    assert np.isnan(from_all_sources["value"].iloc[0])
    assert (from_all_sources["regret"].iloc[1:] >= 0).all()


def test_a_table_of_no_search_has_the_columns_and_types_of_others():
    searches = simulate("RANDOM", PARAMS, dataset(), OPTIONS)
    for name in ("repeat", "n", "value", "regret"):
        assert empty()[name].dtype == searches[name].dtype
    assert list(empty()) == list(searches)


@pytest.mark.parametrize("scale", ["log", "linear"])
def test_transfer_is_close_to_the_best_within_its_budget(scale):
    searches = simulate("TRANSFER", replace(PARAMS, scales={"latency_ms": scale}), dataset(), OPTIONS)
    last = searches[(searches["n"] == 6) & (searches["sources"] == "b, c")]
    assert last["regret"].iloc[0] < 0.02


def test_an_environment_without_the_objective_is_neither_searched_nor_a_source():
    lacking = dataset()
    lacking.loc[lacking["environment"] == "b", "latency_ms"] = np.nan
    searches = simulate("SOURCE_ORDER", replace(PARAMS, targets=["a", "b"]), lacking, OPTIONS)
    assert set(zip(searches["target"], searches["sources"], strict=True)) == {("a", "c")}
