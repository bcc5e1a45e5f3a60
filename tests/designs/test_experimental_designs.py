from __future__ import annotations

from collections import Counter
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from spaces import codes_of, factorial, option_spaces

from perftransfer import designs
from perftransfer.dataset import tables
from perftransfer.designs import _fixed, _nearest, stratified
from perftransfer.designs.box_behnken import BoxBehnken
from perftransfer.designs.central_composite import CentralComposite
from perftransfer.designs.interface import Design
from perftransfer.designs.kmeans import KMeans
from perftransfer.designs.latin_hypercube import LatinHypercube
from perftransfer.designs.multistage import MultiStage
from perftransfer.designs.plackett_burman import PlackettBurman
from perftransfer.designs.random import Random
from perftransfer.designs.stratified import Stratified
from perftransfer.designs.systematic import Systematic
from perftransfer.designs.uniform import Uniform
from perftransfer.errors import UserError
from perftransfer.space.encoding import codes, matrix
from perftransfer.space.option_space import OptionSpace
from perftransfer.space.options import Option

FREE = [Uniform(), Stratified(), Systematic(), MultiStage(), LatinHypercube(), KMeans()]
FIXED = [PlackettBurman(), BoxBehnken(), CentralComposite()]
LEAST = {BoxBehnken: 3, CentralComposite: 2}

#: Like NVIDIA's Jetson TX2: 768 configurations.
TX2, GRID = factorial(cores=4, cpu=12, gpu=4, memory=4)


def short(design: Design) -> str:
    return designs.name_of(type(design))


