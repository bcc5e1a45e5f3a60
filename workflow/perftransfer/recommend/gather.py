"""What a study knows of a target: its sources, the schema of their options and its own, and its measurements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pandas as pd

from perftransfer.dataset import measured, tables
from perftransfer.dataset.merge import columns_of, merge
from perftransfer.dataset.params import EnvironmentDescription
from perftransfer.evaluation.pool import Pool, has_values
from perftransfer.evaluation.sources import influential_terms
from perftransfer.goal import Goal
from perftransfer.recommend.params import ModelParams
from perftransfer.recommend.transferred_model import Measured, Recipe, TransferredModel
from perftransfer.space import terms
from perftransfer.space.option_space import OptionSpace
from perftransfer.space.options import INACTIVE, Option, level_text
from perftransfer.space.relative import compared_by, name_of


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


def models_from_job(
    environment: str, objectives: Sequence[str], params: ModelParams, files: ModelFiles
) -> dict[str, TransferredModel]:
    """Build the models of a target, by objective, from the parameters and input files of a job."""
    sources, recipe = params.sources, params.recipe
    by_kind = {
        kind: dict(zip((name for name, row in sources.items() if row["kind"] == kind), map(Path, paths), strict=True))
        for kind, paths in (("measured", files.measured), ("imported", files.imported))
    }
    recipes = [
        Recipe(
            environment=environment,
            objective=objective,
            strategy=recipe.strategy,
            learner=recipe.learner,
            scale=params.scales[objective],
            seed=recipe.seed,
            folds=recipe.folds,
            search=recipe.search,
            candidate_fraction=recipe.candidate_fraction,
            parameters=recipe.parameters,
            description=recipe.description,
            limits=list(map(str, params.goal.limits)),
        )
        for objective in objectives
    ]
    return build_source_models(
        recipes,
        sources,
        by_kind["measured"],
        by_kind["imported"],
        tables.read(files.influence),
        OptionSpace.read(Path(files.space)).restricted(params.goal.fixed),
        Path(files.candidates),
    )


def candidates_for(goal: Goal, candidates: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a table of configurations in which fixed options have their level, or are inactive."""
    for name, level in goal.fixed.items():
        candidates = candidates[candidates[name].map(level_text).isin([level_text(level), INACTIVE])]
    return candidates.reset_index(drop=True)


def build_source_models(
    recipes: Sequence[Recipe],
    sources: Mapping[str, EnvironmentDescription],
    measured_files: Mapping[str, Path],
    imported_files: Mapping[str, Path],
    influence: pd.DataFrame,
    space: OptionSpace,
    candidates: Path,
) -> dict[str, TransferredModel]:
    """Build the models of a target in which nothing was measured yet, by objective.

    The sources are merged once for all objectives, together with the target: its options may have levels that no
    source has.

    Parameters
    ----------
    recipes
        How each objective is modelled; all for the same target.
    sources
        Descriptions of the environments by name.
    measured_files, imported_files
        See ``merge``.
    influence
        Content of influence.parquet.
    space
        Option space of the target.
    candidates
        File of the configurations that may be chosen there.
    """
    first = recipes[0]
    frames, options, _ = merge(
        {**sources, first.environment: first.description},
        measured_files,
        {**imported_files, first.environment: candidates},
        [recipe.objective for recipe in recipes],
    )
    merged = dict(zip(sources, frames, strict=False))
    unmeasured = Measured.from_table(pd.DataFrame(columns=[*(o.name for o in options), "y", "cv", "n"]), options)
    models = {}
    for recipe in recipes:
        measured_sources = {
            name: _source(frame, name, recipe.objective, options, influence)
            for name, frame in merged.items()
            if has_values(frame, name, recipe.objective)
        }
        models[recipe.objective] = TransferredModel(recipe, options, space, measured_sources, unmeasured)
    return models


def _source(
    frame: pd.DataFrame, name: str, objective: str, options: Sequence[Option], influence: pd.DataFrame
) -> Measured:
    pool = Pool.from_dataset(frame, name, objective, options)
    # The dataset may have by its number what is compared relative to a size here.
    compared = [option.name for option in options]
    names = []
    for text in influential_terms(influence, name, objective):
        sizes = {part: compared_by(part, compared) for part in terms.parse(text)}
        names.append(terms.name(tuple(name_of(part, size) if size else part for part, size in sizes.items())))
    return Measured(pool.codes, pool.y, pool.cv, pool.n, tuple(names))


def add_target_measurements(
    model: TransferredModel, measurements: pd.DataFrame, is_random_sample: bool = False
) -> TransferredModel:
    """Return the model with what was measured in the target.

    Parameters
    ----------
    model
        Model of the target.
    measurements
        Table with one row per process.
    is_random_sample
        Whether the design of its strategy drew all of them, but for the default configuration.
    """
    return model.with_target(replace(target_measurements(model, measurements), is_random_sample=is_random_sample))


def target_measurements(model: TransferredModel, measurements: pd.DataFrame) -> Measured:
    """Aggregate a table of measurements, one row per process, to one value per configuration."""
    objective = model.recipe.objective
    values = measured.per_configuration(measurements, [objective])
    values = values[values[objective].notna()]
    rows = measurements.drop_duplicates("configuration_id").set_index("configuration_id")
    rows = rows[[option.name for option in model.space.options]]
    failed = rows[~rows.index.isin(values.index)]
    y, cv, n = (values[name].to_numpy(dtype=float) for name in columns_of(objective))
    failed_codes = model.codes_of(failed) if len(failed) else None
    return Measured(model.codes_of(rows.loc[values.index]), y, cv, n, failed=failed_codes)
