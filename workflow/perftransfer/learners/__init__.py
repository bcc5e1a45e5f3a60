"""Learners: how a performance model is fitted. One file each; its name in capitals is the learner's name in a study."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from perftransfer import catalogue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sklearn.pipeline import Pipeline

    from perftransfer.space.options import Option


def names() -> list[str]:
    """Names of the learners that a study may use, without importing them."""
    return list(catalogue.in_capitals(__name__))


def module_of(name: str) -> str:
    """Import path of the module that holds the learner ``name``.

    Raises BadInput if there is none.
    """
    return catalogue.path_of(__name__, "learner", name)


def make(name: str, options: Sequence[Option], seed: int) -> Pipeline:
    """Return the unfitted learner ``name`` for configurations of these options.

    A scikit-learn pipeline: encoding, then the learner. ``fit`` and ``predict`` take configurations as codes of shape
    (rows, options) or as a table with one column per option.
    """
    from sklearn.pipeline import make_pipeline

    from perftransfer.space import encoding
    from perftransfer.space.options import to_json

    module: Any = importlib.import_module(module_of(name))
    return make_pipeline(encoding.Encoder(to_json(options), module.ENCODING), module.estimator(seed))
