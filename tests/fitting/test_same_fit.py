"""Checks that an evaluation judges the code that recommends: the same fit, prediction and intervals in both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from spaces import factorial

from perftransfer import strategies
from perftransfer.dataset import tables
from perftransfer.evaluation import cells
from perftransfer.evaluation.cells import Plan, evaluate
from perftransfer.evaluation.pool import Pool
from perftransfer.evaluation.sources import load_sources
from perftransfer.evaluation.training import predictions, train
from perftransfer.fitting.fit import Fit, FitSpec, Sample, ScaledPrediction
from perftransfer.recommend.transferred_model import Measured, Recipe, TransferredModel
from perftransfer.space.option_space import OptionSpace
from perftransfer.strategies.interface import Source

SPACE = OptionSpace(
    {
        "options": {
            "threads": {"levels": [1, 2, 4], "ordered": True},
            "size": {"levels": [10, 20, 30], "ordered": True},
            "mode": {"levels": ["a", "b", "c"]},
        }
    },
    "space",
)
OPTIONS = SPACE.options
FRAME = tables.configurations_frame(SPACE.candidates(1000, 0), OPTIONS).sort_values(
    "configuration_id", ignore_index=True
)
ENVIRONMENTS = ("far", "near", "target")
TERMS = ("threads", "size", "threads:size")
PARAMETERS = {"n_estimators": 8}


def dataset() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    threads, size = FRAME["threads"].to_numpy(dtype=float), FRAME["size"].to_numpy(dtype=float)
    frames = []
    for factor, name in zip((9.0, 3.0, 1.0), ENVIRONMENTS, strict=True):
        log = np.log(factor) - 0.5 * np.log(threads) + 0.02 * size * (1 + (name == "far"))
        values = np.exp(log + rng.normal(0, 0.03, len(FRAME)))
        frames.append(FRAME.assign(environment=name, latency_ms=values, latency_ms_cv=0.05, latency_ms_n=3.0))
    return pd.concat(frames, ignore_index=True)


DATA = dataset()
INFLUENCE = pd.DataFrame(
    [
        {"environment": name, "objective": "latency_ms", "term": term, "rank": i + 1, "selected": True}
        for name in ENVIRONMENTS
        for i, term in enumerate(TERMS)
    ]
)


@dataclass
class Evaluated:
    """One fit of an evaluation: sample and prediction for the whole pool."""

    sample: Sample
    predicted: ScaledPrediction


def evaluated(name: str, scale: str, sources: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> Evaluated:
    """Evaluate with a single cell, and keep what was fitted and predicted."""
    seen: list[Evaluated] = []
    original: Callable[..., Fit] = cells.fit

    def spy(spec: FitSpec, sample: Sample, source_for: Callable[[np.ndarray], Source | None]) -> Any:
        fitted = original(spec, sample, source_for)

        class Spy(Fit):
            def predict(self, X: np.ndarray, sample_rows: np.ndarray | None = None) -> ScaledPrediction:
                seen.append(Evaluated(sample, super().predict(X, sample_rows)))
                return seen[-1].predicted

        return Spy(**{key: getattr(fitted, key) for key in fitted.__dataclass_fields__})

    monkeypatch.setattr(cells, "fit", spy)
    cls = strategies.load(name)
    plan = Plan((9,), 1, {"RF": PARAMETERS}, scale, 3, interval_folds=4, batch=3)
    learnt = {
        source: predictions(
            [train(DATA, source, "latency_ms", "RF", OPTIONS, scale=scale, seed=3, parameters=PARAMETERS)],
            DATA, FRAME, OPTIONS,
        )
        for source in sources
    }  # fmt: skip
    loaded = load_sources(cls, sources, DATA, learnt.__getitem__, INFLUENCE, "latency_ms", OPTIONS, plan)
    pool = Pool.from_dataset(DATA, "target", "latency_ms", OPTIONS)
    evaluate(cls, pool, loaded, "latency_ms", OPTIONS, plan)
    (only,) = seen
    return only


def recommending(name: str, scale: str, sources: tuple[str, ...], sample: Sample) -> TransferredModel:
    """A model of the same target with the same sample, sources and seed."""
    pools = {source: Pool.from_dataset(DATA, source, "latency_ms", OPTIONS) for source in sources}
    measured = {source: Measured(pool.codes, pool.y, pool.cv, pool.n, TERMS) for source, pool in pools.items()}
    here = Measured(sample.codes, sample.y, sample.cv, sample.n, is_random_sample=True)
    learner = None if strategies.load(name).fits_learner_on == "none" else "RF"
    recipe = Recipe("target", "latency_ms", name, learner, scale, 3, folds=4, parameters=PARAMETERS)
    return TransferredModel(recipe, OPTIONS, SPACE, measured, here)


@pytest.mark.parametrize("scale", ["log", "linear"])
@pytest.mark.parametrize("name", ["RS", "GS", "LMS", "TEAMS", "AUTO", "KT", "MKT", "LCS", "NT+kmeans"])
def test_a_strategy_predicts_the_same_where_it_is_evaluated_and_where_it_recommends(
    name: str, scale: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = ENVIRONMENTS[:2] if strategies.load(name).uses_all_sources else ENVIRONMENTS[1:2]
    there = evaluated(name, scale, sources, monkeypatch)
    model = recommending(name, scale, sources, there.sample)
    X = Pool.from_dataset(DATA, "target", "latency_ms", OPTIONS).codes
    here = model.predict(X)
    # Evaluations look up what source models predict, in single precision and the objective's unit.
    close = {"rel": 1e-5, "abs": 1e-6}
    assert here.position == pytest.approx(there.predicted.mean, **close)
    if there.predicted.low is None:
        assert here.low is None
        return
    assert here.low is not None
    assert here.high is not None
    assert there.predicted.high is not None
    backward = np.exp if scale == "log" else np.asarray
    assert here.low == pytest.approx(np.maximum(backward(there.predicted.low), 0), **close)
    assert here.high == pytest.approx(backward(there.predicted.high), **close)
    assert here.spread == pytest.approx(there.predicted.spread, **close)


def test_the_default_configuration_is_not_in_the_sample_that_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    sample = evaluated("RS", "log", (), monkeypatch).sample
    model = recommending("RS", "log", (), sample)
    assert len(model._random_rows()) == len(sample) == 9


def test_intervals_hold_new_values_on_the_scale_of_learning() -> None:
    options, codes = factorial(threads=3, size=3, null=3)
    y = np.exp(codes @ [0.5, 0.1, 0.0])
    nan = np.full(len(y), np.nan)
    from perftransfer.fitting.fit import fit

    spec = FitSpec(strategies.load("RS"), options, "target", "log", 1, "RT", interval_folds=5)
    rows = np.random.default_rng(0).permutation(len(y))[:15]
    fitted = fit(spec, Sample(codes, y, nan, nan).subset(rows), lambda _: None)
    inside = fitted.predict(codes, None)
    same = fitted.predict(np.vstack([codes[rows], codes]), np.arange(15))
    assert inside.low is not None
    assert same.low is not None
    np.testing.assert_allclose(same.low[15:], inside.low)
    assert ((inside.low <= np.log(y) + 1e-9) & (inside.high >= np.log(y) - 1e-9)).mean() >= 0.8
    # Rows that nobody drew at random have no part in the intervals.
    assert fit(spec, Sample(codes, y, nan, nan).subset(rows), lambda _: None, np.arange(0)).predict(codes).low is None
