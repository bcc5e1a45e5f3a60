"""Evaluate one strategy on a batch of targets: only the cells that were not evaluated before.

The cells of a target and objective are kept as soon as they are evaluated (``cell_store``). A killed job continues
with the next target, and a larger study evaluates only new cells.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

import pandas as pd
import pyarrow as pa

from perftransfer import designs
from perftransfer.dataset import tables
from perftransfer.evaluation import cell_store
from perftransfer.evaluation.cell_store import CellStore, digest_of
from perftransfer.evaluation.cells import (
    COLUMNS,
    SCHEMA,
    TIMING_COLUMNS,
    CellKey,
    Plan,
    cell_keys,
    evaluate,
    learners_of,
    sources_in_turn,
)
from perftransfer.evaluation.params import EvaluateParams
from perftransfer.evaluation.pool import Pool
from perftransfer.evaluation.sources import load_sources, sample_sources
from perftransfer.plain import to_plain
from perftransfer.space.options import Option
from perftransfer.strategies.interface import Strategy

# Libraries whose version may change a value.
_LIBRARIES = ("numpy", "scipy", "scikit-learn", "xgboost", "xgboost-cpu")


@dataclass(frozen=True)
class Inputs:
    """Files that an evaluation reads; influence where the strategy's design asks what matters in a source."""

    dataset: Path
    predictions: Path
    influence: Path | None = None


@dataclass(frozen=True)
class _Part:
    """What a batch needs of one target and objective.

    Parameters
    ----------
    keys
        Its cells, in the order of the table.
    depends_on
        Digest of what all of them depend on.
    digests
        Digest of what else the cells of a source and learner depend on.
    """

    objective: str
    target: str
    keys: Sequence[CellKey]
    depends_on: str
    digests: Mapping[tuple[str | None, str | None], str]

    def usable(self, store: CellStore) -> pa.Table:
        """Read the kept cells that can still be used, of other budgets, learners and repeats as well."""
        return cell_store.usable(store.read(self.objective, self.target, self.depends_on), self.digests)


@dataclass(frozen=True)
class EvaluatedBatch:
    """The cells of a batch, all of them in the store.

    Parameters
    ----------
    n_kept
        How many were evaluated before.
    n_new
        How many were evaluated now.
    """

    store: CellStore
    parts: Sequence[_Part]
    n_kept: int
    n_new: int

    def tables(self) -> Iterator[pa.Table]:
        """Yield the cells of each objective and target, with the seconds of their fits."""
        for part in self.parts:
            yield cell_store.select(part.usable(self.store), part.keys)


def plan_of(params: EvaluateParams, objective: str, options: Sequence[Option]) -> Plan:
    """Return what is compared of an objective; budgets are joined by the sizes of the designs that are named."""
    sizes = (designs.load(name)().size(options) for name in params.designs)
    return Plan(
        budgets=sorted({*params.budgets, *(size for size in sizes if size is not None)}),
        repeats=params.repeats,
        learners=params.learners,
        scale=params.scales[objective],
        seed=params.seed,
        interval_folds=params.interval_folds,
        batch=params.batch,
    )


def evaluate_batch(
    strategy: type[Strategy], params: EvaluateParams, inputs: Inputs, store: CellStore
) -> EvaluatedBatch:
    """Evaluate what the store lacks of a strategy on some targets, and keep it there.

    Parameters
    ----------
    strategy
        Class of the strategy.
    params
        Targets, objectives, what is compared, and digests of the code.
    inputs
        Files of the study.
    store
        Cells of this strategy that were evaluated before.
    """
    options = tables.options(inputs.dataset)
    plans = {objective: plan_of(params, objective, options) for objective in params.scales}
    dataset, predictions = tables.PartitionedTable(inputs.dataset), tables.PartitionedTable(inputs.predictions)
    influence = None if inputs.influence is None else tables.read(inputs.influence)
    sources_of = {objective: _sources_of(dataset.with_values(objective), params) for objective in plans}
    store.remove_others(list(plans), dataset.environments)
    parts = _parts(strategy, params, plans, inputs, options, sources_of)
    n_kept = n_new = 0
    for objective, plan in plans.items():
        missing: dict[str, tuple[_Part, pa.Table, frozenset[CellKey]]] = {}
        for part in parts:
            if part.objective == objective:
                cells = part.usable(store)
                reused = frozenset(cell_store.keys_of(cells)) & frozenset(part.keys)
                n_kept, n_new = n_kept + len(reused), n_new + len(part.keys) - len(reused)
                if len(reused) < len(part.keys):
                    missing[part.target] = part, cells, reused
        if not missing:
            continue
        own_sources_of = sources_of[objective]
        source_names = {name for target in missing for name in own_sources_of[target]}
        rows = pd.concat(
            [dataset.read(name) for name in dataset.environments if name in {*missing, *source_names}],
            ignore_index=True,
        )
        ordered = [name for name in predictions.environments if name in source_names]
        sources = load_sources(strategy, ordered, rows, predictions.read, influence, objective, options, plan)
        for target, (part, cells, reused) in missing.items():
            pool = Pool.from_dataset(rows, target, objective, options)
            own_sources = {source: sources[source] for source in own_sources_of[target] if source in sources}
            new, seconds = evaluate(strategy, pool, own_sources, objective, options, plan, reused)
            added = cell_store.stored(new, seconds, part.digests)
            store.write(objective, target, part.depends_on, pa.concat_tables([cells, added]))
    return EvaluatedBatch(store, parts, n_kept, n_new)


