from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spaces import CONTENT, factorial, option_spaces

from perftransfer import designs, influence
from perftransfer.dataset import tables
from perftransfer.designs import guided
from perftransfer.designs.guided import Guided
from perftransfer.designs.interface import Evidence
from perftransfer.designs.random import Random
from perftransfer.space import terms
from perftransfer.space.encoding import codes, distances
from perftransfer.space.option_space import OptionSpace
from perftransfer.space.options import Option


def evidence(rows: np.ndarray, y: np.ndarray, options: Sequence[Option]) -> Evidence:
    return Evidence(rows, y, tuple(item.term for item in influence.analyse(rows, options, y) if item.selected))


def sampled(space: OptionSpace, n: int = 60) -> np.ndarray:
    return codes(tables.configurations_frame(space.sample(n, 0), space.options), space.options)


def cube() -> tuple[tuple[Option, ...], np.ndarray, Evidence]:
    """3 x 3 x 2 x 2 configurations, all measured in the source: c matters most, then a, then both together."""
    options, rows = factorial(a=3, b=3, c=2, d=2)
    noise = np.random.default_rng(0).normal(0, 1e-3, len(rows))
    y = 3.0 * rows[:, 2] + 1.0 * rows[:, 0] + 0.5 * (rows[:, 0] - 1) * (2 * rows[:, 2] - 1) + noise
    return options, rows, evidence(rows, y, options)


def test_designs_are_found_by_their_files():
    assert {"guided", "random"} <= set(designs.names())
    assert [designs.name_of(cls) for cls in (Random, Guided)] == ["random", "guided"]


@settings(max_examples=10)
@given(option_spaces, st.integers(0, 1000), st.data())
def test_a_design_chooses_as_many_as_are_asked_for_and_none_twice(space, seed, data):
    rows = sampled(space[1])
    rng = np.random.default_rng(seed)
    source = evidence(rows, rng.normal(size=len(rows)), space[1].options)
    order = rng.permutation(data.draw(st.integers(0, len(rows))))
    n = data.draw(st.integers(1, len(rows) + 5))
    for design in (Random(), Guided()):
        chosen = design.choose(rows[: len(order)], space[1].options, order, n, source)
        assert len(chosen) == len(set(chosen)) == min(n, len(order))
        assert set(chosen) <= set(range(len(order)))


def test_random_samples_are_the_random_order_itself():
    order = np.random.default_rng(1).permutation(20)
    assert (Random().choose(np.zeros((20, 2), dtype=int), (), order, 5, None) == order[:5]).all()


def test_guided_sampling_needs_a_source():
    with pytest.raises(ValueError, match="source"):
        Guided().choose(np.zeros((2, 1), dtype=int), factorial(a=2)[0], np.arange(2), 1, None)


@pytest.mark.parametrize("seed", range(5))
def test_guided_sampling_varies_what_matters_in_the_order_of_its_influence(seed):
    options, rows, source = cube()
    assert list(source.terms[:3]) == [("c",), ("a",), ("a", "c")]
    order = np.random.default_rng(seed).permutation(len(rows))
    chosen = rows[Guided().choose(rows, options, order, len(rows), source)]

    def combinations(**values: range) -> set[tuple[int, ...]]:
        axes = [values.get(option.name, range(1)) for option in options]
        return {(a, b, c, d) for a in axes[0] for b in axes[1] for c in axes[2] for d in axes[3]}

    # c: its 2 levels, all else at default; then the 2 other levels of a; then the 2 other combinations of both.
    samples = [set(map(tuple, chosen[:n].tolist())) for n in (2, 4, 6)]
    assert samples[0] == combinations(c=range(2))
    assert samples[1] == combinations(c=range(2)) | combinations(a=range(3))
    assert samples[2] == combinations(a=range(3), c=range(2))


def test_a_budget_cuts_the_last_term_at_random():
    options, rows, source = cube()
    third = {
        tuple(rows[Guided().choose(rows, options, np.random.default_rng(seed).permutation(len(rows)), 3, source)][2])
        for seed in range(30)
    }
    assert third == {(1, 0, 0, 0), (2, 0, 0, 0)}


def test_the_rest_is_measured_in_the_random_order():
    options, rows, source = cube()
    order = np.random.default_rng(3).permutation(len(rows))
    chosen = Guided().choose(rows, options, order, len(rows), source)
    wished = len({wish.tobytes() for term in source.terms for wish in guided.wishes(term, options)})
    rest = chosen[wished:]
    assert rest.tolist() == [position for position in order if position in set(rest)]


