"""A class that breaks a rule is refused with a message that names the class, the rule and what was found."""

from __future__ import annotations

import pickle
import re
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import onnx
import pytest
from sklearn.base import BaseEstimator, RegressorMixin

from perftransfer.designs.greedy import Greedy
from perftransfer.designs.interface import ActiveDesign, Design, ExtendingDesign
from perftransfer.designs.random import Random
from perftransfer.learners.interface import Learner
from perftransfer.measuring.engines.interface import Session
from perftransfer.measuring.engines.simulated import Simulated
from perftransfer.measuring.networks.interface import Network
from perftransfer.measuring.networks.squeezenet import SqueezeNet
from perftransfer.search.interface import SearchMethod
from perftransfer.strategies.interface import Strategy
from perftransfer.testing import (
    check_design,
    check_engine,
    check_learner,
    check_network,
    check_search_method,
    check_strategy,
)


def refuses(check: Any, cls: type, rule: str, observed: str) -> None:
    with pytest.raises(AssertionError) as caught:
        check(cls)
    message = str(caught.value)
    assert message.startswith(f"{cls.__module__}.{cls.__qualname__}: ")
    assert re.search(f"{rule}.*{observed}", message), message


# Designs


class Front(Design):
    title = "the front of the order"

    def choose(self, candidates, options, order, n, source):
        return order[:n]


class Batches(ActiveDesign):
    title = "batches"

    def next_batch(self, candidates, options, order, n, source, chosen, y):
        return order[~np.isin(order, chosen)][:n]


class TooFew(ExtendingDesign):
    title = "more"

    def extend(self, candidates, options, order, n, source, chosen):
        return order[~np.isin(order, chosen)][:n]


def design(base: type = Front, /, **content: Any) -> type:
    return type("Mine", (base,), {"__module__": __name__, **content})


@pytest.mark.parametrize("cls", [Front, Batches, TooFew])
def test_a_plain_design_fulfils_all_rules(cls):
    check_design(cls)


def unsorted_sum(self, candidates, options, order, n, source):
    candidates.sort(axis=0)
    return order[:n]


@pytest.mark.parametrize(
    ("cls", "rule", "observed"),
    [
        (Strategy, "derived from Design", "is not derived from perftransfer.designs.interface.Design"),
        (Design, "derived from Design", "choose not defined"),
        (design(title=" "), "title in words", "title = ' '"),
        (design(needs_source="yes"), "True or False", "needs_source = 'yes'"),
        (design(needs_terms=True), "needs_terms has needs_source", "needs_source = False"),
        (design(choose=lambda self, c, o, order, n, s: order), "n distinct positions", "96 positions for n=1"),
        (
            design(choose=lambda self, c, o, order, n, s: np.zeros(min(n, len(order)), int)),
            "n distinct positions",
            "a position chosen twice",
        ),
        (
            design(choose=lambda self, c, o, order, n, s: order[:n] + 1),
            "n distinct positions",
            "positions outside 0 to 95",
        ),
        (
            design(choose=lambda self, c, o, order, n, s: np.random.permutation(len(order))[:n]),  # noqa: NPY002
            "order is the only source of randomness",
            "for the same order",
        ),
        (design(choose=unsorted_sum), "leaves candidates and order", "changed candidates"),
        (
            design(choose=lambda self, c, o, order, n, s: order[:n] if s is None else order[::-1][:n]),
            "without needs_source chooses the same",
            "with a source",
        ),
        (
            design(needs_source=True, choose=lambda self, c, o, order, n, s: (order[::-1] if s.terms else order)[:n]),
            "without needs_terms chooses the same",
            "with terms",
        ),
        (design(size=lambda self, options: 0), "`size` returns None, or a number", "0"),
        (
            design(is_random_sample=True, choose=lambda self, c, o, order, n, s: np.sort(order)[:n]),
            "each candidate equally often",
            "one candidate 0 times",
        ),
        (
            design(TooFew, extend=lambda self, c, o, order, n, s, chosen: order[:n]),
            "not in the given sample",
            "measured anyway",
        ),
        (
            design(Batches, next_batch=lambda self, c, o, order, n, s, chosen, y: order[:n]),
            "not measured yet",
            "measured anyway",
        ),
    ],
)
def test_a_design_that_breaks_a_rule(cls, rule, observed):
    refuses(check_design, cls, rule, observed)


