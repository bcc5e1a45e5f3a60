"""Model files (.skops): a fitted learner with what it needs to be used; loading one never runs code from it."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import perftransfer
from perftransfer.errors import UserError
from perftransfer.scales import SCALES

# Beside what skops itself holds harmless: the types of which the learners' models consist. A fixed list; what else a
# file asks for is refused.
ALLOWED_TYPES = (
    "perftransfer.learners._mars.MARS",
    "perftransfer.space.encoding.Encoder",
    "sklearn._loss.link.IdentityLink",
    "sklearn._loss.link.Interval",
    "sklearn._loss.loss.HalfSquaredError",
    "sklearn.tree._tree.Tree",
    "xgboost.core.Booster",
    "xgboost.sklearn.XGBRFRegressor",
    "xgboost.sklearn.XGBRegressor",
)


@dataclass(frozen=True)
class Model:
    """A performance model of one environment.

    pipeline: fitted learner on the scale of learning (``scale``: "log" or "linear"), options' schema in its first step.
    """

    environment: str
    objective: str
    learner: str
    scale: str
    pipeline: Any
    version: str = perftransfer.__version__

    def predict(self, configurations: pd.DataFrame | np.ndarray) -> np.ndarray:
        """Predict the objective in its own unit, shape (rows,), from a table with a column per option, or from codes.

        Raises UserError for a configuration outside the space of the model.
        """
        backward = SCALES[self.scale][1]
        return np.asarray(backward(self.pipeline.predict(configurations)), dtype=float)


_FACTS = ("environment", "objective", "learner", "scale", "version")


# skops takes most of a second to import: only who has a model at hand shall wait for it.


def save(path: Path, model: Model) -> None:
    """Write a model, by way of a temporary name."""
    import skops.io

    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    content = {"facts": json.dumps({fact: getattr(model, fact) for fact in _FACTS}), "pipeline": model.pipeline}
    temporary.write_bytes(skops.io.dumps(content, compression=zipfile.ZIP_DEFLATED))
    temporary.replace(path)


def load(path: Path) -> Model:
    """Read a model.

    Raises UserError if the file is no model, or holds a type that a model has no need of.
    """
    import skops.io

    try:
        foreign = set(skops.io.get_untrusted_types(file=path)) - set(ALLOWED_TYPES)
        if foreign:
            raise UserError(f"{path}: refused: holds types that a model has no need of: {', '.join(sorted(foreign))}")
        content = skops.io.load(path, trusted=list(ALLOWED_TYPES))
        model = Model(pipeline=content["pipeline"], **json.loads(content["facts"]))
        if model.scale not in SCALES or not hasattr(model.pipeline, "predict"):
            raise UserError(f"{path}: no model file of perftransfer: no scale of learning, or nothing that predicts")
        return model
    except FileNotFoundError as error:
        raise UserError(f"{path}: there is no such file") from error
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"{path}: no model file of perftransfer: {type(error).__name__}: {error}") from error
