"""Planning and measuring in turns, until the budget is spent."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from perftransfer import strategies
from perftransfer.designs.interface import ActiveDesign
from perftransfer.recommend import gather
from perftransfer.recommend.planning import choose_next
from perftransfer.recommend.transferred_model import TransferredModel
from perftransfer.space.encoding import ConfigurationIndex
from perftransfer.space.options import Level, configuration_id

Configurations = Mapping[str, Mapping[str, Level | None]]


@dataclass(frozen=True)
class Measurements:
    """What was measured in the target.

    chosen: in the order of choice. drawn: whether all but the default configuration is what the design asks for of its
    own accord, so that intervals may be based on how it draws.
    """

    chosen: Configurations
    drawn: bool


def measure_in_rounds(
    model: TransferredModel,
    candidates: pd.DataFrame,
    configurations: Configurations,
    budget: int,
    batch: int,
    before: Collection[str],
    measure: Callable[[Configurations], pd.DataFrame],
) -> Measurements:
    """Measure ``budget`` configurations in the target, the default one among them.

    candidates: ``configuration_id`` and options; configurations: the same by id. batch: how many an active design
    chooses before it looks at what was found; other designs choose all at once. before: measured by an earlier run;
    they count. measure: measures these, unless that was done before, and returns the table of measurements; it is
    called with all chosen so far.

    Nothing is measured twice. A run that was killed makes the same choices again, but for active designs: they go on
    from what there is.
    """
    ids, codes = list(candidates["configuration_id"]), model.codes_of(candidates)
    start = [ids.index(configuration_id(model.space.default))]
    earlier = [ids.index(one) for one in before if one in configurations]
    known = list(dict.fromkeys([*start, *earlier]))
    if issubclass(strategies.load(model.recipe.strategy).design, ActiveDesign):
        places = _in_rounds(model, codes, known, budget, batch, lambda some: measure(_of(some, ids, configurations)))
        return Measurements(_of(places, ids, configurations), drawn=False)
    plan = [*start, *choose_next(model, codes, budget - len(start), start, {})]
    drawn = set(known) <= set(plan)
    if not drawn:
        # Another strategy's, or more than the budget.
        plan = [*known, *choose_next(model, codes, budget - len(known), known, {})]
    measure(_of(plan, ids, configurations))
    return Measurements(_of(plan, ids, configurations), drawn)


def _in_rounds(
    model: TransferredModel,
    codes: np.ndarray,
    chosen: list[int],
    budget: int,
    batch: int,
    measure: Callable[[list[int]], pd.DataFrame],
) -> list[int]:
    while True:
        found = gather.add_target_measurements(model, measure(chosen)).target
        if len(chosen) >= min(budget, len(codes)):
            return chosen
        index = ConfigurationIndex(codes)
        values = dict(zip(map(int, index.find(found.codes)), found.y, strict=True))
        failed = set(chosen) - set(values)
        chosen = [*chosen, *choose_next(model, codes, min(budget - len(chosen), batch), chosen, values, failed)]


def _of(places: Sequence[int], ids: Sequence[str], configurations: Configurations) -> Configurations:
    return {ids[place]: configurations[ids[place]] for place in places}
