"""Planning and measuring in turns, until the budget is spent."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import numpy as np
import pandas as pd

from perftransfer import designs, strategies
from perftransfer.dataset import measured
from perftransfer.recommend.planning import choose_next
from perftransfer.recommend.transferred_model import TransferredModel
from perftransfer.space.options import Level, configuration_id

Configurations = Mapping[str, Mapping[str, Level | None]]


def measure_in_rounds(
    model: TransferredModel,
    candidates: pd.DataFrame,
    configurations: Configurations,
    budget: int,
    batch: int,
    before: Collection[str],
    measure: Callable[[Configurations], pd.DataFrame],
) -> Configurations:
    """Measure ``budget`` configurations in the target, the default one among them; return them, in the order of choice.

    candidates: ``configuration_id`` and options; configurations: the same by id. batch: how many an active design
    chooses before it looks at what was found; other designs choose all at once. before: measured by an earlier
    run; they count, and come first. measure: measures these, unless that
    was done before, and returns the table of measurements; it is called with all chosen so far, so that a run that was
    killed makes the same choices again, and measures nothing twice.
    """
    objective = model.recipe.objective
    ids, codes = list(candidates["configuration_id"]), model.codes_of(candidates)
    default = configuration_id(model.space.default)
    chosen = [ids.index(one) for one in dict.fromkeys([default, *before]) if one in configurations]
    active = designs.is_active(designs.name(strategies.load(model.recipe.strategy).design))
    # Without a look at the first one, it is measured with the others.
    values: dict[str, float] = {}
    while True:
        if active or len(chosen) >= min(budget, len(ids)):
            found = measure({ids[place]: configurations[ids[place]] for place in chosen})
            column = measured.per_configuration(found, [objective])[objective]
            values = dict(zip(map(str, column.index), column.astype(float), strict=True))
        if len(chosen) >= min(budget, len(ids)):
            return {ids[place]: configurations[ids[place]] for place in chosen}
        n = budget - len(chosen)
        known = {place: values.get(ids[place], np.nan) for place in chosen if values}
        chosen += choose_next(model, codes, min(n, batch) if active else n, chosen, known)
