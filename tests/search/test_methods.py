"""What each search method proposes, on a small option space measured in two sources and a target."""

from __future__ import annotations

import numpy as np
import pytest

from perftransfer import search
from perftransfer.designs.interface import Evidence
from perftransfer.search._acquisition import log_expected_improvement, log_feasibility
from perftransfer.search.interface import History
from perftransfer.testing._data import CODES, OPTIONS, SOURCES, TARGET

EVIDENCE = [Evidence(CODES, y) for y in SOURCES]


def make(name: str, sources=EVIDENCE, seed: int = 0):
    return search.CATALOGUE.load(name)(CODES, OPTIONS, sources, seed)


def run(name: str, y: np.ndarray, n: int, sources=EVIDENCE, seed: int = 0) -> list[int]:
    method, history = make(name, sources, seed), History.empty()
    while len(history) < n:
        rows = np.append(history.rows, method.propose(history)[0])
        history = History(rows, y[rows])
    return history.rows.tolist()


def regret(y: np.ndarray, rows: list[int]) -> float:
    return float(np.nanmin(y[rows]) - np.nanmin(y))


def test_source_order_is_the_order_of_mean_ranks():
    ranks = sum(np.argsort(np.argsort(y)) for y in SOURCES)
    proposed = make("SOURCE_ORDER").propose(History.empty(), 10)
    assert (np.diff(ranks[proposed]) >= 0).all()
    assert ranks[proposed[0]] == ranks.min()


def test_sources_measured_in_part_are_completed_from_each_other():
    rng = np.random.default_rng(4)
    partial = [Evidence(CODES[rows], y[rows]) for y in SOURCES for rows in [rng.permutation(len(CODES))[:30]]]
    best = SOURCES[0] + SOURCES[1]
    for name in ("SOURCE_ORDER", "TRANSFER"):
        (first,) = make(name, partial).propose(History.empty())
        assert (best < best[first]).mean() < 0.05


@pytest.mark.parametrize("name", ["TRANSFER", "SOURCE_ORDER"])
def test_good_sources_lead_to_the_best_in_few_measurements(name):
    assert regret(TARGET, run(name, TARGET, 6)) < 0.02


def test_transfer_leaves_sources_that_mislead():
    # The best configurations of the sources are the worst of the target.
    misled = -TARGET + np.random.default_rng(3).normal(0, 0.05, len(TARGET))
    assert regret(misled, run("TRANSFER", misled, 14)) < 0.1
    assert regret(misled, run("SOURCE_ORDER", misled, 14)) > 0.5


def test_ei_beats_random_search():
    seeds = range(5)
    random = np.mean([regret(TARGET, run("RANDOM", TARGET, 14, seed=seed)) for seed in seeds])
    assert np.mean([regret(TARGET, run("EI", TARGET, 14, seed=seed)) for seed in seeds]) < 0.5 * random


@pytest.mark.parametrize("name", ["TRANSFER", "EI"])
def test_a_search_learns_where_configurations_fail(name):
    # All with threads=8, among them what is best in the sources.
    y = np.where(CODES[:, 0] == 3, np.nan, TARGET)
    rows = run(name, y, 14)
    assert np.isnan(y[rows[:8]]).sum() <= 4
    assert regret(y, rows) < (0.01 if name == "TRANSFER" else 0.3)


def test_a_lucky_value_is_not_taken_for_the_best():
    # Measured in one process with large noise, next to values of many processes.
    history = History(np.arange(0, 96, 8), TARGET[::8].copy(), np.full(12, 1e-4))
    lucky = history.rows[0]
    y, noise = history.y.copy(), history.noise.copy()
    y[0], noise[0] = y.min() - 1, 4.0
    (with_luck,) = make("EI").propose(History(history.rows, y, noise))
    assert with_luck != lucky
    near = (CODES[lucky] == CODES).sum(axis=1)
    assert near[with_luck] < 4


def test_a_batch_is_spread():
    history = History(np.arange(0, 96, 12), TARGET[::12])
    batch = make("EI").propose(history, 4)
    assert len({tuple(CODES[row]) for row in batch}) == 4
    assert batch[0] == make("EI").propose(history)[0]


def test_expected_improvement_agrees_with_its_definition_and_has_a_tail():
    rng = np.random.default_rng(0)
    mean, std = np.array([0.0, 0.5, -1.0]), np.array([1.0, 0.2, 0.1])
    draws = np.maximum(0.2 - rng.normal(mean, std, (400_000, 3)), 0).mean(axis=0)
    assert np.exp(log_expected_improvement(mean, std, 0.2)) == pytest.approx(draws, rel=0.03)
    far = log_expected_improvement(np.array([10.0, 40.0, 400.0]), np.ones(3), 0.0)
    assert np.isfinite(far).all()
    assert (np.diff(far) < 0).all()


def test_feasibility_falls_near_failures_alone():
    everything = np.arange(8)
    assert (log_feasibility(CODES, OPTIONS, History(everything, TARGET[:8])) == 0).all()
    failed = log_feasibility(CODES, OPTIONS, History(np.array([0]), np.array([np.nan])))
    assert failed[0] == failed.min()
    assert failed.min() < np.log(0.6)
    assert failed.max() > np.log(0.8)
