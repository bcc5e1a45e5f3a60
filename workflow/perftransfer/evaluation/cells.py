"""The cells of one strategy on one target: every source, learner, budget and repeat."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from perftransfer import designs, learners
from perftransfer.designs.interface import Evidence
from perftransfer.evaluation import metrics
from perftransfer.evaluation.pool import Pool, Split, split
from perftransfer.evaluation.seeds import seed_for
from perftransfer.scales import SCALES
from perftransfer.space.options import Option
from perftransfer.strategies.interface import Source, Strategy

#: Share of what is measured that prediction intervals are to cover.
INTERVAL = 0.9

#: Columns of transfer.parquet, in their order.
COLUMNS = (
    "source", "target", "objective", "strategy", "design", "learner", "budget", "repeat", "seed", "n_measured",
    "mape", "mape_all", "nmse", "mae", "r2", "spearman", "regret", "coverage", "interval_width", "interval_score",
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """What is compared.

    budgets: measurements in the target; a design of a fixed size and a strategy that measures nothing have their own.
    repeats: how often, each with a test third of its own. learners: parameters of each learner by its name. scale: on
    which they learn. seed: of the study.
    """

    budgets: Sequence[int]
    repeats: int
    learners: Mapping[str, Mapping[str, Any]]
    scale: str
    seed: int


@dataclass(frozen=True, eq=False)
class _Task:
    """A (strategy, target, objective) under way; what equal samples share is kept in here."""

    strategy: type[Strategy]
    target: Pool
    y: np.ndarray
    options: Sequence[Option]
    plan: Plan
    shared: dict[tuple[Any, ...], list[np.ndarray]] = field(default_factory=dict)


def evaluate(
    strategy: type[Strategy],
    target: Pool,
    sources: Mapping[str, Mapping[str | None, Source]],
    objective: str,
    options: Sequence[Option],
    plan: Plan,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Evaluate one strategy on one target.

    sources: by environment and learner, their values on the scale of learning; the target is no source for itself, and
    a strategy without source ignores them.

    Returns the cells (``COLUMNS``; metrics as in ``metrics``, on the held-out third, but ``mape_all`` and ``regret`` on
    the whole pool; those of intervals where the strategy gives some) and the seconds that each fit took (0 where it was
    done for another cell already). What was held out of the target is never shown to the strategy.
    """
    forward, backward = SCALES[plan.scale]
    task = _Task(strategy, target, forward(target.y), options, plan)
    by_source = _by_source(strategy, sources, target.environment)
    cells: list[dict[str, Any]] = []
    seconds: list[dict[str, Any]] = []
    for repeat in range(plan.repeats):
        parts = split(len(target.y), plan.seed, target.environment, repeat)
        for source, models in by_source:
            evidence = _evidence(strategy, models)
            for budget in budgets(strategy, options, plan):
                chosen = _chosen(task, parts, budget, evidence)
                for learner, seed, took, predicted in _predictions(task, chosen, source, repeat, models):
                    key = {
                        "source": source, "target": target.environment, "objective": objective,
                        "strategy": strategy.__name__, "design": designs.name(strategy.design), "learner": learner,
                        "budget": budget, "repeat": repeat, "seed": seed, "n_measured": len(chosen),
                    }  # fmt: skip
                    cells.append(key | _scores(target.y, [backward(values) for values in predicted], parts.test))
                    seconds.append({**key, "fit_seconds": took})
    timing = [*COLUMNS[: COLUMNS.index("n_measured") + 1], "fit_seconds"]
    return pd.DataFrame(cells, columns=list(COLUMNS)), pd.DataFrame(seconds, columns=timing)


def _by_source(
    strategy: type[Strategy], sources: Mapping[str, Mapping[str | None, Source]], target: str
) -> list[tuple[str | None, Mapping[str | None, Source]]]:
    """Which sources a strategy is told of, one after the other, by learner; None: no single one."""
    if not strategy.needs_source:
        return [(None, {})]
    others = [(name, models) for name, models in sources.items() if name != target]
    if not strategy.every_source or not others:
        return list(others)
    # Sorted: sums of the same numbers in another order differ in their last digits.
    ranked = [models for _, models in sorted(others, key=lambda named: named[0])]
    return [(None, {learner: Source.joined([models[learner] for models in ranked]) for learner in ranked[0]})]


