"""The cells of one strategy on one target: every source, learner, budget and repeat."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from perftransfer import designs
from perftransfer.designs.interface import ActiveDesign, Evidence
from perftransfer.evaluation import metrics
from perftransfer.evaluation.params import LearnerParameters
from perftransfer.evaluation.pool import Pool, Split, split
from perftransfer.fitting.fit import INTERVAL, Fit, FitSpec, ScaledPrediction, fit, fit_seed
from perftransfer.scales import SCALES, Scale
from perftransfer.space.options import Option
from perftransfer.strategies.interface import Source, Strategy

#: Columns of transfer.parquet, in their order.
COLUMNS = (
    "source", "target", "objective", "strategy", "design", "learner", "budget", "repeat", "seed", "n_measured",
    "mape", "mape_all", "nmse", "mae", "r2", "spearman", "regret", "coverage", "coverage_near_best",
    "interval_width", "interval_score",
)  # fmt: skip
#: Columns of the seconds that fits took.
TIMING_COLUMNS = (*COLUMNS[: COLUMNS.index("n_measured") + 1], "fit_seconds")
_INTEGERS = ("budget", "repeat", "seed", "n_measured")
#: Types of the columns, the same in every file: a column without a value has no type of its own.
SCHEMA = pa.schema(
    [(name, pa.large_string()) for name in COLUMNS[: COLUMNS.index("budget")]]
    + [(name, pa.int64()) for name in _INTEGERS]
    + [(name, pa.float64()) for name in COLUMNS[COLUMNS.index("mape") :]]
)


@dataclass(frozen=True)
class Plan:
    """What is compared.

    Parameters
    ----------
    budgets
        Numbers of measurements in the target. A design of a fixed size and a strategy that measures nothing have
        budgets of their own.
    repeats
        How often, each with a test third of its own.
    learners
        Parameters of each learner by its name.
    scale
        Scale of learning.
    seed
        Seed of the study.
    interval_folds
        Refits for the intervals of strategies that have none of their own; 0 for no intervals.
    batch
        Number of measurements between two choices of an active design.
    """

    budgets: Sequence[int]
    repeats: int
    learners: Mapping[str, LearnerParameters]
    scale: str
    seed: int
    interval_folds: int = 0
    batch: int = 5


class CellKey(NamedTuple):
    """Key of a cell among those of its strategy, target and objective."""

    source: str | None
    learner: str | None
    budget: int
    repeat: int


@dataclass(frozen=True, eq=False)
class _Task:
    """One strategy on one target, and the predictions that equal samples share."""

    strategy: type[Strategy]
    target: Pool
    y: np.ndarray
    options: Sequence[Option]
    plan: Plan
    shared: dict[tuple[Any, ...], ScaledPrediction] = field(default_factory=dict)


def evaluate(
    strategy: type[Strategy],
    target: Pool,
    sources: Mapping[str, Mapping[str | None, Source]],
    objective: str,
    options: Sequence[Option],
    plan: Plan,
    skip: Collection[CellKey] = frozenset(),
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Evaluate one strategy on one target.

    What was held out of the target is never shown to the strategy.

    Parameters
    ----------
    strategy
        Class of the strategy.
    target
        Configurations measured in the target.
    sources
        By environment and learner, with values on the scale of learning. The target itself is ignored, and a
        strategy without source ignores all of them.
    objective, options
        What is predicted, and the schema of the codes.
    plan
        What is compared.
    skip
        Cells that need no evaluation.

    Returns
    -------
    cells : DataFrame
        Columns ``COLUMNS``, in the order of ``cell_keys``. Metrics (``metrics``) are computed on the held-out
        third, but ``mape_all`` and ``regret`` on the whole pool; those of intervals are missing without intervals.
    seconds : DataFrame
        Columns ``TIMING_COLUMNS``: how long each fit took; 0 where another cell had the same fit.
    """
    task = _Task(strategy, target, SCALES[plan.scale].forward(target.y), options, plan)
    by_source = _by_source(strategy, sources, target.environment)
    cells: list[dict[str, object]] = []
    seconds: list[dict[str, object]] = []
    missing = [key for key in cell_keys(strategy, list(by_source), options, plan) if key not in skip]
    for (repeat, source), keys in itertools.groupby(missing, key=lambda key: (key.repeat, key.source)):
        parts = split(len(target.y), plan.seed, target.environment, repeat)
        models, by_budget = by_source[source], _learners_by_budget(keys)
        samples = _samples(task, parts, list(by_budget), _evidence(strategy, models))
        for (budget, names), chosen in zip(by_budget.items(), samples, strict=True):
            for learner, seed, took, predicted in _predictions(task, chosen, names, repeat, models):
                key = {
                    "source": source, "target": target.environment, "objective": objective,
                    "strategy": strategy.__name__, "design": designs.name_of(strategy.design), "learner": learner,
                    "budget": budget, "repeat": repeat, "seed": seed, "n_measured": len(chosen),
                }  # fmt: skip
                cells.append(key | _scores(target.y, predicted, SCALES[plan.scale], parts.test, chosen))
                seconds.append({**key, "fit_seconds": took})
    return pd.DataFrame(cells, columns=list(COLUMNS)), pd.DataFrame(seconds, columns=list(TIMING_COLUMNS))