def _sources_of(environments: Sequence[str], params: EvaluateParams) -> dict[str, list[str]]:
    """Return the sources of each target of a job, of the environments in which an objective was measured."""
    return {
        target: sample_sources(environments, target, params.sources_per_target, params.seed)
        for target in params.targets
        if target in environments
    }


def _parts(
    strategy: type[Strategy],
    params: EvaluateParams,
    plans: Mapping[str, Plan],
    inputs: Inputs,
    options: Sequence[Option],
    sources_of: Mapping[str, Mapping[str, Sequence[str]]],
) -> list[_Part]:
    """Say for each objective and target which cells there are, and what they depend on."""
    common = digest_of(
        strategy.__name__, designs.name_of(strategy.design), params.code,
        {name: _version(name) for name in _LIBRARIES}, params.seed, params.interval_folds, params.batch,
        _file_digest(inputs.dataset), inputs.influence and _file_digest(inputs.influence),
    )  # fmt: skip
    predicted = _PredictionDigests(tables.PartitionedTable(inputs.predictions))
    asks_models = strategy.fits_learner_on in ("source", "both")
    parts = []
    for objective, plan in plans.items():
        learner_digests = {
            learner: digest_of(params.learner_code.get(learner or ""), to_plain(parameters))
            for learner, parameters in learners_of(strategy, plan).items()
        }
        for target, sources in sources_of[objective].items():
            in_turn = sources_in_turn(strategy, sources)
            digests = {}
            for source in in_turn:
                members = sources if source is None else [source]
                for learner, digest in learner_digests.items():
                    models = [predicted(name, objective, learner) for name in members] if asks_models else []
                    digests[source, learner] = digest_of(digest, models)
            # If all sources are used at once, one more or less changes every cell.
            joint_sources = list(sources) if strategy.uses_all_sources else []
            depends_on = digest_of(common, objective, plan.scale, target, joint_sources)
            parts.append(_Part(objective, target, cell_keys(strategy, in_turn, options, plan), depends_on, digests))
    return parts


class _PredictionDigests:
    """Digests of what source models predicted, so that one learner more changes none of the others."""

    def __init__(self, predictions: tables.PartitionedTable) -> None:
        self._predictions = predictions
        self._by_environment = cache(self._uncached)

    def __call__(self, environment: str, objective: str, learner: str | None) -> str | None:
        return self._by_environment(environment).get((objective, learner))

    def _uncached(self, environment: str) -> dict[tuple[str, str | None], str]:
        digests: dict[tuple[str, str | None], str] = {}
        for (objective, learner), rows in self._predictions.read(environment).groupby(["objective", "learner"]):
            digest = hashlib.sha256("\0".join(rows["configuration_id"]).encode())
            digest.update(rows["predicted"].to_numpy(dtype="<f8").tobytes())
            digests[str(objective), str(learner)] = digest.hexdigest()
        return digests


def _version(library: str) -> str | None:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write(batch: EvaluatedBatch, cells: Path, timing: Path) -> int:
    """Write the table of cells and that of the seconds of their fits; return the number of cells."""
    temporary = timing.with_name(f".{timing.name}.tmp")
    timing.parent.mkdir(parents=True, exist_ok=True)
    with temporary.open("w", encoding="utf-8") as file:
        pd.DataFrame(columns=TIMING_COLUMNS).to_csv(file, index=False)
        for part in batch.tables():
            part.select(TIMING_COLUMNS).to_pandas().to_csv(file, index=False, header=False)
    n = tables.stack(cells, (part.select(COLUMNS).cast(SCHEMA) for part in batch.tables()))
    temporary.replace(timing)
    return n


def collect(files: Sequence[Path | str], path: Path) -> int:
    """Put tables of cells one below the other; without any, write one without rows. Return how many cells."""
    return tables.stack(path, tables.read_row_groups(files) if files else [SCHEMA.empty_table()])


def join(files: Sequence[Path | str], path: Path) -> None:
    """Put tables of seconds one below the other, by way of a temporary name; without any, write one without rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("wb") as out:
        out.write((",".join(TIMING_COLUMNS) + "\n").encode())
        for name in files:
            with Path(name).open("rb") as file:
                file.readline()
                shutil.copyfileobj(file, out)
    temporary.replace(path)