def test_the_same_random_order_gives_the_same_choice_and_another_gives_another():
    options, rows, source = cube()
    orders = [np.random.default_rng(seed).permutation(len(rows)) for seed in (0, 0, 1)]
    first, again, other = (Guided().choose(rows, options, order, len(rows), source).tolist() for order in orders)
    assert first == again
    assert first != other


@settings(max_examples=10)
@given(option_spaces, st.integers(0, 1000))
def test_a_wish_takes_the_nearest_candidate_that_is_left(space, seed):
    options = tuple(option for option in space[1].options if not option.conditional)
    keep = [i for i, option in enumerate(space[1].options) if not option.conditional]
    rows = np.unique(sampled(space[1])[:, keep], axis=0)
    rng = np.random.default_rng(seed)
    source = evidence(rows, rows @ rng.normal(size=len(options)) + rng.normal(0, 0.01, len(rows)), options)
    candidates = rows[rng.permutation(len(rows))[: max(1, len(rows) // 2)]]
    order = rng.permutation(len(candidates))
    chosen = Guided().choose(candidates, options, order, len(order), source).tolist()
    # Of a term's wishes those count whose levels some candidate has.
    possible = {
        tuple(wish)
        for term in source.terms
        for wish in guided.wishes(term, options).tolist()
        if any(
            all(row[i] == wish[i] for i, option in enumerate(options) if option.name in term)
            for row in candidates.tolist()
        )
    }
    wishes = np.array(sorted(possible)).reshape(-1, len(options))
    # Replay: each candidate taken for a wish must be as near to some wish of a term as any that was left. One taken for
    # a wish that no candidate fulfils may be another wish, which then takes none.
    unfulfilled = int((distances(wishes, candidates, options).min(axis=1) > 1e-9).sum()) if len(wishes) else 0
    for position in range(min(len(wishes) - unfulfilled, len(chosen))):
        gaps = distances(wishes, candidates[chosen[position:]], options)
        assert (gaps[:, 0] <= gaps.min(axis=1) + 1e-9).any()


def test_levels_that_the_target_does_not_have_do_not_crowd_out_other_terms():
    options, rows = factorial(a=8, b=2, z=4)
    here = rows[rows[:, 0] < 3]
    source = Evidence(rows, np.zeros(len(rows)), (("a",), ("b",)))
    for seed in range(20):
        order = np.random.default_rng(seed).permutation(len(here))
        chosen = here[Guided().choose(here, options, order, 4, source)]
        assert sorted(map(tuple, chosen.tolist())) == [(0, 0, 0), (0, 1, 0), (1, 0, 0), (2, 0, 0)]


@pytest.mark.parametrize("terms", [(("threads",), ("inter",)), (("inter",), ("mode",))])
def test_a_conditional_option_is_varied_although_its_default_looks_like_a_wish_of_another_term(terms):
    content = {
        "options": {
            "mode": {"levels": ["seq", "par"], "default": "seq"},
            "inter": {"levels": [1, 2], "ordered": True, "default": 1},
            "threads": {"levels": [1, 2], "ordered": True, "default": 1},
        },
        "conditions": [{"option": "inter", "when": {"mode": ["par"]}}],
    }
    options = OptionSpace(content, "space").options
    rows = codes(pd.DataFrame(
        [(m, i, t) for m, i in (("seq", "inactive"), ("par", "1"), ("par", "2")) for t in (1, 2)],
        columns=["mode", "inter", "threads"],
    ), options)  # fmt: skip
    union = {0: 4, 1: 3}["mode" in terms[1]]
    for seed in range(20):
        order = np.random.default_rng(seed).permutation(len(rows))
        chosen = rows[Guided().choose(rows, options, order, union, Evidence(rows, np.zeros(len(rows)), terms))]
        plain = [row for row in chosen.tolist() if row[2] == 0]
        # Sequential, and both levels of what only counts in parallel.
        assert sorted(map(tuple, plain)) == [(0, 2, 0), (1, 0, 0), (1, 1, 0)]


def test_wishes_are_all_combinations_of_the_levels_of_the_term_with_the_rest_at_default():
    options = (
        Option("a", (1, 2, 4), True, 2),
        Option("b", ("x", "y"), False, "y"),
        Option("c", (True, False), False, False),
    )
    assert guided.wishes(("a",), options).tolist() == [[0, 1, 1], [1, 1, 1], [2, 1, 1]]
    assert sorted(guided.wishes(("a", "b"), options).tolist()) == [[a, b, 1] for a in range(3) for b in range(2)]


@pytest.mark.parametrize("seed", range(10))
def test_an_option_that_plays_no_part_counts_as_left_at_its_default(seed):
    # Only spinning matters in the source; it can be varied in sequential mode, where "inter" plays no part.
    space = OptionSpace(CONTENT, "space")
    rows = np.unique(sampled(space, 10**6), axis=0)
    names = [option.name for option in space.options]
    noise = np.random.default_rng(0).normal(0, 0.01, len(rows))
    source = evidence(rows, 1.0 * rows[:, names.index("spinning")] + noise, space.options)
    order = np.random.default_rng(seed).permutation(len(rows))
    first = rows[Guided().choose(rows, space.options, order, 2, source)]
    parts = [dict(zip(names, row, strict=True)) for row in first.tolist()]
    assert sorted(part["spinning"] for part in parts) == [0, 1]
    assert all(part["mode"] == 0 and part["threads"] == 0 and part["layout"] == 1 for part in parts)


@pytest.mark.parametrize("seed", range(10))
def test_a_conditional_option_that_matters_is_varied_where_it_plays_a_part(seed):
    space = OptionSpace(CONTENT, "space")
    rows = np.unique(sampled(space, 10**6), axis=0)
    names = [option.name for option in space.options]
    inter = rows[:, names.index("inter")]
    noise = np.random.default_rng(0).normal(0, 0.01, len(rows))
    y = np.where(inter < 3, 1.0 * inter, 1.0) + noise
    order = np.random.default_rng(seed).permutation(len(rows))
    first = rows[Guided().choose(rows, space.options, order, 3, evidence(rows, y, space.options))]
    assert {0, 2} <= set(first[:, names.index("inter")].tolist())


# The grid of the Jetson TX2 in the paper, and the terms that its authors published for it.
PUBLISHED = (
    "core1_status core2_status core_freq gpu_freq emc_freq core_freq:emc_freq core1_status:core_freq "
    "core1_status:gpu_freq core_freq:gpu_freq"
)


def tx2(cores: Sequence[tuple[int, ...]], names: Sequence[str], default: int) -> tuple[tuple[Option, ...], np.ndarray]:
    """The grid with its sets of cores (one row of levels per set, ``default`` one of them) as these options."""
    clocks, rows = factorial(core_freq=12, gpu_freq=4, emc_freq=4)
    statuses = tuple(
        Option(name, tuple(sorted({levels[i] for levels in cores})), True, cores[default][i])
        for i, name in enumerate(names)
    )
    grid = [(*(option.code(x) for option, x in zip(statuses, c, strict=True)), *row) for c in cores for row in rows]
    return (*statuses, *clocks), np.array(grid)


def n_wishes(selected: Sequence[terms.Term], options: tuple[Option, ...], grid: np.ndarray) -> int:
    wishes = {tuple(wish) for term in selected for wish in guided.wishes(term, options).tolist()}
    return len(wishes & set(map(tuple, grid.tolist())))


@pytest.mark.parametrize(("default", "rows"), [(3, 84), (0, 99)])
def test_the_published_terms_ask_for_84_configurations_over_the_raw_columns(default, rows):
    # With all cores on, switching core 1 or 2 off alone is no set of cores of the grid; with one core on, core 1 may
    # be switched on.
    sets = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (1, 1, 1)]
    options, grid = tx2(sets, ["core1_status", "core2_status", "core3_status"], default)
    assert n_wishes([terms.parse(name) for name in PUBLISHED.split()], options, grid) == rows


@pytest.mark.parametrize("default", range(4))
def test_the_published_terms_ask_for_129_configurations_with_the_cores_as_one_option(default):
    options, grid = tx2([(1,), (2,), (3,), (4,)], ["cores_on"], default)
    selected = {tuple("cores_on" if part.startswith("core") and part.endswith("status") else part
                   for part in terms.parse(name)) for name in PUBLISHED.split()}  # fmt: skip
    assert n_wishes(sorted(selected), options, grid) == 129
