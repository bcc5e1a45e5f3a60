"""The cells of one strategy on one target: every source, learner, budget and repeat."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from perftransfer import designs, learners
from perftransfer.designs.interface import ActiveDesign, Evidence
from perftransfer.evaluation import metrics
from perftransfer.evaluation.pool import Pool, Split, split
from perftransfer.fitting import conformal
from perftransfer.fitting.noise import known_variance
from perftransfer.fitting.seeds import seed_for
from perftransfer.scales import SCALES
from perftransfer.space.options import Option
from perftransfer.strategies.interface import Source, Strategy

#: Columns of transfer.parquet, in their order.
COLUMNS = (
    "source", "target", "objective", "strategy", "design", "learner", "budget", "repeat", "seed", "n_measured",
    "mape", "mape_all", "nmse", "mae", "r2", "spearman", "regret", "coverage", "interval_width", "interval_score",
)  # fmt: skip
#: Columns of the seconds that fits took.
TIMING_COLUMNS = (*COLUMNS[: COLUMNS.index("n_measured") + 1], "fit_seconds")
_WHOLE = ("budget", "repeat", "seed", "n_measured")
#: Types of the columns, the same in every file: a column without a value knows none of its own.
SCHEMA = pa.schema(
    [(name, pa.large_string()) for name in COLUMNS[: COLUMNS.index("budget")]]
    + [(name, pa.int64()) for name in _WHOLE]
    + [(name, pa.float64()) for name in COLUMNS[COLUMNS.index("mape") :]]
)


@dataclass(frozen=True)
class Plan:
    """What is compared.

    budgets: measurements in the target; a design of a fixed size and a strategy that measures nothing have their own.
    repeats: how often, each with a test third of its own. learners: parameters of each learner by its name. scale: on
    which they learn. seed: of the study. interval_folds: refits for the intervals of strategies that have none of their
    own (``conformal``), 0 for none. batch: measurements between two choices of an active design.
    """

    budgets: Sequence[int]
    repeats: int
    learners: Mapping[str, Mapping[str, Any]]
    scale: str
    seed: int
    interval_folds: int = 0
    batch: int = 5


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
            wanted = budgets(strategy, options, plan)
            samples = _samples(task, parts, wanted, _evidence(strategy, models))
            for budget, chosen in zip(wanted, samples, strict=True):
                for learner, seed, took, predicted in _predictions(task, chosen, source, repeat, models):
                    key = {
                        "source": source, "target": target.environment, "objective": objective,
                        "strategy": strategy.__name__, "design": designs.name_of(strategy.design), "learner": learner,
                        "budget": budget, "repeat": repeat, "seed": seed, "n_measured": len(chosen),
                    }  # fmt: skip
                    cells.append(key | _scores(target.y, [backward(values) for values in predicted], parts.test))
                    seconds.append({**key, "fit_seconds": took})
    return pd.DataFrame(cells, columns=list(COLUMNS)), pd.DataFrame(seconds, columns=list(TIMING_COLUMNS))


def _by_source(
    strategy: type[Strategy], sources: Mapping[str, Mapping[str | None, Source]], target: str
) -> list[tuple[str | None, Mapping[str | None, Source]]]:
    """Which sources a strategy is told of, one after the other, by learner; None: no single one."""
    if not strategy.needs_source:
        return [(None, {})]
    others = [(name, models) for name, models in sources.items() if name != target]
    if not strategy.uses_all_sources or not others:
        return list(others)
    # Sorted: sums of the same numbers in another order differ in their last digits.
    ranked = [models for _, models in sorted(others, key=lambda named: named[0])]
    return [(None, {learner: Source.combine([models[learner] for models in ranked]) for learner in ranked[0]})]


def budgets(strategy: type[Strategy], options: Sequence[Option], plan: Plan) -> list[int]:
    """Budgets of a strategy: those of the plan, unless it measures nothing or its design has a size of its own."""
    if not strategy.needs_target:
        return [0]
    size = strategy.design().size(options)
    return list(plan.budgets) if size is None else [size]


def learners_of(strategy: type[Strategy], plan: Plan) -> Mapping[str | None, Mapping[str, Any]]:
    """Learners that a strategy is crossed with, and their parameters; None alone for one that takes none."""
    crossed: dict[str | None, Mapping[str, Any]] = {None: {}}
    if strategy.fits_learner_on != "none":
        crossed = {name: given for name, given in plan.learners.items()}  # noqa: C416
    return crossed


def _evidence(strategy: type[Strategy], models: Mapping[str | None, Source]) -> Evidence | None:
    """What the design is told of the source; the same whatever the learner."""
    source = next(iter(models.values()), None)
    return source.evidence if source is not None and strategy.design.needs_source else None


def _samples(task: _Task, parts: Split, wanted: Sequence[int], evidence: Evidence | None) -> Iterator[np.ndarray]:
    """Yield, for each budget, the positions in the pool that the strategy's design measures.

    They are sorted: equal samples are to give equal models.
    """
    # Positions among the candidates sorted as in the pool: a design must not learn the random order from theirs.
    ranked = np.sort(parts.candidates)
    order = np.searchsorted(ranked, parts.candidates)
    design, codes = task.strategy.design(), task.target.codes[ranked]
    sequence = np.empty(0, dtype=int)
    for budget in wanted:
        if budget == 0:
            yield ranked[:0]
        elif not isinstance(design, ActiveDesign):
            yield np.sort(ranked[design.choose(codes, task.options, order, budget, evidence)])
        else:
            # In batches whatever the budgets are, so that samples are nested and no budget hangs on the others.
            while len(sequence) < min(budget, len(ranked)):
                y = task.y[ranked[sequence]]
                found = design.next_batch(codes, task.options, order, task.plan.batch, evidence, sequence, y)
                sequence = np.concatenate([sequence, found])
            yield np.sort(ranked[sequence[:budget]])


def _predictions(
    task: _Task, chosen: np.ndarray, source: str | None, repeat: int, models: Mapping[str | None, Source]
) -> Iterator[tuple[str | None, int, float, list[np.ndarray]]]:
    """Yield learner, seed, seconds of the fit, and what it predicts for the whole pool, on the scale of learning.

    What it predicts: the values and, if there are intervals, their lower and upper ends.

    What does not depend on the learner is fitted once for all of them: where it learns on the source. What does not
    depend on the source is fitted once for all sources that lead to the same sample.
    """
    strategy, plan = task.strategy, task.plan
    on_target = strategy.fits_learner_on != "source"
    left_out = _left_out(task, chosen, repeat)
    fitted: list[Strategy] = []
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
        if not fitted or on_target:
            unfitted = learners.make(learner, task.options, seed, parameters) if on_target and learner else None
            known = given if on_target or given is None else given.without_model()
            started = time.perf_counter()
            fitted = [_fitted(task, chosen, unfitted, seed, known)]
            took = time.perf_counter() - started
            fitted += [_fitted(task, np.delete(chosen, rows), unfitted, seed, known) for rows in left_out]
        whole, *refits = fitted
        predicted = [whole.predict(task.target.codes, given)]
        if refits:
            again = [refit.predict(task.target.codes, given) for refit in refits]
            predicted += conformal.interval(task.y[chosen], chosen, left_out, again, conformal.INTERVAL)
        else:
            predicted += whole.interval(task.target.codes, conformal.INTERVAL, given) or ()
        if strategy.ignores_source:
            task.shared[sample] = predicted
        yield learner, seed, took, predicted


def _left_out(task: _Task, chosen: np.ndarray, repeat: int) -> list[np.ndarray]:
    """Parts of the sample that refits leave out; none for a strategy with intervals of its own, or a chosen sample."""
    strategy, plan = task.strategy, task.plan
    own = strategy.interval is not Strategy.interval
    if own or len(chosen) < 2 or plan.interval_folds < 2 or not strategy.design.is_random_sample:
        return []
    seed = seed_for(plan.seed, "folds", task.target.environment, repeat, len(chosen))
    return conformal.folds(len(chosen), plan.interval_folds, seed)


def _fitted(task: _Task, chosen: np.ndarray, unfitted: Any, seed: int, source: Source | None) -> Strategy:
    """Fit the strategy to a sample, given by its positions in the pool."""
    target = task.target
    strategy = task.strategy(unfitted, task.options, seed)
    more: dict[str, Any] = {}
    if strategy.accepts_noise:
        more["noise"] = _noise(target.y[chosen], target.cv[chosen], target.n[chosen], task.plan.scale)
    with warnings.catch_warnings():
        # Learners complain of samples that are as small as the study wants them.
        warnings.simplefilter("ignore")
        return strategy.fit(target.codes[chosen], task.y[chosen], source, **more)


def _noise(y: np.ndarray, cv: np.ndarray, n: np.ndarray, scale: str) -> np.ndarray | None:
    """Variance of each value on the scale of learning, shape (rows,); None where nothing was measured repeatedly."""
    relative = known_variance(cv, n)
    return relative if relative is None or scale == "log" else relative * y**2


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
        "interval_score": metrics.interval_score(held_out, *interval, conformal.INTERVAL) if interval else unknown,
    }