def cell_keys(
    strategy: type[Strategy], sources: Sequence[str | None], options: Sequence[Option], plan: Plan
) -> list[CellKey]:
    """List every cell of a strategy on a target, in the order of the table.

    Parameters
    ----------
    strategy
        Class of the strategy.
    sources
        What it is evaluated with, one after the other: see ``sources_in_turn``.
    options, plan
        Schema of the options, and what is compared.
    """
    return [
        CellKey(source, learner, budget, repeat)
        for repeat in range(plan.repeats)
        for source in sources
        for budget in budgets(strategy, options, plan)
        for learner in learners_of(strategy, plan)
    ]


def sources_in_turn(strategy: type[Strategy], sources: Sequence[str]) -> list[str | None]:
    """List the sources that a strategy is evaluated with one after the other; None stands for no single one.

    sources: the target's sources, without the target.
    """
    if not strategy.needs_source:
        return [None]
    return [None] if strategy.uses_all_sources and sources else list(sources)


def budgets(strategy: type[Strategy], options: Sequence[Option], plan: Plan) -> list[int]:
    """List the budgets of a strategy: the plan's, unless it measures nothing or its design has a fixed size."""
    if not strategy.needs_target:
        return [0]
    size = strategy.design().size(options)
    return list(plan.budgets) if size is None else [size]


def learners_of(strategy: type[Strategy], plan: Plan) -> Mapping[str | None, LearnerParameters]:
    """Return the learners that a strategy is crossed with, and their parameters; None alone where it takes none."""
    if strategy.fits_learner_on == "none":
        return {None: {}}
    return {name: parameters for name, parameters in plan.learners.items()}  # noqa: C416


def _by_source(
    strategy: type[Strategy], sources: Mapping[str, Mapping[str | None, Source]], target: str
) -> dict[str | None, Mapping[str | None, Source]]:
    """Models by learner, for each of ``sources_in_turn``."""
    others = {name: models for name, models in sources.items() if name != target}
    in_turn = sources_in_turn(strategy, list(others))
    if in_turn != [None] or not strategy.needs_source:
        return {name: others[name] if name is not None else {} for name in in_turn}
    # Sorted: sums of the same numbers in another order differ in their last digits.
    ranked = [models for _, models in sorted(others.items())]
    return {None: {learner: Source.combine([models[learner] for models in ranked]) for learner in ranked[0]}}


def _learners_by_budget(keys: Iterator[CellKey]) -> dict[int, list[str | None]]:
    grouped: dict[int, list[str | None]] = {}
    for key in keys:
        grouped.setdefault(key.budget, []).append(key.learner)
    return grouped


def _evidence(strategy: type[Strategy], models: Mapping[str | None, Source]) -> Evidence | None:
    """Return what the design gets of the source; the same for all learners."""
    source = next(iter(models.values()), None)
    return source.evidence if source is not None and strategy.design.needs_source else None


