"""Which configurations to measure next in a target."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from perftransfer import strategies
from perftransfer.evaluation.seeds import seed_for
from perftransfer.recommend.transferred_model import TransferredModel
from perftransfer.scales import SCALES


def choose_next(
    model: TransferredModel, candidates: np.ndarray, n: int, measured: Sequence[int], values: Sequence[float]
) -> list[int]:
    """Choose ``n`` more of the candidates by the design of the model's strategy; fewer only if there are no more.

    candidates: codes, shape (rows, options). measured: positions of those that were measured already, in that order,
    and their values in the objective's unit, NaN for one that has none: it is not asked for again.

    Returns positions in the order in which to measure them.
    """
    design = strategies.load(model.recipe.strategy).design
    known = dict(zip(measured, values, strict=True))
    free = len(candidates) - len(known)
    if min(n, free) <= 0:
        return []
    evidence = model.known.evidence if model.known is not None else None
    lots = np.random.default_rng(seed_for(model.recipe.seed, "plan", model.recipe.environment))
    order = lots.permutation(len(candidates))
    more = getattr(design, "more", None)
    if more is not None:
        # It is not to look at those without a value, neither as measured nor as free.
        lost = [place for place, value in known.items() if not np.isfinite(value)]
        kept = np.setdiff1d(np.arange(len(candidates)), lost)
        lots_of_kept = np.searchsorted(kept, order[np.isin(order, kept)])
        good = [place for place in known if place not in lost]
        y = SCALES[model.recipe.scale][0](np.array([known[place] for place in good]))
        chosen = np.searchsorted(kept, np.array(good, dtype=int))
        found = more(candidates[kept], model.options, lots_of_kept, n, evidence, chosen, y)
        return [int(place) for place in kept[found]][:n]
    # Asked for all at once: what comes first in a sample may depend on its size.
    wanted = design.choose(candidates, model.options, order, len(known) + n, evidence)
    found = [int(place) for place in wanted if int(place) not in known]
    # One of a fixed size may be spent, or have asked for what was measured before: random ones take their place.
    rest = (int(place) for place in order if int(place) not in known and int(place) not in found)
    while len(found) < min(n, free):
        found.append(next(rest))
    return found[:n]