# Learners


@dataclass(frozen=True)
class Ridge(Learner):
    title = "ridge regression"
    encoding = "scaled"

    alpha: float = 1e-3
    solver: Literal["auto", "svd"] = "auto"

    def estimator(self, seed):
        from sklearn.linear_model import Ridge

        return Ridge(self.alpha, solver=self.solver)


def test_a_plain_learner_fulfils_all_rules():
    check_learner(Ridge)


def dummy(**keywords: Any) -> Any:
    def estimator(self, seed):
        from sklearn.dummy import DummyRegressor

        return DummyRegressor(**keywords)

    return estimator


class Unfinished(Ridge):
    folds: int = 3


@dataclass(frozen=True)
class OfAList(Ridge):
    folds: tuple = ()


class Loose(RegressorMixin, BaseEstimator):
    """An estimator that draws from NumPy's global generator."""

    def fit(self, X, y):
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X):
        return np.random.rand(len(X))  # noqa: NPY002


class Nan(Loose):
    def predict(self, X):
        return np.full(len(X), np.nan)


def learner(**content: Any) -> type:
    return type("Mine", (Ridge,), {"__module__": __name__, **content})


SHARED = Loose()


@pytest.mark.parametrize(
    ("cls", "rule", "observed"),
    [
        (Learner, "derived from Learner", "estimator not defined"),
        (learner(title=None), "title in words", "title = None"),
        (learner(encoding="one-hot"), '"ranks" or "scaled"', "encoding = 'one-hot'"),
        (Unfinished, "fields of a frozen dataclass", "folds is annotated, but no field"),
        (OfAList, "fields of a frozen dataclass", "folds: .*tuple"),
        (learner(estimator=lambda self, seed: object()), "scikit-learn regressor", "object without fit"),
        (learner(estimator=lambda self, seed: SHARED), "a new one each time", "the same object twice"),
        (learner(estimator=lambda self, seed: Nan()), "a finite number for each row", "96 values that are not finite"),
        (learner(estimator=lambda self, seed: Loose()), "The same seed gives the same predictions", "96 of 96"),
        (learner(estimator=dummy()), "better than the mean", "100 % of the variance left"),
    ],
)
def test_a_learner_that_breaks_a_rule(cls, rule, observed):
    refuses(check_learner, cls, rule, observed)


# Strategies


class Ratio(Strategy):
    title = "shift by the mean"
    design = Random
    needs_source = True
    fits_learner_on = "source"

    def fit(self, X, y, source=None):
        self.shift_ = y.mean() - source.measured(X).mean()
        return self

    def predict(self, X, source=None):
        return source.predict(X) + self.shift_


class Mean(Strategy):
    title = "the mean"
    design = Random
    needs_source = False
    fits_learner_on = "none"

    def fit(self, X, y, source=None):
        self.mean_ = float(y.mean())
        return self

    def predict(self, X, source=None):
        return np.full(len(X), self.mean_)


def strategy(base: type = Mean, /, **content: Any) -> type:
    return type("Mine", (base,), {"__module__": __name__, **content})


@pytest.mark.parametrize("cls", [Ratio, Mean])
def test_a_plain_strategy_fulfils_all_rules(cls):
    check_strategy(cls)


def forget(self, X, y, source=None):
    self.mean_ = float(y.mean())


def peek(self, X, y, source=None):
    self.mean_ = float((y if y.base is None else y.base).mean())
    return self


def centre(self, X, y, source=None):
    self.mean_ = float(y.mean())
    y -= self.mean_
    return self


def ask_the_model(self, X, y, source=None):
    self.shift_ = float((y - source.predict(X)).mean())
    return self


def change_a_parameter(self, X, y, source=None):
    self.seed, self.mean_ = 7, float(y.mean())
    return self


def through_pickle(self, X, y, source=None):
    self.mean_ = pickle.loads(pickle.dumps(float(y.mean())))
    return self


def needs_two(self, X, y, source=None):
    self.mean_ = float(y.mean() * y.std(ddof=1) / y.std(ddof=1))
    return self


def by_a_source(self, X, y, source=None):
    self.mean_ = float(source.evidence.y[0])
    return self


