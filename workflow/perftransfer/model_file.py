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
from perftransfer.space.encoding import Encoder
from perftransfer.space.options import Option, from_json

# The types of our learners' models, in addition to those that skops trusts. A file with any other is refused.
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

    @property
    def options(self) -> tuple[Option, ...]:
        """The options that a configuration sets, in the order of the model's inputs."""
        encoder = self.pipeline[0]
        if not isinstance(encoder, Encoder):
            raise TypeError(f"the first step is a {type(encoder).__name__}, not an Encoder")
        return from_json(encoder.options)

    def predict(self, configurations: pd.DataFrame | np.ndarray) -> np.ndarray:
        """Predict the objective in its own unit, shape (rows,), from a table with a column per option, or from codes.

        Raises UserError for a configuration outside the space of the model.
        """
        backward = SCALES[self.scale].backward
        return np.asarray(backward(self.pipeline.predict(configurations)), dtype=float)


_FACTS = ("environment", "objective", "learner", "scale", "version")


# skops is imported in the functions that need it: it takes most of a second.


def save(path: Path, model: Model) -> None:
    """Write a model, by way of a temporary name."""
    import skops.io

    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    content = {"facts": json.dumps({fact: getattr(model, fact) for fact in _FACTS}), "pipeline": model.pipeline}
    temporary.write_bytes(skops.io.dumps(content, compression=zipfile.ZIP_DEFLATED))
    temporary.replace(path)


def load(path: Path) -> Model:
    """Read a model without running code from its file.

    Raises
    ------
    UserError
        If there is no such file, if it is not a model of perftransfer, or if it contains a type that no model needs.
    """
    import skops.io

    try:
        foreign = set(skops.io.get_untrusted_types(file=path)) - set(ALLOWED_TYPES)
        if foreign:
            raise UserError(f"{path}: refused: it contains types that no model needs: {', '.join(sorted(foreign))}")
        content = skops.io.load(path, trusted=list(ALLOWED_TYPES))
        model = Model(pipeline=content["pipeline"], **json.loads(content["facts"]))
        if model.scale not in SCALES or not hasattr(model.pipeline, "predict"):
            raise ValueError("unknown scale of learning, or no predict method")
        # One row, to see that the schema and the fitted learner fit together.
        default = pd.DataFrame([{option.name: option.default for option in model.options}])
        if model.predict(default).shape != (1,):
            raise ValueError("it does not predict one number per configuration")
        return model
    except FileNotFoundError as error:
        raise UserError(f"{path}: there is no such file") from error
    except UserError as error:
        raise error if str(error).startswith(str(path)) else UserError(f"{path}: {error}") from error
    except Exception as error:
        raise UserError(f"{path}: not a model file of perftransfer: {type(error).__name__}: {error}") from error