def each(modules: list[Design]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("design", modules, ids=short)


def sampled(space: OptionSpace, n: int = 40) -> np.ndarray:
    return codes(tables.configurations_frame(space.sample(n, 0), space.options), space.options)


def permutation(seed: int, n: int) -> np.ndarray:
    return np.random.default_rng(seed).permutation(n)


def chosen(design: Design, candidates: np.ndarray, options: tuple[Option, ...], n: int, seed: int) -> np.ndarray:
    return candidates[design.choose(candidates, options, permutation(seed, len(candidates)), n, None)]


def rows(array: np.ndarray) -> set[tuple[int, ...]]:
    return set(map(tuple, array.tolist()))


def mixed(two: int, three: int, ordered: bool = False, default: int = 0) -> tuple[Option, ...]:
    """So many options with two levels and with three or more, not conditional."""
    sizes = [2] * two + [3 + i % 2 for i in range(three)]
    levels = [tuple(f"level{j}" for j in range(n)) for n in sizes]
    return tuple(Option(f"option{i}", x, ordered, x[default]) for i, x in enumerate(levels))


def test_the_experimental_designs_are_on_offer_and_need_no_source():
    assert {short(design) for design in FREE + FIXED} <= set(designs.names())
    assert not any(design.needs_source for design in FREE + FIXED)


@settings(max_examples=40, deadline=None)
@given(option_spaces, st.integers(0, 1000), st.data())
def test_so_many_distinct_candidates_are_chosen_and_the_same_ones_in_the_same_random_order(space, seed, data):
    options = space[1].options
    everything = sampled(space[1])
    size = data.draw(st.integers(1, len(everything)), label="pool")
    candidates = everything[permutation(seed, len(everything))[:size]]
    n = data.draw(st.one_of(st.integers(1, size), st.just(size), st.integers(size, size + 20)), label="n")
    order = permutation(seed + 1, size)
    for design in FREE + FIXED:
        if len(options) < LEAST.get(type(design), 0):
            continue
        positions = design.choose(candidates, options, order.copy(), n, None).tolist()
        assert len(positions) == len(set(positions)) == min(n, size), design
        assert set(positions) <= set(range(size)), design
        assert positions == design.choose(candidates, options, order.copy(), n, None).tolist(), design


@each(FREE + FIXED)
def test_another_random_order_gives_another_choice(design):
    assert len({frozenset(rows(chosen(design, GRID, TX2, 6, seed))) for seed in range(10)}) > 5


# Wishes and the nearest configuration


@settings(max_examples=25, deadline=None)
@given(option_spaces, st.integers(0, 1000))
def test_a_wish_takes_the_configuration_that_it_is_but_for_options_that_play_no_part(space, seed):
    options = space[1].options
    rng = np.random.default_rng(seed)
    candidates = sampled(space[1])
    inactive = np.array([len(option.levels) for option in options])
    wishes = np.where(candidates == inactive, rng.integers(0, inactive, size=candidates.shape), candidates)
    order = permutation(seed, len(candidates))
    for i, wish in enumerate(wishes):
        assert _nearest.nearest(wish[None, :], candidates, options, order, 1).tolist() == [i]


def test_equal_wishes_take_different_candidates_the_nearest_first():
    options, grid = factorial(a=5)
    taken = _nearest.nearest(np.array([[0], [0], [0], [4]]), grid, options, permutation(0, 5), 4)
    assert taken.tolist() == [0, 1, 2, 4]


def test_of_equally_near_candidates_the_first_in_the_random_order_is_taken():
    options, grid = factorial(a=3, b=12, c=4)
    without = grid[(grid != [1, 5, 2]).any(axis=1)]
    # One rank of b is nearest, up or down; of the others, one is further.
    taken = Counter()
    for seed in range(200):
        order = permutation(seed, len(without))
        position = int(_nearest.nearest(np.array([[1, 5, 2]]), without, options, order, 1)[0])
        near = rows(np.array([[1, 4, 2], [1, 6, 2]]))
        assert tuple(without[position]) == next(x for x in map(tuple, without[order].tolist()) if x in near)
        taken[tuple(without[position].tolist())] += 1
    assert min(taken.values()) > 60 and len(taken) == 2


def test_candidates_are_equally_near_whichever_options_their_distance_comes_from():
    # Added up in floating point, the first is a little nearer: 1/9 + 2/9 + 8/9 and the other way round.
    options, _ = factorial(a=10, b=10, c=10)
    pair = np.array([[1, 2, 8], [8, 2, 1]])
    wish = np.zeros((1, 3), dtype=int)
    taken = [int(_nearest.nearest(wish, pair, options, np.array(order), 1)[0]) for order in ([0, 1], [1, 0])]
    assert taken == [0, 1]


def test_what_no_wish_takes_is_filled_up_in_the_random_order():
    options, grid = factorial(a=9)
    order = permutation(2, 9)
    taken = _nearest.nearest(np.array([[3]]), grid, options, order, 6).tolist()
    assert taken == [3, *[position for position in order.tolist() if position != 3][:5]]


def test_blocks_of_wishes_choose_what_all_at_once_would(monkeypatch):
    wishes = np.random.default_rng(0).integers(0, [4, 12, 4, 4], size=(100, 4))
    order = permutation(0, len(GRID))
    at_once = _nearest.nearest(wishes, GRID, TX2, order, 100)
    monkeypatch.setattr(_nearest, "_CELLS", 3 * len(GRID) + 1)
    assert (_nearest.nearest(wishes, GRID, TX2, order, 100) == at_once).all()


# Designs of any size


def test_uniform_sampling_meets_rare_levels_as_often_as_others():
    # Level 0 of the first option is in nine of ten configurations.
    rare = np.random.default_rng(0).permutation(GRID[GRID[:, 0] == 1])[:21]
    pool = np.vstack([GRID[GRID[:, 0] == 0], rare])
    options = (Option("cores", (1, 2), True, 1), *TX2[1:])
    shares = {
        design: np.mean([chosen(design(), pool, options, 20, seed)[:, 0].mean() for seed in range(30)])
        for design in (Uniform, Random)
    }
    assert shares[Uniform] == pytest.approx(0.5, abs=0.06)
    assert shares[Random] == pytest.approx(0.1, abs=0.04)


def test_uniform_sampling_does_not_pass_over_where_options_play_no_part():
    content = {
        "options": {"mode": {"levels": ["off", "on"]}} | {name: {"levels": [1, 2, 3, 4]} for name in "abc"},
        "conditions": [{"option": name, "when": {"mode": ["on"]}} for name in "ab"],
    }
    space = OptionSpace(content, "space")
    pool = sampled(space, 1000)
    off = [(chosen(Uniform(), pool, space.options, 4, seed)[:, 0] == 0).mean() for seed in range(100)]
    assert np.mean(off) == pytest.approx(0.5, abs=0.08)


@pytest.mark.parametrize("seed", range(5))
def test_a_latin_hypercube_has_each_level_of_each_option_equally_often(seed):
    levels = chosen(LatinHypercube(), GRID, TX2, 12, seed)
    assert all(np.bincount(levels[:, i]).tolist() == [12 // n] * n for i, n in enumerate((4, 12, 4, 4)))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n", [45, 84])
def test_strata_get_their_share_of_the_sample(n, seed):
    pool = GRID[permutation(seed + 100, len(GRID))[:512]]
    sample = chosen(Stratified(), pool, TX2, n, seed)
    # Two of the three options with four levels are crossed if 45 are measured, all three if 84 are.
    crossed = {45: 2, 84: 3}[n]
    even = []
    for columns in combinations((0, 2, 3), crossed):
        held, sampled = (Counter(map(tuple, x[:, columns].tolist())) for x in (pool, sample))
        even.append(all(abs(sampled[stratum] - n * held[stratum] / len(pool)) < 1 for stratum in held))
    assert any(even)


def test_there_are_no_more_strata_than_are_measured():
    rng = np.random.default_rng(0)
    assert [len(set(stratified.strata(GRID, n, rng))) for n in (3, 4, 15, 16, 64, 767, 768)] == [
        1, 4, 4, 16, 64, 64, 768]  # fmt: skip


@settings(max_examples=50)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=8), st.integers(0, 1000), st.data())
def test_shares_are_proportional_and_add_up(sizes, seed, data):
    n = data.draw(st.integers(0, sum(sizes)))
    shares = stratified.shares(np.array(sizes), n, np.random.default_rng(seed))
    assert shares.sum() == n
    exact = n * np.array(sizes) / sum(sizes)
    assert (np.abs(shares - exact) < 1).all()
    assert (shares <= sizes).all()


def test_shares_are_split_at_random_where_remainders_are_equal():
    drawn = {tuple(stratified.shares(np.array([5, 5, 5]), 4, np.random.default_rng(seed))) for seed in range(30)}
    assert drawn == {(2, 1, 1), (1, 2, 1), (1, 1, 2)}


@pytest.mark.parametrize("n", [1, 7, 45, 84, 700])
def test_a_systematic_sample_lies_evenly_in_the_sorted_list(n):
    # The grid is listed in lexicographic order, so positions in it are positions in the list.
    pool = permutation(9, len(GRID))[:512]
    listed = np.sort(pool)
    for seed in range(5):
        positions = Systematic().choose(GRID[pool], TX2, permutation(seed, 512), n, None)
        listed_positions = np.searchsorted(listed, pool[positions])
        assert set(np.diff(listed_positions)) <= {512 // min(n, 512), -(-512 // min(n, 512))}
        assert listed_positions[0] <= 512 / n


def test_every_candidate_is_as_likely_in_a_systematic_sample():
    options, grid = factorial(a=10)
    counts = Counter(int(x) for seed in range(2000) for x in chosen(Systematic(), grid, options, 3, seed)[:, 0])
    assert len(counts) == 10
    assert all(count == pytest.approx(600, abs=90) for count in counts.values())


def test_multi_stage_sampling_keeps_half_of_the_levels_of_an_option_after_the_other():
    def levels_of(n: int, seed: int) -> list[int]:
        return [len(set(column)) for column in chosen(MultiStage(), GRID, TX2, n, seed).T.tolist()]

    for seed in range(10):
        # 768 halved four times are 48, three times 96.
        assert levels_of(48, seed) == [2, 6, 2, 2]
        assert sum(sampled < held for sampled, held in zip(levels_of(96, seed), (4, 12, 4, 4), strict=True)) == 3
    level_sets = {frozenset(chosen(MultiStage(), GRID, TX2, 48, seed)[:, 0].tolist()) for seed in range(60)}
    assert len(level_sets) == 6


def test_of_an_odd_number_of_levels_the_larger_half_is_kept():
    options, grid = factorial(a=5, b=5)
    assert [len(set(column)) for column in chosen(MultiStage(), grid, options, 9, 0).T.tolist()] == [3, 3]


@pytest.mark.parametrize("n", [20, 45, 84])
def test_k_means_leaves_less_distance_to_the_nearest_than_random_sampling(n):
    points = matrix(GRID, TX2, "scaled")

    def distance(design: Design) -> float:
        samples = [matrix(chosen(design, GRID, TX2, n, seed), TX2, "scaled") for seed in range(5)]
        return float(np.mean([cdist(points, sample).min(axis=1).mean() for sample in samples]))

    assert distance(KMeans()) < 0.95 * distance(Random())


def test_k_means_finds_groups():
    options, grid = factorial(a=21, b=21)
    corners = [(x, y) for x, y in product((1, 19), repeat=2)]
    pool = grid[[min(abs(a - x) + abs(b - y) for x, y in corners) <= 1 for a, b in grid]]
    counts = [len(rows(chosen(KMeans(), pool, options, 4, seed) // 10)) for seed in range(20)]
    assert np.mean(counts) > 3


def test_k_means_takes_the_same_configuration_given_twice_twice_if_nothing_else_is_left():
    options, grid = factorial(a=3)
    twice = np.vstack([grid, grid])
    positions = KMeans().choose(twice, options, permutation(0, 6), 5, None)
    assert len(set(positions.tolist())) == 5
    assert len(rows(twice[positions[:3]])) == 3


# Designs of a fixed size


@pytest.mark.parametrize(("design", "size"), [(PlackettBurman(), 8), (BoxBehnken(), 25), (CentralComposite(), 25)])
def test_sizes_for_the_jetson_tx2(design, size):
    assert design.size(TX2) == size


@each(FIXED)
@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("default", [0, 1])
def test_the_size_is_the_number_of_distinct_points(design, ordered, default):
    for two, three in product(range(5), range(5)):
        if two + three >= LEAST.get(type(design), 1):
            options = mixed(two, three, ordered, default)
            points = design.points(options, np.random.default_rng(0))
            assert design.size(options) == len(rows(points)), (two, three)
            assert (points >= 0).all() and (points < [len(option.levels) for option in options]).all()


@each(FIXED)
@pytest.mark.parametrize("ordered", [True, False])
def test_all_points_are_found_where_all_configurations_are_there(design, ordered):
    options = mixed(1, 4, ordered)
    grid = codes_of(*(range(len(option.levels)) for option in options))
    for seed in range(5):
        order = permutation(seed, len(grid))
        taken = [design.choose(grid, options, order, n, None).tolist() for n in (5, design.size(options), 60)]
        # The same generator that the design makes of the random order.
        points = rows(design.points(options, np.random.default_rng(order)))
        assert rows(grid[taken[1]]) == points
        assert taken[1][:5] == taken[0]
        assert taken[2][: len(points)] == taken[1]
        rest = set(range(len(grid))) - set(taken[1])
        assert taken[2][len(points) :] == [x for x in order.tolist() if x in rest][: 60 - len(points)]


@each(FIXED)
def test_options_without_order_have_their_default_and_others_at_random(design):
    options = tuple(Option(name, ("a", "b", "c", "d"), False, "b") for name in "wxyz")
    sets = {
        frozenset(np.unique(design.points(options, np.random.default_rng(seed))[:, 0]).tolist()) for seed in range(40)
    }
    others = 1 if isinstance(design, PlackettBurman) else 2
    assert sets == {frozenset({1, *rest}) for rest in combinations((0, 2, 3), others)}


@pytest.mark.parametrize("k", [*range(2, 13), 16, 19, 20, 22, 24, 27, 36, 44, 95])
def test_plackett_burman_columns_are_balanced_and_orthogonal(k):
    options = mixed(k, 0)
    points = PlackettBurman().points(options, np.random.default_rng(0))
    runs = len(points)
    assert PlackettBurman().size(options) == runs > k
    signs = 2 * points - 1
    assert (signs.sum(axis=0) == 0).all()
    assert (signs.T @ signs == runs * np.eye(k)).all()
    assert len(rows(points)) == runs


@pytest.mark.parametrize(
    ("k", "runs"), [(1, 2), (3, 4), (4, 8), (11, 12), (12, 16), (19, 20), (22, 24), (24, 32), (40, 48)]
)
def test_plackett_burman_takes_the_next_multiple_of_four_that_there_is(k, runs):
    assert PlackettBurman().size(mixed(k, 0)) == runs


def test_plackett_burman_takes_the_extremes_and_each_pair_of_them_equally_often():
    sample = chosen(PlackettBurman(), GRID, TX2, 8, 0)
    assert all(set(column) == {0, n - 1} for column, n in zip(sample.T.tolist(), (4, 12, 4, 4), strict=True))
    for i, j in combinations(range(4), 2):
        assert set(Counter(map(tuple, sample[:, [i, j]].tolist())).values()) == {2}


def test_other_options_share_a_column_with_an_interaction_in_another_random_order():
    sets = {frozenset(rows(PlackettBurman().points(TX2, np.random.default_rng(seed)))) for seed in range(20)}
    assert len(sets) > 3


MIDDLE = np.array([2, 6, 2, 2])


def test_box_behnken_points_have_two_options_at_an_extreme_and_the_others_in_the_middle():
    sample = chosen(BoxBehnken(), GRID, TX2, 25, 0)
    off = (sample != MIDDLE).sum(axis=1)
    assert Counter(off.tolist()) == {2: 24, 0: 1}
    assert all(set(column) == {0, middle, n - 1} for column, middle, n in zip(sample.T.tolist(), MIDDLE.tolist(),
                                                                             (4, 12, 4, 4), strict=True))  # fmt: skip


def test_central_composite_points_are_the_corners_the_centre_and_the_centres_of_the_faces():
    sample = rows(chosen(CentralComposite(), GRID, TX2, 25, 0))
    corners = set(product((0, 3), (0, 11), (0, 3), (0, 3)))
    faces = {
        tuple(extreme if j == i else int(MIDDLE[j]) for j in range(4))
        for i, n in enumerate((4, 12, 4, 4))
        for extreme in (0, n - 1)
    }
    assert sample == corners | faces | {tuple(MIDDLE.tolist())}


@pytest.mark.parametrize(
    ("design", "options", "message"),
    [
        (BoxBehnken(), mixed(1, 1), "Box-Behnken design: needs 3 options or more; found 2: option0, option1"),
        (CentralComposite(), mixed(0, 1), "central composite design: needs 2 options or more; found 1: option0"),
        (
            CentralComposite(),
            mixed(0, 22),
            "central composite design: 4,194,349 configurations for 22 options; at most 10,000 are possible",
        ),
        (
            BoxBehnken(),
            mixed(0, 72),
            "Box-Behnken design: 10,225 configurations for 72 options; at most 10,000 are possible",
        ),
    ],
)
def test_too_few_or_too_many_options_are_an_error_for_people(design, options, message):
    candidates = np.zeros((3, len(options)), dtype=int)
    for call in (
        lambda: design.size(options),
        lambda: design.choose(candidates, options, permutation(0, 3), 2, None),
    ):
        with pytest.raises(UserError) as caught:
            call()
        assert str(caught.value) == message


def test_an_option_with_two_levels_has_its_default_in_the_middle():
    for ordered, default in product((True, False), (0, 1)):
        (option,) = mixed(1, 0, ordered, default)
        assert _fixed.three_levels(option, np.random.default_rng(0)) == (0, default, 1)
