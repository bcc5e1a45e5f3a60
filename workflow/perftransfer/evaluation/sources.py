"""What strategies are told of their sources."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd

from perftransfer.evaluation.cells import Plan, learners_of
from perftransfer.evaluation.pool import Pool
from perftransfer.fitting.seeds import seed_for
from perftransfer.scales import SCALES
from perftransfer.space import terms
from perftransfer.space.encoding import ConfigurationIndex, codes
from perftransfer.space.options import Option
from perftransfer.strategies.interface import Source, Strategy


class PredictedModel:
    """A source model by what it predicted for every configuration of the study.

    Loading the models themselves takes longer than evaluating with them. index: of the configurations. predicted: on
    the scale of learning, shape (rows,).
    """

    def __init__(self, index: ConfigurationIndex, predicted: np.ndarray) -> None:
        self._index = index
        self._predicted = predicted

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Look the predictions up, shape (rows,).

        Raises ValueError for a configuration that is not in the study.
        """
        found = self._index.find(X)
        if (found < 0).any():
            raise ValueError(f"configuration {X[found < 0][0].tolist()} (codes) is not in the study")
        return self._predicted[found]


def drawn(environments: Iterable[str], target: str, most: int | None, seed: int) -> list[str]:
    """Sources of a target, in the order of ``environments``: at random ``most`` of the others, or all of them.

    The same for all strategies. An environment more or less in the study changes at most one source of a target.
    """
    others = [name for name in environments if name != target]
    if most is None or most >= len(others):
        return others
    lots = {name: (seed_for(seed, "sources", target, name), name) for name in others}
    kept = set(sorted(others, key=lots.__getitem__)[:most])
    return [name for name in others if name in kept]


def load_sources(
    strategy: type[Strategy],
    environments: Iterable[str],
    dataset: pd.DataFrame,
    predictions: Callable[[str], pd.DataFrame],
    influence: pd.DataFrame | None,
    objective: str,
    options: Sequence[Option],
    plan: Plan,
) -> dict[str, dict[str | None, Source]]:
    """Environments as sources, by environment and learner; none for a strategy that uses none.

    dataset: with the rows of these environments and of all configurations that they will be asked for. predictions:
    gives what ``training.predictions`` made of an environment; asked only for a strategy whose learner learns on the
    source. influence: influence.parquet, where the strategy's design asks what matters there.
    """
    if not strategy.needs_source:
        return {}
    forward = SCALES[plan.scale][0]
    configurations = dataset.drop_duplicates("configuration_id").set_index("configuration_id").sort_index()
    index = ConfigurationIndex(codes(configurations, options))
    out: dict[str, dict[str | None, Source]] = {}
    for environment in environments:
        pool = Pool.of(dataset, environment, objective, options)
        evidence = (environment, pool.codes, forward(pool.y), options)
        selected = () if influence is None else _selected(influence, environment, objective)
        if strategy.fits_learner_on not in ("source", "both"):
            out[environment] = dict.fromkeys(learners_of(strategy, plan), Source(*evidence, None, selected))
            continue
        rows = predictions(environment)
        rows = rows[rows["objective"] == objective]
        predicted = rows.pivot_table(index="configuration_id", columns="learner", values="predicted")
        predicted = predicted.loc[configurations.index]
        out[environment] = {
            learner: Source(*evidence, PredictedModel(index, forward(predicted[learner].to_numpy())), selected)
            for learner in plan.learners
        }
    return out


def _selected(influence: pd.DataFrame, environment: str, objective: str) -> list[terms.Term]:
    """Terms that the stepwise regression selected in an environment, the most influential first."""
    rows = influence[(influence["environment"] == environment) & (influence["objective"] == objective)]
    rows = rows[rows["selected"]]
    return [terms.parse(name) for name in rows.sort_values("rank")["term"]]
