"""Which configurations to measure next in a target."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from perftransfer import strategies
from perftransfer.designs.interface import ActiveDesign, ExtendingDesign
from perftransfer.fitting.seeds import seed_for
from perftransfer.gaussian_process.prior import FromSources
from perftransfer.recommend.transferred_model import TransferredModel
from perftransfer.scales import SCALES


def choose_next(
    model: TransferredModel,
    candidates: np.ndarray,
    n: int,
    chosen: Sequence[int],
    values: Mapping[int, float],
    failed: Collection[int] = (),
) -> list[int]:
    """Choose ``n`` more of the candidates by the design of the model's strategy; fewer only if there are no more.

    candidates: codes, shape (rows, options). chosen: positions of those that are measured in any case, in that order.
    values: of those of them that were measured already, by position, in the objective's unit. failed: those of them
    that have none: they tell nothing, and are not asked for again.

    Returns positions in the order in which to measure them.
    """
    design = strategies.load(model.recipe.strategy).design()
    if min(n, len(candidates) - len(set(chosen))) <= 0:
        return []
    evidence = model.known.evidence if model.known is not None else None
    lots = np.random.default_rng(seed_for(model.recipe.seed, "plan", model.recipe.environment))
    order = lots.permutation(len(candidates))
    if not isinstance(design, ActiveDesign | ExtendingDesign):
        return _beside(design.choose(candidates, model.options, order, len(chosen) + n, evidence), chosen, order)[:n]
    # An active design looks at values, another one takes for known what will be.
    looks = isinstance(design, ActiveDesign)
    telling = [place for place in chosen if place not in failed and (not looks or place in values)]
    silent = [place for place in chosen if place not in telling]
    kept = np.union1d(_candidate_fraction(model, candidates, n + len(chosen)), np.array(telling, dtype=int))
    kept = np.setdiff1d(kept, silent)
    lots_of_kept = np.searchsorted(kept, order[np.isin(order, kept)])
    among = np.searchsorted(kept, np.array(telling, dtype=int))
    asked = (candidates[kept], model.options, lots_of_kept, n, evidence, among)
    if isinstance(design, ActiveDesign):
        found = design.next_batch(*asked, SCALES[model.recipe.scale][0](np.array([values[place] for place in telling])))
    else:
        found = design.extend(*asked)
    return [int(place) for place in kept[found]][:n]


def _candidate_fraction(model: TransferredModel, candidates: np.ndarray, least: int) -> np.ndarray:
    """Positions of the share of the candidates, ``least`` or more, that should be lowest by what the sources tell.

    Who looks for the best has to tell apart the good ones: of the others it is enough to know that they are not.
    """
    n = max(least, math.ceil(model.recipe.candidate_fraction * len(candidates)))
    if n >= len(candidates) or model.known is None:
        return np.arange(len(candidates))
    expected = FromSources.of(model.known.evidence.members, model.options).view(candidates).mean
    return np.argsort(expected, kind="stable")[:n]


def _beside(wanted: np.ndarray, chosen: Sequence[int], order: np.ndarray) -> list[int]:
    """What a design asks for and is not measured anyway.

    One of a fixed size may be spent, or have asked for what is: random ones take their place.
    """
    return [place for place in dict.fromkeys(map(int, [*wanted, *order])) if place not in set(chosen)]
