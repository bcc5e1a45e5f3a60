"""Which configurations to measure next in a target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from perftransfer import strategies
from perftransfer.evaluation.seeds import seed_for
from perftransfer.recommend.transferred_model import TransferredModel
from perftransfer.scales import SCALES


def choose_next(
    model: TransferredModel, candidates: np.ndarray, n: int, chosen: Sequence[int], values: Mapping[int, float]
) -> list[int]:
    """Choose ``n`` more of the candidates by the design of the model's strategy; fewer only if there are no more.

    candidates: codes, shape (rows, options). chosen: positions of those that are measured in any case, in that order.
    values: of those that were measured already, by position, in the objective's unit; NaN for one that has none: it is
    not asked for again.

    Returns positions in the order in which to measure them.
    """
    design = strategies.load(model.recipe.strategy).design
    free = len(candidates) - len(set(chosen))
    if min(n, free) <= 0:
        return []
    evidence = model.known.evidence if model.known is not None else None
    lots = np.random.default_rng(seed_for(model.recipe.seed, "plan", model.recipe.environment))
    order = lots.permutation(len(candidates))
    more, go_on = getattr(design, "more", None), getattr(design, "go_on", None)
    if more is None and go_on is None:
        return _beside(design.choose(candidates, model.options, order, len(chosen) + n, evidence), chosen, order)[:n]
    # It is not to look at those without a value, neither as measured nor as free.
    lost = [place for place in chosen if not np.isfinite(values.get(place, np.nan if more is not None else 0.0))]
    kept = np.setdiff1d(np.arange(len(candidates)), lost)
    lots_of_kept = np.searchsorted(kept, order[np.isin(order, kept)])
    good = [place for place in chosen if place not in lost]
    among = np.searchsorted(kept, np.array(good, dtype=int))
    if more is not None:
        y = SCALES[model.recipe.scale][0](np.array([values[place] for place in good]))
        found = more(candidates[kept], model.options, lots_of_kept, n, evidence, among, y)
    elif go_on is not None:
        found = go_on(candidates[kept], model.options, lots_of_kept, n, evidence, among)
    return [int(place) for place in kept[found]][:n]


def _beside(wanted: np.ndarray, chosen: Sequence[int], order: np.ndarray) -> list[int]:
    """What a design asks for and is not measured anyway.

    One of a fixed size may be spent, or have asked for what is: random ones take their place.
    """
    return [place for place in dict.fromkeys(map(int, [*wanted, *order])) if place not in set(chosen)]
