"""The cells of one strategy on a batch of targets, in parts that survive a kill.

A part is what was evaluated of one target and objective. It lies beside the table that the parts become, in a folder
whose name is the digest of all that they depend on: what is found there need not be evaluated again.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pyarrow as pa

from perftransfer.dataset import tables
from perftransfer.evaluation.cells import COLUMNS, SCHEMA, TIMING_COLUMNS, Plan, evaluate
from perftransfer.evaluation.params import EvaluateParams
from perftransfer.evaluation.pool import Pool
from perftransfer.evaluation.sources import load_sources, sample_sources
from perftransfer.plain import to_plain
from perftransfer.strategies.interface import Strategy

_SECONDS = TIMING_COLUMNS[-1]
_PART = SCHEMA.append(pa.field(_SECONDS, pa.float64()))


@dataclass(frozen=True)
class Inputs:
    """Files that an evaluation reads; influence where the strategy's design asks what matters in a source."""

    dataset: Path
    predictions: Path
    influence: Path | None = None


def key(params: EvaluateParams, inputs: Inputs) -> str:
    """Digest of all that a part depends on: the job's parameters, its code among them, and what its inputs hold."""
    # Which targets share a job makes no difference to any of them.
    own = to_plain(replace(params, targets=()))
    digest = hashlib.sha256(json.dumps(own, sort_keys=True).encode())
    for path in (inputs.dataset, inputs.predictions, inputs.influence):
        if path is not None:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


def evaluate_batch(
    strategy: type[Strategy],
    targets: Sequence[str],
    objectives: Sequence[str],
    inputs: Inputs,
    plan: Plan,
    sources_per_target: int | None,
    folder: Path,
) -> list[Path]:
    """Evaluate a strategy on some targets; return the files of the parts, in their order.

    sources_per_target: see ``sample_sources``. folder: holds the parts that were finished already. Folders beside it
    are of parts that depend on something else, and go.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for other in folder.parent.iterdir():
        if other != folder:
            shutil.rmtree(other)
    options = tables.options(inputs.dataset)
    rows, predictions = (tables.PartitionedTable(path) for path in (inputs.dataset, inputs.predictions))
    influence = None if inputs.influence is None else tables.read(inputs.influence)
    files = {
        (objective, target): folder / f"{objective}.{target}.arrow" for objective in objectives for target in targets
    }
    sources_of = {
        name: sample_sources(predictions.environments, name, sources_per_target, plan.seed) for name in targets
    }
    for objective in objectives:
        left = [name for name in targets if not files[objective, name].exists()]
        if not left:
            continue
        wanted = {name for target in left for name in sources_of[target]}
        dataset = pd.concat(
            [rows.read(name) for name in rows.environments if name in {*left, *wanted}], ignore_index=True
        )
        ordered = [name for name in predictions.environments if name in wanted]
        sources = load_sources(strategy, ordered, dataset, predictions.read, influence, objective, options, plan)
        for name in left:
            target = Pool.from_dataset(dataset, name, objective, options)
            known = {source: sources[source] for source in sources_of[name] if source in sources}
            cells, seconds = evaluate(strategy, target, known, objective, options, plan)
            part = cells.assign(**{_SECONDS: seconds[_SECONDS]})
            _keep(files[objective, name], pa.Table.from_pandas(part, _PART, preserve_index=False))
    return list(files.values())


def write(parts: Sequence[Path], cells: Path, timing: Path) -> int:
    """Put parts together into the table of cells and that of the seconds of their fits; return how many cells."""
    temporary = timing.with_name(f".{timing.name}.tmp")
    timing.parent.mkdir(parents=True, exist_ok=True)
    with temporary.open("w", encoding="utf-8") as file:
        pd.DataFrame(columns=TIMING_COLUMNS).to_csv(file, index=False)
        for part in _read(parts):
            part.select(TIMING_COLUMNS).to_pandas().to_csv(file, index=False, header=False)
    n = tables.stack(cells, (part.select(COLUMNS).cast(SCHEMA) for part in _read(parts)))
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


def _keep(path: Path, part: pa.Table) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    # Not Parquet: there are thousands, read once and soon, and this is written in a tenth of the time.
    with pa.ipc.new_file(temporary, part.schema) as file:
        file.write_table(part)
    temporary.replace(path)


def _read(parts: Sequence[Path]) -> Iterator[pa.Table]:
    for path in parts:
        with pa.ipc.open_file(path) as file:
            yield file.read_all().replace_schema_metadata(None)