@pytest.mark.parametrize(
    ("cls", "rule", "observed"),
    [
        (Random, "derived from Strategy", "is not derived from perftransfer.strategies.interface.Strategy"),
        (Strategy, "derived from Strategy", "not defined"),
        (strategy(title=""), "title in words", "title = ''"),
        (strategy(needs_target=None), "True or False", "needs_target = None"),
        (strategy(fits_learner_on="itself"), '"target", "source", "both" or "none"', "fits_learner_on = 'itself'"),
        (strategy(fits_learner_on="source"), '"target", "source", "both" or "none"', "needs_source = False"),
        (strategy(design=Random()), "`design` is a class derived from Design", "design = <"),
        (strategy(design=Greedy), "belongs to a strategy that needs one", "Greedy needs a source"),
        (strategy(fit=forget), "`fit` returns self", "NoneType"),
        (strategy(fit=change_a_parameter), "stored as given", "fit changed parameters"),
        (strategy(predict=lambda self, X, source=None: self.mean_), "for each row", "Found: float"),
        (strategy(predict=lambda self, X, source=None: np.full((len(X), 1), 1.0)), "for each row", r"shape \(96, 1\)"),
        (strategy(predict=lambda self, X, source=None: np.full(len(X), np.nan)), "for each row", "not finite"),
        (
            strategy(predict=lambda self, X, source=None: np.arange(float(len(X)))),
            "does not depend on the other rows",
            "a difference of 5",
        ),
        (
            strategy(
                fit=lambda self, X, y, source=None: setattr(self, "mean_", np.random.rand()) or self  # noqa: NPY002
            ),
            "The same seed gives the same predictions",
            "96 of 96",
        ),
        (strategy(fit=centre), "leave X, y and the source", "changed y"),
        (strategy(fit=peek), "rows of the target that it was not given", "other rows of the array"),
        (strategy(Ratio, fit=ask_the_model), "does without the source's model", "has no model to predict with"),
        (
            strategy(Ratio, fit=by_a_source, predict=Mean.predict, ignores_source=True),
            "do not depend on the source",
            "from another source",
        ),
        (strategy(fit=needs_two), "One measurement is enough", "not finite"),
        (
            strategy(interval=lambda self, X, share, source=None: (np.zeros(len(X)), np.full(len(X), -share))),
            "lower and upper ends",
            "lower ends above upper ends",
        ),
        (
            strategy(interval=lambda self, X, share, source=None: (np.zeros(len(X)), np.full(len(X), 1 - share))),
            "wider for a larger share",
            "95 % intervals that do not hold",
        ),
        (strategy(accepts_noise=True), "With accepts_noise, fit takes noise", "unexpected keyword argument 'noise'"),
        (strategy(fit=through_pickle), "pickle nothing", "pickle was called"),
    ],
)
def test_a_strategy_that_breaks_a_rule(cls, rule, observed):
    refuses(check_strategy, cls, rule, observed)


# Search methods


class First(SearchMethod):
    title = "the first ones"
    needs_source = False
    is_random = False

    def _choose(self, history, is_free, n):
        return np.flatnonzero(is_free)[:n]


def search_method(base: type = First, /, **content: Any) -> type:
    return type("Mine", (base,), {"__module__": __name__, **content})


def test_a_plain_search_method_fulfils_all_rules():
    check_search_method(First)


def again(self, history, is_free, n):
    return np.arange(n)


def unseeded(self, history, is_free, n):
    return np.random.permutation(np.flatnonzero(is_free))[:n]  # noqa: NPY002


def by_seed(self, history, is_free, n):
    return np.random.default_rng(self.seed).permutation(np.flatnonzero(is_free))[:n]


def by_calls(self, history, is_free, n):
    self.calls = getattr(self, "calls", 0) + 1
    return np.flatnonzero(is_free)[self.calls :][:n] if is_free.sum() > 20 else np.flatnonzero(is_free)[:n]


def sort_history(self, history, is_free, n):
    history.y.sort()
    return np.flatnonzero(is_free)[:n]


def first_source(self, history, is_free, n):
    return np.argsort(np.where(is_free, self.sources[0].y[: len(is_free)], np.inf))[:n]


