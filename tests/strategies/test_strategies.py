from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from spaces import factorial

from perftransfer import learners, strategies
from perftransfer.designs.exploiting import Exploiting
from perftransfer.designs.greedy import Greedy
from perftransfer.designs.guided import Guided
from perftransfer.designs.random import Random
from perftransfer.errors import UserError
from perftransfer.space.options import Option
from perftransfer.strategies.interface import Source

OPTIONS, CODES = factorial(threads=3, level=4, size=2)
#: The source's truth, in logarithms of milliseconds; in the target everything takes twice as long.
SOURCE_Y = 1.0 - 0.5 * CODES[:, 0] + 0.3 * CODES[:, 1] + 0.2 * CODES[:, 0] * CODES[:, 2]
TARGET_Y = SOURCE_Y + np.log(2)
NAMES = strategies.names()
BY_THEMSELVES = ("KT", "MKT", "AUTO")
ON_THE_TARGET = ("RS", "GS", "L2S", "FA")
ALL_SOURCES = ("MKT", "AUTO", "BEETLE", "MSS", "LCS")
DESIGNS = {"GS": Guided, "L2S": Exploiting, **dict.fromkeys(BY_THEMSELVES, Greedy)}
WITHOUT_SOURCE = ("RS", "GP")


def truth(codes: np.ndarray) -> np.ndarray:
    """Truth of the source, as a model that has learnt it without error."""
    rows = [int(np.flatnonzero((row == CODES).all(axis=1))[0]) for row in codes]
    return SOURCE_Y[rows]


def source(measured: slice = slice(None), predict: Any = truth) -> Source:
    return Source("source", CODES[measured], SOURCE_Y[measured], OPTIONS, SimpleNamespace(predict=predict))


def made(name: str, learner: str = "RT") -> Any:
    cls = strategies.load(name)
    return cls(
        learners.make(learner, OPTIONS, 0) if cls.fits_learner_on in ("target", "both") else None, OPTIONS, seed=0
    )


def percentage_error(strategy: Any, known_source: Source | None) -> np.ndarray:
    return 100 * np.abs(np.exp(strategy.predict(CODES, known_source)) / np.exp(TARGET_Y) - 1)


def test_strategies_are_the_files_of_their_folder():
    folder = Path(strategies.__file__).parent
    files = {path.stem.upper() for path in folder.glob("[a-z]*.py")} - {"INTERFACE"}
    assert files == set(NAMES) >= {"RS", "GS", "DM", "LMS", "NLMS"}


def test_an_unknown_strategy_is_refused_with_the_nearest_one():
    with pytest.raises(UserError, match="Did you mean 'NLMS'"):
        strategies.load("NLSM")
    with pytest.raises(UserError):
        strategies.modules_of("interface")


@pytest.mark.parametrize("name", NAMES)
def test_a_strategy_says_what_it_is(name):
    cls = strategies.load(name)
    assert cls.__name__ == name
    assert cls.title[0].islower() or name == "GP"
    expected = {**dict.fromkeys((*BY_THEMSELVES, "GP"), "none"), **dict.fromkeys(ON_THE_TARGET, "target")}
    assert cls.fits_learner_on == {"TEAMS": "both", **expected}.get(name, "source")
    assert cls.design is DESIGNS.get(name, Random)
    assert cls.uses_all_sources is (name in ALL_SOURCES)
    assert cls.needs_source is (name not in WITHOUT_SOURCE)
    assert cls.needs_target is (name != "DM")


def test_a_design_without_transfer_is_a_strategy():
    cls = strategies.load(strategies.without_transfer("random"))
    assert (cls.__name__, cls.design, cls.needs_source) == ("NT", Random, False)
    assert "simple random" in cls.title
    assert "NT" not in NAMES
    with pytest.raises(UserError, match=r"unknown design 'rondom'.*Did you mean 'random'"):
        strategies.load("NT+rondom")


def test_a_linear_shift_is_exact_after_two_measurements():
    assert percentage_error(made("LMS").fit(CODES[[3, 9]], TARGET_Y[[3, 9]], source()), source()).max() < 1e-9


