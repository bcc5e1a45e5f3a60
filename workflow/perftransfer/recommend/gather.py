"""What a study knows of a target: its sources, the schema of their options and its own, and its measurements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import pandas as pd

from perftransfer.dataset import measured, tables
from perftransfer.dataset.merge import merge
from perftransfer.dataset.params import EnvironmentDescription
from perftransfer.evaluation.pool import Pool
from perftransfer.recommend.params import ModelParams
from perftransfer.recommend.transferred_model import Measured, Recipe, TransferredModel
from perftransfer.space.option_space import OptionSpace


class ModelFiles(Protocol):
    """Input files of a job that models a target.

    measured, imported: one for each source, in their order. candidates: configurations that may be chosen. space: of
    the target, as its user wrote it.
    """

    measured: Sequence[str]
    imported: Sequence[str]
    influence: str
    space: str
    candidates: str


def model_from_job(environment: str, objective: str, params: ModelParams, files: ModelFiles) -> TransferredModel:
    """Call ``build_source_model`` with the parameters and input files of a job of the workflow."""
    sources = params.sources
    by_kind = {
        kind: dict(zip((name for name, one in sources.items() if one["kind"] == kind), map(Path, paths), strict=True))
        for kind, paths in (("measured", files.measured), ("imported", files.imported))
    }
    recipe = params.recipe
    return build_source_model(
        Recipe(
            environment=environment,
            objective=objective,
            strategy=recipe.strategy,
            learner=recipe.learner,
            scale=recipe.scale,
            seed=recipe.seed,
            folds=recipe.folds,
            candidate_fraction=recipe.candidate_fraction,
            parameters=recipe.parameters,
            described=recipe.described,
        ),
        sources,
        by_kind["measured"],
        by_kind["imported"],
        tables.read(files.influence),
        OptionSpace.read(Path(files.space)),
        Path(files.candidates),
    )


def build_source_model(
    recipe: Recipe,
    sources: Mapping[str, EnvironmentDescription],
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