def budgets(strategy: type[Strategy], options: Sequence[Option], plan: Plan) -> list[int]:
    """Budgets of a strategy: those of the plan, unless it measures nothing or its design has a size of its own."""
    if not strategy.needs_target:
        return [0]
    size = designs.size(strategy.design, options)
    return list(plan.budgets) if size is None else [size]


def learners_of(strategy: type[Strategy], plan: Plan) -> Mapping[str | None, Mapping[str, Any]]:
    """Learners that a strategy is crossed with, and their parameters; None alone for one that takes none."""
    crossed: dict[str | None, Mapping[str, Any]] = {None: {}}
    if strategy.learns_on != "itself":
        crossed = {name: given for name, given in plan.learners.items()}  # noqa: C416
    return crossed


def _evidence(strategy: type[Strategy], models: Mapping[str | None, Source]) -> Evidence | None:
    """What the design is told of the source; the same whatever the learner."""
    source = next(iter(models.values()), None)
    return source.evidence if source is not None and strategy.design.NEEDS_SOURCE else None


def _chosen(task: _Task, parts: Split, budget: int, evidence: Evidence | None) -> np.ndarray:
    """Positions in the pool that the strategy's design measures, sorted: equal samples are to give equal models."""
    # Positions among the candidates sorted as in the pool: a design must not learn the random order from theirs.
    ranked = np.sort(parts.candidates)
    order = np.searchsorted(ranked, parts.candidates)
    if budget == 0:
        return ranked[:0]
    return np.sort(
        ranked[task.strategy.design.choose(task.target.codes[ranked], task.options, order, budget, evidence)]
    )


def _predictions(
    task: _Task, chosen: np.ndarray, source: str | None, repeat: int, models: Mapping[str | None, Source]
) -> Iterator[tuple[str | None, int, float, list[np.ndarray]]]:
    """Yield learner, seed, seconds of the fit, and what it predicts for the whole pool, on the scale of learning.

    What it predicts: the values and, if it gives intervals, their lower and upper ends.

    What does not depend on the learner is fitted once for all of them: where it learns on the source. What does not
    depend on the source is fitted once for all sources that lead to the same sample.
    """
    strategy, plan, X, y = task.strategy, task.plan, task.target.codes[chosen], task.y[chosen]
    on_target = strategy.learns_on != "source"
    fitted: Strategy | None = None
    for learner, parameters in learners_of(strategy, plan).items():
        given = models.get(learner)
        key: list[object] = [task.target.environment, repeat, len(chosen)]
        if on_target and learner:
            key.append(learner)
        if not strategy.ignores_source:
            key += [strategy.__name__, source]
        seed, took = seed_for(plan.seed, "fit", *key), 0.0
        sample = (repeat, learner, chosen.tobytes())
        if strategy.ignores_source and sample in task.shared:
            yield learner, seed, took, task.shared[sample]
            continue
        if fitted is None or on_target:
            started = time.perf_counter()
            unfitted = learners.make(learner, task.options, seed, parameters) if on_target and learner else None
            fitted = strategy(unfitted, task.options, seed)
            with warnings.catch_warnings():
                # Learners complain of samples that are as small as the study wants them.
                warnings.simplefilter("ignore")
                fitted.fit(X, y, given if on_target or given is None else given.without_model())
            took = time.perf_counter() - started
        predicted = [fitted.predict(task.target.codes, given)]
        predicted += fitted.interval(task.target.codes, INTERVAL, given) or ()
        if strategy.ignores_source:
            task.shared[sample] = predicted
        yield learner, seed, took, predicted


def _scores(y: np.ndarray, made: Sequence[np.ndarray], test: np.ndarray) -> dict[str, float]:
    """Metrics of what was predicted: the values and, where there are some, the lower and upper ends of intervals."""
    predicted = made[0]
    held_out, guess, unknown = y[test], predicted[test], float("nan")
    interval = (made[1][test], made[2][test]) if len(made) == 3 else None
    return {
        "mape": metrics.mape(held_out, guess),
        "mape_all": metrics.mape(y, predicted),
        "nmse": metrics.nmse(held_out, guess),
        "mae": metrics.mae(held_out, guess),
        "r2": metrics.r2(held_out, guess),
        "spearman": metrics.spearman(held_out, guess),
        "regret": metrics.regret(y, predicted),
        "coverage": metrics.coverage(held_out, *interval) if interval else unknown,
        "interval_width": metrics.interval_width(held_out, *interval) if interval else unknown,
        "interval_score": metrics.interval_score(held_out, *interval, INTERVAL) if interval else unknown,
    }