def test_direct_transfer_is_off_by_the_factor_between_the_environments():
    direct = made("DM").fit(CODES[:0], TARGET_Y[:0], source())
    assert percentage_error(direct, source()) == pytest.approx(np.full(len(CODES), 50.0))


def test_a_non_linear_shift_comes_close_with_many_measurements():
    fitted = made("NLMS").fit(CODES, TARGET_Y, source())
    assert percentage_error(fitted, source()).mean() < 5
    # It bends: here the target's value is no line of the source's.
    bent = np.where(SOURCE_Y < 1, 0.0, 3.0)
    fitted = made("NLMS").fit(CODES, bent, source())
    assert np.abs(fitted.predict(CODES, source()) - bent).mean() < 0.3
    straight = made("LMS").fit(CODES, bent, source())
    assert np.abs(straight.predict(CODES, source()) - bent).mean() > 0.4


@pytest.mark.parametrize("name", ["RS", "GS"])
def test_what_learns_on_the_target_knows_the_source_by_its_design_alone(name):
    wrong = source(predict=lambda codes: np.full(len(codes), 1e9))
    with_source = made(name).fit(CODES[::2], TARGET_Y[::2], wrong).predict(CODES, wrong)
    without = made(name).fit(CODES[::2], TARGET_Y[::2]).predict(CODES)
    assert (with_source == without).all()
    assert with_source[::2] == pytest.approx(TARGET_Y[::2])


@pytest.mark.parametrize("name", ["LMS", "NLMS"])
def test_a_shift_needs_no_source_measurement_where_it_predicts(name):
    half = source(slice(0, 12))
    fitted = made(name).fit(CODES[:12], TARGET_Y[:12], half)
    predicted = fitted.predict(CODES, half)
    assert np.isnan(half.measured(CODES[12:])).all()
    assert np.isfinite(predicted).all()
    if name == "LMS":
        assert predicted == pytest.approx(TARGET_Y)


@pytest.mark.parametrize("name", ["LMS", "NLMS", "LCS", "RBS"])
def test_what_a_source_did_not_measure_its_model_predicts_for_the_fit(name):
    """A model that has learnt the truth stands in for the measurements: nothing is thrown away."""
    rows = np.arange(0, 24, 2)
    half, whole = source(slice(0, 12)), source()
    partly = made(name).fit(CODES[rows], TARGET_Y[rows], half).predict(CODES, half)
    entirely = made(name).fit(CODES[rows], TARGET_Y[rows], whole).predict(CODES, whole)
    assert partly == pytest.approx(entirely)


@pytest.mark.parametrize("name", ["LMS", "NLMS", "LCS", "MSS", "BEETLE", "RBS"])
def test_one_measurement_is_all_that_a_shift_knows(name):
    predicted = made(name).fit(CODES[:1], TARGET_Y[:1], source()).predict(CODES, source())
    assert predicted == pytest.approx(np.full(len(CODES), TARGET_Y[0]))


@pytest.mark.parametrize("name", ["LMS", "LCS", "MSS", "RBS"])
@pytest.mark.parametrize("rows", [[0, 20, 21], [20, 21, 22]])
def test_with_hardly_a_pair_a_shift_asks_the_sources_model(name, rows):
    half = source(slice(0, 12))
    predicted = made(name).fit(CODES[rows], TARGET_Y[rows], half).predict(CODES, half)
    assert predicted == pytest.approx(TARGET_Y, abs=0.02)


def test_a_source_tells_what_it_measured_and_what_its_model_predicts():
    known_source = source(slice(0, 12))
    assert known_source.measured(CODES)[:12] == pytest.approx(SOURCE_Y[:12])
    assert np.isnan(known_source.measured(CODES)[12:]).all()
    assert known_source.predict(CODES) == pytest.approx(SOURCE_Y)


def test_a_source_that_measured_nothing_has_no_pairs():
    assert np.isnan(source(slice(0, 0)).measured(CODES)).all()


