"""What a study knows of a target: its sources, the schema of their options and its own, and its measurements."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from perftransfer.dataset import measured, tables
from perftransfer.dataset.merge import merge
from perftransfer.evaluation.pool import Pool
from perftransfer.recommend.transferred_model import Measured, Recipe, TransferredModel
from perftransfer.space.option_space import OptionSpace


def model_from_job(environment: str, objective: str, settings: Mapping[str, Any], files: Any) -> TransferredModel:
    """Take what ``build_source_model`` needs from the settings and input files of a job of the workflow.

    files: ``measured`` and ``imported``, in the order of the sources; ``influence``; ``space`` and ``every``, lists of
    one file each.
    """
    sources = settings["sources"]
    by_kind = {
        kind: dict(zip((name for name, one in sources.items() if one["kind"] == kind), map(Path, paths), strict=True))
        for kind, paths in (("measured", files.measured), ("imported", files.imported))
    }
    return build_source_model(
        Recipe(environment=environment, objective=objective, **settings["recipe"]),
        sources,
        by_kind["measured"],
        by_kind["imported"],
        tables.read(files.influence),
        OptionSpace.read(Path(files.space[0])),
        Path(files.every[0]),
    )


def build_source_model(
    recipe: Recipe,
    sources: Mapping[str, Mapping[str, Any]],
    measured_files: Mapping[str, Path],
    imported_files: Mapping[str, Path],
    influence: pd.DataFrame,
    space: OptionSpace,
    every: Path,
) -> TransferredModel:
    """Return the model of a target in which nothing was measured yet.

    sources: descriptions of the environments by name. measured_files, imported_files: see ``merge``. influence:
    influence.parquet. space: of the target; every: file of the configurations that may be chosen there.
    """
    target = recipe.environment
    frames, options, _ = merge(
        {**sources, target: recipe.described}, measured_files, {**imported_files, target: every}, [recipe.objective]
    )
    found = {}
    for name, frame in zip(sources, frames, strict=False):
        pool = Pool.of(frame, name, recipe.objective, options)
        rows = influence[(influence["environment"] == name) & (influence["objective"] == recipe.objective)]
        matter = rows[rows["selected"].astype(bool)].sort_values("rank")["term"]
        found[name] = Measured(pool.codes, pool.y, pool.cv, pool.n, tuple(matter))
    nothing = pd.DataFrame({option.name: [] for option in options} | {"y": [], "cv": [], "n": []})
    return TransferredModel(recipe, options, space, found, Measured.of(nothing, options))


def add_target_measurements(
    model: TransferredModel, measurements: pd.DataFrame, drawn: bool = False
) -> TransferredModel:
    """Return the model with what was measured in the target: a table of measurements, one row per process.

    drawn: whether the design of its strategy drew all of them, but for the default configuration.
    """
    objective = model.recipe.objective
    values = measured.per_configuration(measurements, [objective])
    values = values[values[objective].notna()]
    rows = measurements.drop_duplicates("configuration_id").set_index("configuration_id")
    rows = rows[[option.name for option in model.space.options]]
    failed = rows[~rows.index.isin(values.index)]
    y, cv, n = (values[name].to_numpy(dtype=float) for name in (objective, f"{objective}_cv", f"{objective}_n"))
    lost = model.codes_of(failed) if len(failed) else None
    return model.with_target(Measured(model.codes_of(rows.loc[values.index]), y, cv, n, failed=lost, drawn=drawn))


def write_space(path: Path, space: OptionSpace, most: int, seed: int, also: Mapping[str, Any]) -> None:
    """Write the configurations that may be chosen, all or ``most`` of them; ``also`` are among them in any case."""
    every = {**space.every(most, seed), **also}
    tables.write(path, tables.configurations_frame(every, space.options), options=space.options)