def _samples(task: _Task, parts: Split, sizes: Sequence[int], evidence: Evidence | None) -> Iterator[np.ndarray]:
    """Yield, for each budget, the positions in the pool that the strategy's design measures.

    They are sorted: equal samples must give equal models.
    """
    # Positions among the candidates sorted as in the pool: a design must not learn the random order from theirs.
    ranked = np.sort(parts.candidates)
    order = np.searchsorted(ranked, parts.candidates)
    design, codes = task.strategy.design(), task.target.codes[ranked]
    sequence = np.empty(0, dtype=int)
    for budget in sizes:
        if budget == 0:
            yield ranked[:0]
        elif not isinstance(design, ActiveDesign):
            yield np.sort(ranked[design.choose(codes, task.options, order, budget, evidence)])
        else:
            # In batches that do not depend on the budgets, so that samples are nested and budgets independent.
            while len(sequence) < min(budget, len(ranked)):
                y = task.y[ranked[sequence]]
                chosen = design.next_batch(codes, task.options, order, task.plan.batch, evidence, sequence, y)
                sequence = np.concatenate([sequence, chosen])
            yield np.sort(ranked[sequence[:budget]])


def _predictions(
    task: _Task,
    chosen: np.ndarray,
    learner_names: Sequence[str | None],
    repeat: int,
    models: Mapping[str | None, Source],
) -> Iterator[tuple[str | None, int, float, ScaledPrediction]]:
    """Yield learner, seed, seconds of the fit, and what it predicts for the whole pool.

    What does not depend on the learner is fitted once for all of them: where it is fitted on the source. What does
    not depend on the source is fitted once for all sources that lead to the same sample.
    """
    strategy, plan, target = task.strategy, task.plan, task.target
    parameters, fitted = learners_of(strategy, plan), None
    for learner in learner_names:
        spec = FitSpec(
            strategy, task.options, target.environment, plan.scale, plan.seed, learner, parameters[learner],
            plan.interval_folds, repeat,
        )  # fmt: skip
        source = models.get(learner)
        seed = fit_seed(spec, len(chosen), source)
        sample_key = (repeat, learner, chosen.tobytes())
        if strategy.ignores_source and sample_key in task.shared:
            yield learner, seed, 0.0, task.shared[sample_key]
            continue
        fitted, seconds = _fit(spec, target, chosen, source, fitted)
        predicted = fitted.predict(target.codes, chosen)
        if strategy.ignores_source:
            task.shared[sample_key] = predicted
        yield learner, seed, seconds, predicted


def _fit(
    spec: FitSpec, target: Pool, chosen: np.ndarray, source: Source | None, before: Fit | None
) -> tuple[Fit, float]:
    """Fit to some of the pool, or use the fit for another learner; return how long that took as well."""
    if before is not None and spec.strategy.fits_learner_on == "source":
        return before.with_source(source), 0.0
    fitted = fit(spec, target.subset(chosen), lambda _: source)
    return fitted, fitted.seconds


def _scores(
    y: np.ndarray, predicted: ScaledPrediction, scale: Scale, test: np.ndarray, chosen: np.ndarray
) -> dict[str, float]:
    """Metrics of what was predicted, in the objective's unit; NaN for those of intervals where there are none.

    test, chosen: positions of what was held out and of what was measured.
    """
    values, unknown = scale.backward(predicted.mean), float("nan")
    held_out, guess, interval, near_best = y[test], values[test], None, unknown
    if predicted.low is not None and predicted.high is not None:
        low, high = scale.interval(predicted.low, predicted.high)
        interval = low[test], high[test]
        rows = np.setdiff1d(metrics.best_tenth(y, maximize=scale.maximize), chosen)
        near_best = metrics.coverage(y[rows], low[rows], high[rows]) if len(rows) else unknown
    return {
        "mape": metrics.mape(held_out, guess),
        "mape_all": metrics.mape(y, values),
        "nmse": metrics.nmse(held_out, guess),
        "mae": metrics.mae(held_out, guess),
        "r2": metrics.r2(held_out, guess),
        "spearman": metrics.spearman(held_out, guess),
        "regret": metrics.regret(y, values, maximize=scale.maximize),
        "coverage": metrics.coverage(held_out, *interval) if interval else unknown,
        "coverage_near_best": near_best,
        "interval_width": metrics.interval_width(held_out, *interval) if interval else unknown,
        "interval_score": metrics.interval_score(held_out, *interval, INTERVAL) if interval else unknown,
    }