def test_a_fit_that_serves_all_learners_cannot_ask_one_learners_model() -> None:
    class Model:
        def predict(self, X: np.ndarray) -> np.ndarray:
            return np.zeros(len(X))

    codes = np.array([[0], [1]])
    source = Source("a", codes, np.array([1.0, 2.0]), [Option("x", (0, 1), True, 0)], Model())
    without = source.without_model()
    assert (without.measured(codes) == [1.0, 2.0]).all()
    with pytest.raises(ValueError, match="the source a has no model"):
        without.predict(codes)
    assert (source.predict(codes) == 0).all()


def of(name: str, y: np.ndarray) -> Source:
    return Source(name, CODES, y, OPTIONS, None)


@pytest.mark.parametrize("name", BY_THEMSELVES)
def test_kernel_transfer_needs_few_measurements_where_the_source_is_alike(name):
    rows = [0, 5, 10, 15, 23]
    fitted = made(name).fit(CODES[rows], 0.7 * SOURCE_Y[rows] + 2, of("source", SOURCE_Y))
    assert np.abs(fitted.predict(CODES) - (0.7 * SOURCE_Y + 2)).mean() < 0.05
    mean = np.full(len(CODES), TARGET_Y[rows].mean())
    assert np.abs(mean - TARGET_Y).mean() > 0.3


def test_many_sources_tell_what_one_does_not():
    slow, wide = 0.4 * CODES[:, 0] - 0.1 * CODES[:, 1], 0.5 * CODES[:, 1] + 0.3 * CODES[:, 2]
    sources = [of(f"s{i}", a * slow + (1 - a) * wide) for i, a in enumerate((0.1, 0.5, 0.9))]
    target, rows = 0.3 * slow + 0.7 * wide, [0, 6, 11, 17, 20]
    single = made("KT").fit(CODES[rows], target[rows], sources[2])
    combined = made("MKT").fit(CODES[rows], target[rows], Source.combine(sources))
    assert np.abs(combined.predict(CODES) - target).mean() < 0.5 * np.abs(single.predict(CODES) - target).mean()


def test_a_source_that_misleads_is_left_behind():
    rows, wrong = np.arange(0, 24, 2), of("wrong", np.random.default_rng(0).normal(size=len(CODES)))
    misled = made("AUTO").fit(CODES[rows], TARGET_Y[rows], wrong)
    assert misled.weights_[0] > 0.9
    rows = np.array([0, 5, 10, 15, 20])
    led = made("AUTO").fit(CODES[rows], TARGET_Y[rows], of("right", SOURCE_Y))
    assert led.weights_[0] < 0.1


@pytest.mark.parametrize("name", ["AUTO", "KT"])
@pytest.mark.parametrize("rows", [[4], [0, 1]])
def test_equal_measurements_do_not_make_sure_that_everything_is_equal(name, rows):
    y = TARGET_Y[rows]
    assert np.ptp(y) == 0
    fitted = made(name).fit(CODES[rows], y, of("source", SOURCE_Y))
    assert fitted.predict(CODES).std() > 0.3 * SOURCE_Y.std()
    low, high = fitted.interval(CODES, 0.9)
    assert ((low <= TARGET_Y) & (high >= TARGET_Y)).mean() > 0.8
    alone = made("GP").fit(CODES[rows], y).interval(CODES, 0.9)
    assert (alone[1] - alone[0]).mean() > 0.5


@pytest.mark.parametrize("name", ["MKT", "AUTO"])
def test_a_source_in_which_nothing_makes_a_difference_takes_nothing_from_the_others(name):
    rows, constant = np.arange(0, 24, 4), of("constant", np.full(len(CODES), 3.0))
    others = [of("a", SOURCE_Y), of("b", 1.1 * SOURCE_Y + 0.1 * CODES[:, 2])]
    with_it, without = (
        made(name).fit(CODES[rows], TARGET_Y[rows], Source.combine(sources)).predict(CODES)
        for sources in (others, [*others, constant])
    )
    assert with_it == pytest.approx(without)
    alone = made(name).fit(CODES[rows], TARGET_Y[rows], Source.combine([constant, constant])).predict(CODES)
    assert np.isfinite(alone).all()


