"""A target's model as a file: a table of what it is fitted to, so that loading one runs no code of it."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd

from perftransfer import designs, learners, search, strategies
from perftransfer.dataset import tables
from perftransfer.errors import UserError, unknown
from perftransfer.recommend.transferred_model import Measured, Recipe, TransferredModel
from perftransfer.scales import SCALES
from perftransfer.space.option_space import OptionSpace

_KIND = "transferred model"
# Of a learner's parameters in a file: trees, iterations.
_MAX_PARAMETER = 10_000


def save(model: TransferredModel, path: Path) -> None:
    """Write a model as a Parquet table, one row per measured configuration.

    Configurations that failed in the target have no value. How the model is fitted is in the metadata.
    """
    target = model.target
    parts = [(name, source.codes, source.y, source.cv, source.n) for name, source in model.sources.items()]
    parts.append((model.recipe.environment, target.codes, target.y, target.cv, target.n))
    if target.failed is not None:
        nothing = np.full(len(target.failed), np.nan)
        parts.append((model.recipe.environment, target.failed, nothing, nothing, nothing))
    frames = []
    for name, codes, y, cv, n in parts:
        columns: dict[str, object] = {"environment": name}
        for i, option in enumerate(model.options):
            columns[option.name] = np.array(option.texts, dtype=object)[codes[:, i]]
        frames.append(pd.DataFrame(columns, index=range(len(codes))).assign(y=y, cv=cv, n=n))
    types = {"environment": "str", **{option.name: "str" for option in model.options}}
    table = pd.concat([frame.astype(types) for frame in frames], ignore_index=True)
    metadata = {
        "kind": _KIND,
        "recipe": asdict(model.recipe),
        # As text: the options are to keep their order.
        "space": json.dumps(model.space.content),
        "terms": {name: list(source.terms) for name, source in model.sources.items()},
        "is_random_sample": target.is_random_sample,
        "fingerprint": model.fingerprint,
    }
    tables.write(path, table, options=model.options, metadata=metadata)


def load(path: Path) -> TransferredModel:
    """Read what ``save`` wrote, without running any of it.

    Raises UserError if it is no such file, or if its content does not match its fingerprint.
    """
    metadata = tables.metadata(path)
    try:
        if json.loads(metadata["kind"]) != _KIND:
            raise ValueError(metadata["kind"])
        recipe = Recipe(**json.loads(metadata["recipe"]))
        options = tables.options(path)
        space = OptionSpace(json.loads(json.loads(metadata["space"])), str(path))
        terms, fingerprint = json.loads(metadata["terms"]), json.loads(metadata["fingerprint"])
        _check(recipe)
        frame = tables.read(path)
        here = frame["environment"] == recipe.environment
        failed = Measured.from_table(frame[here & frame["y"].isna()], options).codes
        target = replace(
            Measured.from_table(frame[here & frame["y"].notna()], options),
            failed=failed if len(failed) else None,
            is_random_sample=bool(json.loads(metadata["is_random_sample"])),
        )
        parts = {
            name: Measured.from_table(rows, options) for name, rows in frame[~here].groupby("environment", sort=False)
        }
        sources = {str(name): replace(source, terms=tuple(terms[name])) for name, source in parts.items()}
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise UserError(f"{path}: no model of perftransfer: {type(error).__name__}: {error}") from error
    model = TransferredModel(recipe, options, space, sources, target)
    if model.fingerprint != fingerprint:
        raise UserError(f"{path}: what it holds has been changed: its fingerprint is {fingerprint}, not "
                       f"{model.fingerprint}")  # fmt: skip
    return model


def _check(recipe: Recipe) -> None:
    """Raise UserError for a name that is not ours: a file must not decide which code runs."""
    base = recipe.strategy.partition("+")[0]
    if base not in strategies.names():
        raise UserError(unknown("model file", "strategy", recipe.strategy, strategies.names()))
    design = recipe.strategy.partition("+")[2]
    if design and design not in designs.names():
        raise UserError(unknown("model file", "design", design, designs.names()))
    if recipe.search is not None and recipe.search not in search.CATALOGUE.names():
        raise UserError(unknown("model file", "search method", recipe.search, search.CATALOGUE.names()))
    kinds = {
        "environment": str,
        "objective": str,
        "seed": int,
        "folds": int,
        "candidate_fraction": float,
        "parameters": dict,
    }
    for name, kind in kinds.items():
        if not isinstance(getattr(recipe, name), kind):
            raise UserError(f"model file: {name}: found {getattr(recipe, name)!r}")
    known = learners.load(recipe.learner).parameters() if recipe.learner in learners.names() else {}
    for key, value in recipe.parameters.items():
        if key not in known:
            raise UserError(unknown("model file", f"parameter of {recipe.learner}", key, known))
        # A file from elsewhere must not keep a machine busy for days.
        if not isinstance(value, int | float | str) or (
            not isinstance(value, str) and not 0 <= value <= _MAX_PARAMETER
        ):
            raise UserError(f"model file: {key}: found {value!r}, allowed: at most {_MAX_PARAMETER:,}")
    if recipe.learner is not None and recipe.learner not in learners.names():
        raise UserError(unknown("model file", "learner", recipe.learner, learners.names()))
    if recipe.scale not in SCALES:
        raise UserError(unknown("model file", "scale", recipe.scale, SCALES))
