"""Predict with a source model: a learner fitted to all measurements of one environment (``.skops``)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from perftransfer import model_file, objectives
from perftransfer.errors import UserError, unknown
from perftransfer.model_file import Model
from perftransfer.space.options import INACTIVE, level_text

#: Extension of the files of source models.
SUFFIX = ".skops"


def sentence(path: Path, assignments: Mapping[str, str]) -> str:
    """Predict one configuration and say so in a sentence.

    Parameters
    ----------
    path
        File of a source model.
    assignments
        Levels of options, as text. Options that are not named have their default; conditional options are inactive,
        since the file does not hold the conditions of the option space.

    Raises
    ------
    UserError
        If the file is no model, or has no such option or level.
    """
    model = model_file.load(path)
    chosen = _complete(model, assignments, str(path))
    value = model.predict(pd.DataFrame([chosen]))[0]
    unit = objectives.split(model.objective)[1]
    configuration = " ".join(f"{name}={text}" for name, text in chosen.items() if text != INACTIVE)
    return f"{model.environment}, {configuration}: {model.objective} {value:.4g} {unit}".rstrip() + "."


def table(path: Path, configurations: pd.DataFrame, where: str) -> pd.DataFrame:
    """Predict many configurations.

    Parameters
    ----------
    path
        File of a source model.
    configurations
        A row per configuration, a column of texts per option, "" for the default. ``configuration_id`` is ignored.
    where
        File of the configurations, for messages.

    Returns
    -------
    pandas.DataFrame
        The completed configurations, with the prediction in a column named like the objective.

    Raises
    ------
    UserError
        If the file is no model, or a column or level is unknown.
    """
    model = model_file.load(path)
    names = [str(name) for name in configurations if name != "configuration_id"]
    rows = [
        _complete(model, {name: str(row[name]) for name in names if row[name] != ""}, f"{where}, row {number}")
        for number, row in enumerate(configurations.to_dict("records"), start=1)
    ]
    out = pd.DataFrame(rows, columns=[option.name for option in model.options])
    return out.assign(**{model.objective: model.predict(out) if rows else []})


def _complete(model: Model, assignments: Mapping[str, str], where: str) -> dict[str, str]:
    """Return a level per option, as text."""
    options = {option.name: option for option in model.options}
    for name, text in assignments.items():
        if name not in options:
            raise UserError(unknown(where, "option", name, options))
        if text not in options[name].texts:
            raise UserError(unknown(f"{where}: {name}", "level", text, options[name].texts))
    defaults = {
        name: INACTIVE if option.conditional else level_text(option.default) for name, option in options.items()
    }
    return defaults | dict(assignments)
