"""The sources that strategies use in an evaluation."""

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
        """Look up the predictions, shape (rows,).

        Raises ValueError for a configuration that is not in the study.
        """
        rows = self._index.find(X)
        if (rows < 0).any():
            raise ValueError(f"configuration {X[rows < 0][0].tolist()} (codes) is not in the study")
        result: np.ndarray = self._predicted[rows]
        return result


def sample_sources(environments: Iterable[str], target: str, max_sources: int | None, seed: int) -> list[str]:
    """Choose the sources of a target, in the order of ``environments``: all others, or ``max_sources`` at random.

    The same for all strategies. An environment more or less in the study changes at most one source of a target.
    """
    others = [name for name in environments if name != target]
    if max_sources is None or max_sources >= len(others):
        return others
    sort_keys = {name: (seed_for(seed, "sources", target, name), name) for name in others}
    chosen = set(sorted(others, key=sort_keys.__getitem__)[:max_sources])
    return [name for name in others if name in chosen]


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
    """Return environments as sources, by environment and learner; none for a strategy that uses none.

    Parameters
    ----------
    strategy
        Class of the strategy.
    environments
        Names of the sources.
    dataset
        Rows of these environments and of all configurations that they will be asked for.
    predictions
        Returns what ``training.predictions`` made of an environment; called only for a strategy whose learner is
        fitted on the source.
    influence
        Content of influence.parquet, where the strategy's design asks which terms matter.
    objective, options, plan
        See ``cells.evaluate``.
    """
    if not strategy.needs_source:
        return {}
    forward = SCALES[plan.scale].forward
    configurations = dataset.drop_duplicates("configuration_id").set_index("configuration_id").sort_index()
    index = ConfigurationIndex(codes(configurations, options))
    out: dict[str, dict[str | None, Source]] = {}
    for environment in environments:
        pool = Pool.from_dataset(dataset, environment, objective, options)
        evidence = (environment, pool.codes, forward(pool.y), options)
        influential = (
            []
            if influence is None
            else [terms.parse(name) for name in influential_terms(influence, environment, objective)]
        )
        if strategy.fits_learner_on not in ("source", "both"):
            out[environment] = dict.fromkeys(learners_of(strategy, plan), Source(*evidence, None, influential))
            continue
        rows = predictions(environment)
        rows = rows[rows["objective"] == objective]
        predicted = rows.pivot_table(index="configuration_id", columns="learner", values="predicted")
        predicted = predicted.loc[configurations.index]
        out[environment] = {
            learner: Source(*evidence, PredictedModel(index, forward(predicted[learner].to_numpy())), influential)
            for learner in plan.learners
        }
    return out


def influential_terms(influence: pd.DataFrame, environment: str, objective: str) -> list[str]:
    """List the terms that the stepwise regression selected in an environment, the most influential first."""
    rows = influence[(influence["environment"] == environment) & (influence["objective"] == objective)]
    rows = rows[rows["selected"].astype(bool)]
    return [str(name) for name in rows.sort_values("rank")["term"]]
