from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from spaces import factorial

from perftransfer import learners, strategies
from perftransfer.designs import guided, random
from perftransfer.errors import BadInput
from perftransfer.space.options import Option
from perftransfer.strategies.interface import Source

OPTIONS, CODES = factorial(threads=3, level=4, size=2)
#: The source's truth, in logarithms of milliseconds; in the target everything takes twice as long.
SOURCE_Y = 1.0 - 0.5 * CODES[:, 0] + 0.3 * CODES[:, 1] + 0.2 * CODES[:, 0] * CODES[:, 2]
TARGET_Y = SOURCE_Y + np.log(2)
NAMES = strategies.names()


def truth(codes: np.ndarray) -> np.ndarray:
    """Truth of the source, as a model that has learnt it without error."""
    rows = [int(np.flatnonzero((row == CODES).all(axis=1))[0]) for row in codes]
    return SOURCE_Y[rows]


def source(measured: slice = slice(None), predict: Any = truth) -> Source:
    return Source("source", CODES[measured], SOURCE_Y[measured], OPTIONS, SimpleNamespace(predict=predict))


def made(name: str, learner: str = "RT") -> Any:
    cls = strategies.load(name)
    return cls(learners.make(learner, OPTIONS, 0) if cls.learns_on == "target" else None, OPTIONS, seed=0)


def percentage_error(strategy: Any, given: Source | None) -> np.ndarray:
    return 100 * np.abs(np.exp(strategy.predict(CODES, given)) / np.exp(TARGET_Y) - 1)


def test_strategies_are_the_files_of_their_folder():
    folder = Path(strategies.__file__).parent
    files = {path.stem.upper() for path in folder.glob("[a-z]*.py")} - {"INTERFACE"}
    assert files == set(NAMES) >= {"RS", "GS", "DM", "LMS", "NLMS"}


def test_an_unknown_strategy_is_refused_with_the_nearest_one():
    with pytest.raises(BadInput, match="did you mean 'NLMS'"):
        strategies.load("NLSM")
    with pytest.raises(BadInput):
        strategies.modules_of("interface")


@pytest.mark.parametrize("name", NAMES)
def test_a_strategy_keeps_to_the_conventions_of_scikit_learn(name):
    strategy = made(name)
    assert set(strategy.get_params(deep=False)) == {"learner", "options", "seed"}
    twin = clone(strategy).set_params(seed=5)
    assert (strategy.seed, twin.seed) == (0, 5)
    fitted = clone(strategy)
    assert fitted.fit(CODES[:6], TARGET_Y[:6], source()) is fitted
    assert fitted.predict(CODES, source()).shape == (len(CODES),)
    # What fitting learns is no parameter: a clone has learnt nothing.
    assert not [name for name in vars(clone(fitted)) if name.endswith("_")]


@pytest.mark.parametrize("name", NAMES)
def test_a_strategy_says_what_it_is(name):
    cls = strategies.load(name)
    assert cls.__name__ == name
    assert cls.title.islower()
    assert cls.learns_on in ("target", "source")
    assert cls.design is (guided if name == "GS" else random)
    assert cls.needs_source is (name != "RS")
    assert cls.needs_target is (name != "DM")


def test_a_design_without_transfer_is_a_strategy():
    cls = strategies.load(strategies.without_transfer("random"))
    assert (cls.__name__, cls.design, cls.needs_source) == ("NT", random, False)
    assert "simple random" in cls.title
    assert "NT" not in NAMES
    with pytest.raises(BadInput, match=r"no design 'rondom'.*did you mean 'random'"):
        strategies.load("NT+rondom")


@pytest.mark.parametrize("name", NAMES)
def test_a_seed_decides_what_a_strategy_predicts(name):
    first, again = (made(name).fit(CODES[::2], TARGET_Y[::2], source()).predict(CODES, source()) for _ in range(2))
    assert (first == again).all()


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


@pytest.mark.parametrize("name", ["LMS", "NLMS"])
def test_configurations_that_the_source_did_not_measure_are_no_pairs(name):
    half = source(slice(0, 12))
    y = TARGET_Y.copy()
    y[12:] = 99.0
    with_strangers = made(name).fit(CODES, y, half).predict(CODES, half)
    without = made(name).fit(CODES[:12], y[:12], half).predict(CODES, half)
    assert (with_strangers == without).all()


@pytest.mark.parametrize("name", ["LMS", "NLMS"])
@pytest.mark.parametrize("rows", [[0], [0, 20, 21], [20, 21, 22]])
def test_fewer_than_two_pairs_fall_back_to_the_mean_of_the_targets_values(name, rows):
    half = source(slice(0, 12))
    predicted = made(name).fit(CODES[rows], TARGET_Y[rows], half).predict(CODES, half)
    assert predicted == pytest.approx(np.full(len(CODES), TARGET_Y[rows].mean()))


def test_a_source_tells_what_it_measured_and_what_its_model_predicts():
    given = source(slice(0, 12))
    assert given.measured(CODES)[:12] == pytest.approx(SOURCE_Y[:12])
    assert np.isnan(given.measured(CODES)[12:]).all()
    assert given.predict(CODES) == pytest.approx(SOURCE_Y)


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