def test_several_sources_are_one_that_knows_of_the_others():
    joined = Source.combine([of("a", SOURCE_Y), of("b", TARGET_Y)])
    assert joined.environment == "a, b"
    assert [evidence.y[0] for evidence in joined.evidence.members] == [SOURCE_Y[0], TARGET_Y[0]]
    assert of("a", SOURCE_Y).evidence.members[0].y is SOURCE_Y


@pytest.mark.parametrize("name", [*BY_THEMSELVES, "GP"])
def test_intervals_hold_what_is_measured_and_are_wider_where_more_is_to_be_held(name):
    rows = np.arange(0, 24, 2)
    fitted = made(name).fit(CODES[rows], TARGET_Y[rows], of("source", SOURCE_Y))
    low, high = fitted.interval(CODES, 0.9)
    assert ((low < high) & np.isfinite(low) & np.isfinite(high)).all()
    assert ((low <= TARGET_Y) & (high >= TARGET_Y)).mean() > 0.8
    wider = fitted.interval(CODES, 0.99)
    assert ((wider[0] < low) & (high < wider[1])).all()
    assert made("LMS").fit(CODES[rows], TARGET_Y[rows], source()).interval(CODES, 0.9) is None


def test_terms_of_joined_sources_are_those_that_matter_in_all():
    a, b, c = (frozenset({name}) for name in ("threads", "level", "size"))
    first = Source("a", CODES, SOURCE_Y, OPTIONS, None, [a, b])
    second = Source("b", CODES, SOURCE_Y, OPTIONS, None, [b, c])
    for sources in ([first, second], [second, first]):
        assert Source.combine(sources).evidence.terms == (b, a, c)


def test_a_strategy_may_be_named_with_another_design():
    cls = strategies.load("KT+random")
    assert (cls.__name__, cls.design, cls.needs_source) == ("KT", Random, True)
    assert "simple random" in cls.title
    asks = strategies.load("GP+greedy")
    assert (asks.__name__, asks.design, asks.needs_source) == ("GP", Greedy, True)
    with pytest.raises(UserError, match=r"unknown design 'gready'.*Did you mean 'greedy'"):
        strategies.load("KT+gready")


USER_STRATEGY = """
from perftransfer.designs.random import Random
from perftransfer.strategies.interface import Strategy

class Constant(Strategy):
    title = "the mean"
    design = Random
    needs_source = False
    fits_learner_on = "none"

    def fit(self, X, y, source=None):
        self.mean_ = y.mean()
        return self

    def predict(self, X, source=None):
        return self.mean_ + 0 * X[:, 0]

class Stranger:
    pass
"""


def test_a_strategy_of_ones_own_is_named_by_its_import_path(tmp_path, monkeypatch):
    (tmp_path / "own_strategies.py").write_text(USER_STRATEGY)
    with pytest.raises(UserError, match="no Python module own_strategies; is its folder on PYTHONPATH"):
        strategies.modules_of("own_strategies.Constant")
    monkeypatch.syspath_prepend(tmp_path)
    assert strategies.modules_of("own_strategies.Constant") == ["own_strategies"]
    cls = strategies.load("own_strategies.Constant")
    assert cls(None, OPTIONS).fit(CODES, TARGET_Y).predict(CODES[:2]) == pytest.approx([TARGET_Y.mean()] * 2)
    assert strategies.load("own_strategies.Constant+greedy").design is Greedy
    for name in ("own_strategies.Constand", "own_strategies.Stranger"):
        with pytest.raises(UserError, match=r"own_strategies has no class of that name that is a .*\.Strategy"):
            strategies.load(name)


def test_an_edit_of_a_strategy_of_ones_own_runs_it_again(tmp_path, monkeypatch):
    from perftransfer import code_digest

    monkeypatch.syspath_prepend(tmp_path)
    digests = []
    for text in (USER_STRATEGY, USER_STRATEGY.replace("y.mean()", "y.max()"), USER_STRATEGY + "\n# a comment"):
        (tmp_path / "own_strategies.py").write_text(text)
        for cached in (code_digest._source, code_digest._parsed):
            cached.cache_clear()
        digests.append(code_digest.script_digest("evaluate", "own_strategies"))
    assert digests[0] != digests[1]
    assert digests[0] == digests[2]
