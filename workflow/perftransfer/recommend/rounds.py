"""Plan and measure in turns until the budget is spent."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import pandas as pd

from perftransfer import strategies
from perftransfer.designs.interface import ActiveDesign
from perftransfer.goal import Goal
from perftransfer.recommend import gather
from perftransfer.recommend.planning import NOTHING, Planner, Seen
from perftransfer.recommend.stopping import LEAST, outlook
from perftransfer.recommend.transferred_model import TransferredModel
from perftransfer.space.encoding import ConfigurationIndex
from perftransfer.space.options import Level, configuration_id

Configurations = Mapping[str, Mapping[str, Level | None]]
Records = TypeVar("Records")


@dataclass(frozen=True)
class TargetMeasurements(Generic[Records]):
    """What was measured in a target.

    Parameters
    ----------
    chosen
        The configurations, in the order of choice.
    records
        What ``measure`` returned for all of them.
    is_random_sample
        Whether all but the default configuration is what the design asks for by itself, so that intervals may
        rely on how it draws.
    stopped_early
        Whether a search stopped before its budget was spent, since the best one measured was as good as certain to be
        the best there is.
    """

    chosen: Configurations
    records: Records
    is_random_sample: bool
    stopped_early: bool = False


def measure_in_rounds(
    models: Mapping[str, TransferredModel],
    goal: Goal,
    candidates: pd.DataFrame,
    configurations: Configurations,
    budget: int,
    batch: int,
    measured_before: Collection[str],
    measure: Callable[[Configurations], Records],
    to_table: Callable[[Records], pd.DataFrame],
    tolerance: float | None = None,
) -> TargetMeasurements[Records]:
    """Measure up to ``budget`` configurations in the target, the default one among them.

    Nothing is measured twice. A run that was killed makes the same choices again, from the same values, also where it
    ended in the middle of a batch. Where a search or an active design no longer chooses what was measured, it goes on
    from that.

    Parameters
    ----------
    models
        Models of the target by objective, those of the goal, without measurements there.
    goal
        What is wanted.
    candidates
        Table with ``configuration_id`` and options.
    configurations
        The same by ``configuration_id``.
    budget
        Number of configurations, those of an earlier run included.
    batch
        How many a search or an active design chooses before it looks at what was measured; other designs choose all
        at once.
    measured_before
        Configurations that an earlier run measured.
    measure
        Measures configurations, unless that was done before, and returns their records. It is called with all
        chosen so far.
    to_table
        Converts records to a table of measurements.
    tolerance
        Regret, as a fraction, at which a search for one objective without limits stops; None: at its budget.
    """
    model = models[goal.searched[0]]
    ids, codes = list(candidates["configuration_id"]), model.codes_of(candidates)
    default = [ids.index(configuration_id(model.space.default))]
    earlier = [ids.index(name) for name in measured_before if name in configurations]
    start = list(dict.fromkeys([*default, *earlier]))
    planner = Planner(models, goal, codes)

    def selected(rows: Sequence[int]) -> Configurations:
        return {ids[row]: configurations[ids[row]] for row in rows}

    if model.recipe.search is not None or issubclass(strategies.load(model.recipe.strategy).design, ActiveDesign):
        rows, index = default, ConfigurationIndex(codes)
        while True:
            records = measure(selected(rows))
            left = [row for row in earlier if row not in rows]
            n = min(budget - len(rows), batch)
            proposed = list[int]()
            if n > 0:
                table = to_table(records)
                if not left and tolerance is not None and _may_stop(model, goal, codes, table, tolerance):
                    return TargetMeasurements(selected(rows), records, is_random_sample=False, stopped_early=True)
                proposed = planner.choose_next(n, rows, _seen(models, index, table, rows))
            is_replayed = set(proposed) <= set(left) or set(left) <= set(proposed)
            if not (proposed and is_replayed):
                # The earlier run made other choices, with another strategy or a larger budget. They count.
                proposed = left
            if not proposed:
                return TargetMeasurements(selected(rows), records, is_random_sample=False)
            rows = [*rows, *proposed]
    rows = [*default, *planner.choose_next(budget - len(default), default, NOTHING)]
    is_random_sample = set(start) <= set(rows)
    if not is_random_sample:
        # An earlier run had another strategy or a larger budget.
        rows = [*start, *planner.choose_next(budget - len(start), start, NOTHING)]
    return TargetMeasurements(selected(rows), measure(selected(rows)), is_random_sample)


def _seen(
    models: Mapping[str, TransferredModel], index: ConfigurationIndex, table: pd.DataFrame, rows: Sequence[int]
) -> Seen:
    """Return what a table of measurements says of each objective."""
    values, noise = {}, {}
    for name, model in models.items():
        measured = gather.target_measurements(model, table)
        found = list(map(int, index.find(measured.codes)))
        values[name] = dict(zip(found, map(float, measured.y), strict=True))
        variance = measured.variance(model.scale)
        if variance is not None:
            noise[name] = dict(zip(found, map(float, variance), strict=True))
    return Seen(values, noise, set(rows).difference(*values.values()))


def _may_stop(model: TransferredModel, goal: Goal, codes: np.ndarray, table: pd.DataFrame, tolerance: float) -> bool:
    """Whether a search may stop before its budget is spent."""
    if model.recipe.search is None or len(goal.searched) > 1 or goal.limits:
        return False
    known = gather.add_target_measurements(model, table)
    expected = outlook(known, codes) if len(known.target) >= LEAST else None
    return expected is not None and expected.may_stop(len(known.target), tolerance)