@pytest.mark.parametrize(
    ("cls", "rule", "observed"),
    [
        (Random, "derived from SearchMethod", "is not derived from perftransfer.search.interface.SearchMethod"),
        (SearchMethod, "derived from SearchMethod", "not defined"),
        (search_method(title=""), "called", "title = ''"),
        (search_method(is_random=None), "True or False", "is_random = None"),
        (search_method(_choose=first_source), "others search without", "IndexError"),
        (search_method(_choose=again), "each remaining candidate once", r"\[0, 1, 2\] with 3 of 6"),
        (search_method(_choose=unseeded, is_random=True), "global randomness", "for the same seed"),
        (search_method(_choose=by_calls), "earlier calls", "after other calls"),
        (search_method(_choose=by_seed), "the same for every seed", "for three seeds"),
        (search_method(_choose=sort_history), "leaves the history", "changed values"),
    ],
)
def test_a_search_method_that_breaks_a_rule(cls, rule, observed):
    refuses(check_search_method, cls, rule, observed)


# Networks


def network(**content: Any) -> type:
    return type("Mine", (SqueezeNet,), {"__module__": SqueezeNet.__module__, **content})


def resized(self, seed):
    model = SqueezeNet().build(seed)
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    return model


def without_image_px(self, seed):
    model = SqueezeNet().build(seed)
    for dimension in model.graph.input[0].type.tensor_type.shape.dim[2:]:
        dimension.dim_value = 64
    return model


def broken(self, seed):
    model = SqueezeNet().build(seed)
    model.graph.node[0].op_type = "Nothing"
    return model


class Early(Network):
    version = 1

    def build(self, seed):
        return onnx.ModelProto()


@pytest.mark.parametrize(
    ("cls", "rule", "observed"),
    [
        (Network, "derived from Network", "build not defined"),
        (network(version=0), "whole number from 1", "version = 0"),
        (Early, "imports onnx inside build", "onnx imported as onnx"),
        (network(build=lambda self, seed: b"bytes"), "a valid onnx.ModelProto", "Found: bytes"),
        (network(build=broken), "a valid onnx.ModelProto", "Raised"),
        (network(build=resized), "batch first", r"input image of shape \[1, 3"),
        (network(build=without_image_px), "as `inputs` says", r"but it builds \{'image': \['batch', 3, 64, 64\]"),
        (network(build=lambda self, seed: SqueezeNet().build(0)), "another one other weights", "for seeds 0 and 1"),
    ],
)
def test_a_network_that_breaks_a_rule(cls, rule, observed):
    refuses(check_network, cls, rule, observed)


# Engines


def engine(**content: Any) -> type:
    return type("Mine", (Simulated,), {"__module__": __name__, **content})


class Frozen(Session):
    def run(self):
        pass

    def clock(self):
        return 1.0

    def close(self):
        pass


class Listing(Session):
    def __init__(self):
        self._seconds = 0.0

    def clock(self):
        return self._seconds

    def run(self):
        self._seconds += 1.0

    def outputs(self):
        return [1.0]

    def close(self):
        pass


def grabbing(self, files, workload, options, seed):
    workload.clear()
    return Simulated().open(files, {}, options, seed)


@pytest.mark.parametrize(
    ("cls", "rule", "observed"),
    [
        (Simulated.__mro__[1], "derived from Engine", "open, versions not defined"),
        (engine(options=["threads"]), "frozen sets of names", r"options = \['threads'\]"),
        (engine(options=frozenset()), "options not empty", "no option"),
        (engine(counters=("joules",)), "kinds of energy counters", "counters = "),
        (engine(isolated=0), "True or False", "isolated = 0"),
        (engine(versions=lambda self: {}), "each library to its version", r"\{\}"),
        (engine(left_alone=lambda self, default: {}), "returns None, or a configuration", r"\{\}"),
        (engine(open=lambda self, *arguments: object()), "returns a session", "object is not derived from"),
        (engine(open=lambda self, *arguments: Frozen()), "grow with each inference", "1.0 before"),
        (engine(open=lambda self, *arguments: Listing()), "returns None, or the outputs of", "list"),
        (engine(open=grabbing), "leaves its arguments", "changed arguments"),
    ],
)
def test_an_engine_that_breaks_a_rule(cls, rule, observed):
    refuses(lambda engine_: check_engine(engine_, files={}), cls, rule, observed)
