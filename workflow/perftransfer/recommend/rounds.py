"""Plan and measure in turns until the budget is spent."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import pandas as pd

from perftransfer import strategies
from perftransfer.designs.interface import ActiveDesign
from perftransfer.recommend import gather
from perftransfer.recommend.planning import Planner
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
    """

    chosen: Configurations
    records: Records
    is_random_sample: bool


def measure_in_rounds(
    model: TransferredModel,
    candidates: pd.DataFrame,
    configurations: Configurations,
    budget: int,
    batch: int,
    measured_before: Collection[str],
    measure: Callable[[Configurations], Records],
    to_table: Callable[[Records], pd.DataFrame],
) -> TargetMeasurements[Records]:
    """Measure ``budget`` configurations in the target, the default one among them.

    Nothing is measured twice. A run that was killed makes the same choices again, from the same values, also where it
    ended in the middle of a batch. Where a search or an active design no longer chooses what was measured, it goes on
    from that.

    Parameters
    ----------
    model
        Model of the target, without measurements there.
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
    """
    ids, codes = list(candidates["configuration_id"]), model.codes_of(candidates)
    default = [ids.index(configuration_id(model.space.default))]
    earlier = [ids.index(name) for name in measured_before if name in configurations]
    start = list(dict.fromkeys([*default, *earlier]))
    planner = Planner(model, codes)

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
                measured = gather.target_measurements(model, to_table(records))
                found = list(map(int, index.find(measured.codes)))
                values, variance = dict(zip(found, measured.y, strict=True)), measured.variance(model.scale)
                noise = None if variance is None else dict(zip(found, variance, strict=True))
                failed = set(rows) - set(values)
                proposed = planner.choose_next(n, rows, values, failed, noise)
            is_replayed = set(proposed) <= set(left) or set(left) <= set(proposed)
            if not (proposed and is_replayed):
                # The earlier run made other choices, with another strategy or a larger budget. They count.
                proposed = left
            if not proposed:
                return TargetMeasurements(selected(rows), records, is_random_sample=False)
            rows = [*rows, *proposed]
    rows = [*default, *planner.choose_next(budget - len(default), default, {})]
    is_random_sample = set(start) <= set(rows)
    if not is_random_sample:
        # An earlier run had another strategy or a larger budget.
        rows = [*start, *planner.choose_next(budget - len(start), start, {})]
    return TargetMeasurements(selected(rows), measure(selected(rows)), is_random_sample)
