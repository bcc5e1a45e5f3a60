"""The cells of one strategy on one target: every source, learner, budget and repeat."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from perftransfer import designs, learners
from perftransfer.evaluation import metrics
from perftransfer.evaluation.pool import Pool, Split, split
from perftransfer.evaluation.seeds import seed_for
from perftransfer.scales import SCALES
from perftransfer.space.options import Option
from perftransfer.strategies.interface import Source, Strategy

#: Columns of transfer.parquet, in their order.
COLUMNS = (
    "source", "target", "objective", "strategy", "design", "learner", "budget", "repeat", "seed", "n_measured",
    "mape", "mape_all", "nmse", "mae", "r2", "spearman", "regret",
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """What is compared: budgets (measurements in the target), number of repeats, learners, scale, seed of the study."""

    budgets: Sequence[int]
    repeats: int
    learners: Sequence[str]
    scale: str
    seed: int


def evaluate(
    strategy: type[Strategy],
    target: Pool,
    sources: Mapping[str, Mapping[str, Source]],
    objective: str,
    options: Sequence[Option],
    plan: Plan,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Evaluate one strategy on one target.

    sources: by environment and learner, their values on the scale of learning; ignored by a strategy without source.

    Returns the cells (``COLUMNS``; metrics as in ``metrics``, on the held-out third, but ``mape_all`` and ``regret`` on
    the whole pool) and the seconds that each fit took (0 where it was done for another learner already). What was held
    out of the target is never shown to the strategy.
    """
    forward, backward = SCALES[plan.scale]
    y = forward(target.y)
    cells: list[dict[str, Any]] = []
    seconds: list[dict[str, Any]] = []
    by_source: list[tuple[str | None, Mapping[str, Source]]] = (
        [*sources.items()] if strategy.needs_source else [(None, {})]
    )
    for repeat in range(plan.repeats):
        parts = split(len(y), plan.seed, target.environment, repeat)
        for source, models in by_source:
            order = _order(strategy, target, parts, options, next(iter(models.values()), None))
            for budget in plan.budgets if strategy.needs_target else (0,):
                chosen = order[:budget]
                for learner, seed, took, predict in _fits(
                    strategy,
                    target.codes[chosen],
                    y[chosen],
                    options,
                    plan,
                    (target.environment, source, repeat),
                    models,
                ):
                    key = {
                        "source": source, "target": target.environment, "objective": objective,
                        "strategy": strategy.__name__, "design": designs.name(strategy.design), "learner": learner,
                        "budget": budget, "repeat": repeat, "seed": seed, "n_measured": len(chosen),
                    }  # fmt: skip
                    cells.append(key | _scores(target.y, backward(predict(target.codes)), parts.test))
                    seconds.append({**key, "fit_seconds": took})
    timing = [*COLUMNS[: COLUMNS.index("n_measured") + 1], "fit_seconds"]
    return pd.DataFrame(cells, columns=list(COLUMNS)), pd.DataFrame(seconds, columns=timing)


def _order(
    strategy: type[Strategy], target: Pool, parts: Split, options: Sequence[Option], source: Source | None
) -> np.ndarray:
    """Positions in the pool in the order in which the strategy's design measures them."""
    candidates = parts.candidates
    # Positions among the candidates sorted as in the pool: a design must not learn the random order from theirs.
    ranked = np.sort(candidates)
    order = np.searchsorted(ranked, candidates)
    evidence = source.evidence if source is not None and strategy.design.NEEDS_SOURCE else None
    return ranked[strategy.design.choose(target.codes[ranked], options, order, evidence)]


def _fits(
    strategy: type[Strategy],
    X: np.ndarray,
    y: np.ndarray,
    options: Sequence[Option],
    plan: Plan,
    key: tuple[str, str | None, int],
    models: Mapping[str, Source],
) -> Iterator[tuple[str, int, float, Any]]:
    """Yield learner, seed, seconds and the predict function of each fit.

    Where the learner learns on the source, one fit serves all learners: it depends on the source's values alone.
    """
    shared: Strategy | None = None
    for learner in plan.learners:
        source = models.get(learner)
        on_target = strategy.learns_on == "target"
        seed = seed_for(plan.seed, "fit", strategy.__name__, *key, len(X), learner if on_target else "")
        if shared is None or on_target:
            started = time.perf_counter()
            fitted = strategy(learners.make(learner, options, seed) if on_target else None, options, seed)
            with warnings.catch_warnings():
                # Learners complain of samples that are as small as the study wants them.
                warnings.simplefilter("ignore")
                fitted.fit(X, y, source if on_target or source is None else source.without_model())
            shared = fitted
            took = time.perf_counter() - started
        else:
            took = 0.0
        yield learner, seed, took, lambda codes, m=shared, s=source: m.predict(codes, s)


def _scores(y: np.ndarray, predicted: np.ndarray, test: np.ndarray) -> dict[str, float]:
    held_out, guess = y[test], predicted[test]
    return {
        "mape": metrics.mape(held_out, guess),
        "mape_all": metrics.mape(y, predicted),
        "nmse": metrics.nmse(held_out, guess),
        "mae": metrics.mae(held_out, guess),
        "r2": metrics.r2(held_out, guess),
        "spearman": metrics.spearman(held_out, guess),
        "regret": metrics.regret(y, predicted),
    }
