"""Checks that published methods do what their papers say, on made-up environments whose truth is known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from spaces import factorial

from perftransfer import learners, strategies
from perftransfer.designs.exploiting import Exploiting
from perftransfer.designs.interface import Evidence
from perftransfer.strategies.interface import Source

OPTIONS, CODES = factorial(threads=4, level=4, size=3, null=3)
BASE = 1.0 - 0.4 * CODES[:, 0] + 0.3 * CODES[:, 1] + 0.1 * CODES[:, 0] * CODES[:, 2]
TARGET_EFFECT = 0.5 * (CODES[:, 1] == 3)
ROWS = np.random.default_rng(0).permutation(len(CODES))[:24]
REST = np.setdiff1d(np.arange(len(CODES)), ROWS)


def of(name: str, y: np.ndarray) -> Source:
    """A source whose model has learnt its truth."""

    def truth(codes: np.ndarray) -> np.ndarray:
        return y[[int(np.flatnonzero((row == CODES).all(axis=1))[0]) for row in codes]]

    return Source(name, CODES, y, OPTIONS, SimpleNamespace(predict=truth))


def error(name: str, target: np.ndarray, source: Source, learner: str = "BRT") -> float:
    """Mean absolute error where nothing was measured."""
    cls: Any = strategies.load(name)
    unfitted = learners.make(learner, OPTIONS, 0) if cls.fits_learner_on in ("target", "both") else None
    fitted = cls(unfitted, OPTIONS, 0).fit(CODES[ROWS], target[ROWS], source)
    return float(np.abs(fitted.predict(CODES[REST], source) - target[REST]).mean())


@pytest.mark.parametrize("learner", ["BRT", "RF"])
def test_a_source_prediction_as_a_feature_lets_a_learner_use_the_source(learner):
    target = 0.5 * BASE + 2 + TARGET_EFFECT
    without = error("RS", target, of("source", BASE), learner)
    assert error("TEAMS", target, of("source", BASE), learner) < 0.7 * without


@pytest.mark.parametrize("learner", ["BRT", "SVR", "RF"])
def test_augmented_features_learn_what_is_shared_and_what_is_not(learner):
    target = BASE + 0.2 + TARGET_EFFECT
    source = of("source", BASE)
    assert error("FA", target, source, learner) < 0.8 * error("RS", target, source, learner)
    # What is the target's own is learnt from the target's rows, which a shift of the source cannot.
    assert error("FA", target, source, learner) < error("LMS", target, source)


def test_boosting_learns_what_a_line_leaves():
    target = 0.5 * BASE + 2 + TARGET_EFFECT
    source = of("source", BASE)
    assert error("RBS", target, source) < 0.5 * error("LMS", target, source)
    assert error("RBS", 0.5 * BASE + 2, source) < 1e-3


def test_the_most_similar_source_is_picked_by_what_was_measured():
    rng = np.random.default_rng(1)
    sources = [of("noise", rng.normal(size=len(CODES))), of("alike", BASE), of("less", BASE + 2 * TARGET_EFFECT)]
    joined = Source.combine(sources)
    fitted = strategies.load("MSS")(None, OPTIONS).fit(CODES[ROWS], 3 * BASE[ROWS], joined)
    assert fitted.selected_ == 1
    assert fitted.predict(CODES, joined) == pytest.approx(3 * BASE)


def test_the_bellwether_agrees_with_the_other_sources_whatever_the_target_is():
    rng = np.random.default_rng(1)
    noisy = [of(f"noisy{i}", BASE + rng.normal(0, 0.6, len(CODES))) for i in range(4)]
    joined = Source.combine([*noisy[:2], of("bellwether", BASE), *noisy[2:]])
    for target in (BASE, rng.normal(size=len(CODES))):
        fitted = strategies.load("BEETLE")(None, OPTIONS).fit(CODES[ROWS], target[ROWS], joined)
        assert fitted.selected_ == 2


@pytest.mark.parametrize("name", ["MSS", "BEETLE"])
def test_equal_ranks_do_not_make_the_first_name_the_best(name):
    """All rank the configurations alike; only one is a line away from the target."""
    bent, straight = np.exp(BASE), 2 * BASE + 1
    for first, second in ((bent, straight), (straight, bent)):
        assert error(name, BASE, Source.combine([of("a", first), of("b", second)])) < 1e-9


def test_sources_are_combined_as_the_target_wants_it():
    a, b = BASE, 0.3 * CODES[:, 3] - 0.2 * CODES[:, 1]
    joined = Source.combine([of("a", a), of("b", b), of("both", a + b)])
    target = 0.3 * a + 0.7 * b + 5
    assert error("LCS", target, joined) < 0.02
    assert error("LCS", target, joined) < 0.1 * error("MSS", target, joined)


def test_sampling_exploits_influential_terms_and_explores_in_between():
    terms = (frozenset({"threads", "level"}), frozenset({"size"}))
    evidence = Evidence(CODES, BASE, terms)
    shares = []
    for repeat in range(20):
        order = np.random.default_rng(repeat).permutation(len(CODES))
        chosen = Exploiting().choose(CODES, OPTIONS, order, 24, evidence)
        assert len(set(chosen)) == 24
        assert set(np.bincount(CODES[chosen][:, 2], minlength=3) // 6) <= {1}
        shares.append([len(np.unique(CODES[rows][:, :2], axis=0)) for rows in (chosen, order[:24])])
    # Of 16 combinations of the first term.
    exploited, drawn = np.mean(shares, axis=0)
    assert exploited > drawn + 1
    assert (Exploiting().choose(CODES, OPTIONS, order, 10, evidence) == chosen[:10]).all()
    everything = Exploiting().choose(CODES, OPTIONS, order, 10**4, evidence)
    assert sorted(everything) == list(range(len(CODES)))
    nothing = Exploiting().choose(CODES, OPTIONS, order, 12, Evidence(CODES, BASE))
    assert (nothing == order[:12]).all()
