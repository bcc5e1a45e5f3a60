"""Simulate searches on what was measured, to tell how soon each method reaches the best configuration."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from perftransfer import search
from perftransfer.designs.interface import Evidence
from perftransfer.evaluation import metrics
from perftransfer.evaluation.params import SearchParams
from perftransfer.evaluation.pool import Pool, has_values
from perftransfer.evaluation.sources import sample_sources
from perftransfer.fitting.noise import variance_on_scale
from perftransfer.fitting.seeds import seed_for
from perftransfer.scales import SCALES, Scale
from perftransfer.search.interface import History, SearchMethod
from perftransfer.space.encoding import codes
from perftransfer.space.options import Option

LOG = logging.getLogger(__name__)

#: One row per measurement of a simulated search.
COLUMNS = (
    "target", "sources", "objective", "method", "repeat", "n", "configuration_id", "value", "best_so_far", "regret",
)  # fmt: skip
#: Between the names of several sources.
SEPARATOR = ", "


@dataclass(frozen=True, eq=False)
class SearchTarget:
    """All that was measured in a target: nothing is held out from a search, whose answer is a measured configuration.

    Parameters
    ----------
    codes
        Configurations, shape (rows, options).
    y
        Objective in its own unit, shape (rows,); NaN where the configuration failed.
    noise
        Variance of each value on the scale of learning, shape (rows,), NaN where it failed; None where each was
        measured once.
    configuration_ids
        Shape (rows,).
    """

    codes: np.ndarray
    y: np.ndarray
    noise: np.ndarray | None
    configuration_ids: np.ndarray

    @classmethod
    def from_dataset(
        cls, dataset: pd.DataFrame, environment: str, objective: str, options: Sequence[Option], scale: Scale
    ) -> SearchTarget:
        """Take the rows of an environment, sorted by ``configuration_id``."""
        rows = dataset[dataset["environment"] == environment].sort_values("configuration_id")
        y = rows[objective].to_numpy(dtype=float)
        spread = rows.reindex(columns=[f"{objective}_cv", f"{objective}_n"]).to_numpy(dtype=float, na_value=np.nan)
        noise, has_value = None, np.isfinite(y)
        cv, n = spread[has_value].T
        variance = variance_on_scale(y[has_value], cv, n, scale)
        if variance is not None:
            noise = np.full(len(y), np.nan)
            noise[has_value] = variance
        return cls(codes(rows, options), y, noise, rows["configuration_id"].to_numpy())


def run_search(method: SearchMethod, target: SearchTarget, n: int, scale: Scale) -> list[int]:
    """Search with a budget of ``n`` measurements; returns positions in the target, in the order of measuring."""
    y = scale.forward(target.y)
    history = History.empty()
    while len(history) < min(n, len(y)):
        rows = np.append(history.rows, method.propose(history)[0])
        history = History(rows, y[rows], None if target.noise is None else target.noise[rows])
    return [int(row) for row in history.rows]


def search_rows(target: SearchTarget, order: Sequence[int], scale: Scale) -> pd.DataFrame:
    """Return ``n, configuration_id, value, best_so_far, regret`` of a search.

    Regret is a fraction: 0.1 if the best value so far is 10 % worse than the best of all.
    """
    values = target.y[list(order)]
    # NaN, a failure, is passed over.
    better = np.fmax if scale.maximize else np.fmin
    best = better.accumulate(values)
    return pd.DataFrame(
        {
            "n": np.arange(1, len(order) + 1),
            "configuration_id": target.configuration_ids[list(order)],
            "value": values,
            "best_so_far": best,
            "regret": metrics.shortfall(best, float(better.reduce(target.y)), maximize=scale.maximize),
        }
    )


def simulate(name: str, params: SearchParams, dataset: pd.DataFrame, options: Sequence[Option]) -> pd.DataFrame:
    """Simulate the searches of one method on the targets of a job.

    Parameters
    ----------
    name
        The search method.
    params
        Targets, objectives and budget.
    dataset
        Content of dataset.parquet.
    options
        Its options.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``. ``sources`` is empty for a method that uses none.
    """
    method, frames = search.CATALOGUE.load(name), [empty()]
    for objective, scale_name in params.scales.items():
        scale, evidence = SCALES[scale_name], {}
        measured = [name for name in params.environments if has_values(dataset, name, objective)]
        for environment in measured:
            pool = Pool.from_dataset(dataset, environment, objective, options)
            evidence[environment] = Evidence(pool.codes, scale.forward(pool.y))
        for target in params.targets:
            if target not in measured:
                continue
            searched = SearchTarget.from_dataset(dataset, target, objective, options, scale)
            for sources in source_sets(method, target, replace(params, environments=measured)):
                for repeat in range(params.repeats if method.is_random else 1):
                    seed = seed_for(params.seed, "search", target, repeat)
                    members = [evidence[source] for source in sources]
                    proposing = method(searched.codes, options, members, seed)
                    order = run_search(proposing, searched, params.measurements, scale)
                    frames.append(
                        search_rows(searched, order, scale).assign(
                            target=target,
                            sources=SEPARATOR.join(sources),
                            objective=objective,
                            method=name,
                            repeat=repeat,
                        )
                    )
            LOG.info(f"{name}: {objective} in {target}")
    return pd.concat([frame for frame in frames if len(frame)] or frames, ignore_index=True)[list(COLUMNS)]


def empty() -> pd.DataFrame:
    """Return a table of no search."""
    types = dict.fromkeys(COLUMNS, "str") | {"repeat": "int64", "n": "int64"}
    types |= dict.fromkeys(("value", "best_so_far", "regret"), "float64")
    return pd.DataFrame(columns=list(COLUMNS)).astype(types)


def source_sets(method: type[SearchMethod], target: str, params: SearchParams) -> Iterator[tuple[str, ...]]:
    """Yield the sources of each search: all at once, then each by itself; none for a method without sources."""
    if not method.needs_source:
        yield ()
        return
    sources = sample_sources(params.environments, target, params.sources_per_target, params.seed)
    yield tuple(sources)
    if len(sources) > 1:
        yield from ((source,) for source in sources)
