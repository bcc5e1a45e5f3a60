"""Which configuration is recommended for use, by a model's file or a file of recommendations."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd

from perftransfer.dataset import tables
from perftransfer.dataset.params import EnvironmentDescription
from perftransfer.errors import UserError, unknown
from perftransfer.export.interface import Deployment
from perftransfer.levels import Level
from perftransfer.recommend import source_prediction, stored_model
from perftransfer.recommend.facts import Deployable
from perftransfer.recommend.recommendation import predict_space, recommend
from perftransfer.recommend.transferred_model import TransferredModel
from perftransfer.space.options import configuration_id, level_text

# Configurations that stand for a larger space.
_MAX_CANDIDATES = 20_000


def facts_of(
    description: EnvironmentDescription, configurations: Mapping[str, Mapping[str, Level | None]]
) -> Deployable:
    """Return the metadata with which ``from_rows`` reads a table of recommendations.

    Parameters
    ----------
    description
        The target.
    configurations
        Levels by ``configuration_id``, None for inactive options, in the order of the option space.
    """
    pairs = {name: list(levels.items()) for name, levels in configurations.items()}
    return {"description": description, "configurations": pairs}


def best_row(rows: pd.DataFrame) -> pd.Series:
    """Return the row of what to run, of a target's rows for one objective: it may be the default configuration.

    What was chosen after it was measured side by side, else the best by the model.
    """
    ranked = rows.sort_values("rank")
    return (ranked[ranked["chosen"].astype(bool)] if "chosen" in ranked else ranked).iloc[0]


def from_rows(rows: pd.DataFrame, facts: Deployable) -> Deployment:
    """Return the best configuration of a target for one objective.

    Parameters
    ----------
    rows
        Rows of a table of recommendations.
    facts
        What ``facts_of`` returned.
    """
    default, best = rows[rows["default"]].iloc[0], best_row(rows)
    levels = {name: {str(option): level for option, level in pairs} for name, pairs in facts["configurations"].items()}
    return Deployment(
        facts["description"],
        str(best["objective"]),
        levels[best["configuration_id"]],
        levels[default["configuration_id"]],
    )


def load(path: Path, target: str | None = None, objective: str | None = None) -> Deployment:
    """Read what is recommended in a file.

    Parameters
    ----------
    path
        A target's model, ``recommendation.parquet`` of a target, or that of a study.
    target
        Name of the target; None if the file has only one.
    objective
        Name of the objective; None for the file's first.

    Raises
    ------
    UserError
        If the file is none of these, has no such target or objective, or has several targets and none is named.
    """
    if path.suffix == source_prediction.SUFFIX:
        raise UserError(f"{path}: a model of a source recommends nothing; use one of a target")
    facts = tables.metadata(path)
    if "recipe" in facts:
        rows, about = _from_model(path)
        described: dict[str, Deployable] = {str(rows["environment"].iloc[0]): about}
    else:
        rows = tables.read(path)
        if not {"environment", "objective", "rank", "default"} <= set(rows):
            raise UserError(f"{path}: neither a model of a target nor recommendations")
        if "targets" in facts:
            described = json.loads(facts["targets"])
        else:
            here = {key: json.loads(text) for key, text in facts.items() if key in ("description", "configurations")}
            described = {str(rows["environment"].iloc[0]): cast(Deployable, here)}
    targets = list(dict.fromkeys(map(str, rows["environment"])))
    if target is None and len(targets) > 1:
        raise UserError(f"{path} has several targets; give one by --target: {', '.join(targets)}")
    name = targets[0] if target is None else target
    if name not in targets:
        raise UserError(unknown(f"{path}: --target", "target", name, targets))
    rows = rows[rows["environment"] == name]
    objectives = list(dict.fromkeys(map(str, rows["objective"])))
    quantity = objectives[0] if objective is None else objective
    if quantity not in objectives:
        raise UserError(unknown(f"{path}: --objective", "objective", quantity, objectives))
    if "configurations" not in described[name]:
        raise UserError(f"{path}: written by an older version of perftransfer; run the study again")
    return from_rows(rows[rows["objective"] == quantity], described[name])


def _from_model(path: Path) -> tuple[pd.DataFrame, Deployable]:
    """Recommend by a model's file, as the workflow does: rows of a table of recommendations, and their facts."""
    model = stored_model.load(path)
    target = model.target
    measured = configurations_from_codes(model, target.codes)
    failed = {} if target.failed is None else configurations_from_codes(model, target.failed)
    candidates = {**model.space.candidates(_MAX_CANDIDATES, model.recipe.seed), **failed, **measured}
    space = tables.configurations_frame(candidates, model.space.options)
    models = {model.recipe.objective: model}
    rows = recommend(models, space, predict_space(models, space), 1, failed.keys() - measured.keys(), set(measured))
    return rows, facts_of(model.recipe.description, {name: candidates[name] for name in rows["configuration_id"]})


def configurations_from_codes(model: TransferredModel, codes: np.ndarray) -> dict[str, dict[str, Level | None]]:
    """Return configurations of the model's space by ``configuration_id``, from codes of the model's options."""
    names = [option.name for option in model.options]
    levels = {}
    for option in model.space.options:
        name, compared = model.as_compared(option)
        by_text = dict(zip(map(level_text, compared), option.levels, strict=True))
        levels[option.name] = names.index(name), by_text
    out = {}
    for row in codes:
        texts = [option.texts[code] for option, code in zip(model.options, row, strict=True)]
        configuration = {name: by_text.get(texts[place]) for name, (place, by_text) in levels.items()}
        out[configuration_id(configuration)] = configuration
    return out
