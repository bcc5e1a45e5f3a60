"""Learners: how a performance model is fitted. One file each; its name in capitals is the learner's name in a study."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from perftransfer import catalogue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sklearn.pipeline import Pipeline

    from perftransfer.space.options import Option


def names() -> list[str]:
    """Names of the learners that a study may use, without importing them."""
    return list(catalogue.in_capitals(__name__))


def module_of(name: str) -> str:
    """Import path of the module that holds the learner ``name``.

    Raises UserError if there is none.
    """
    return catalogue.path_of(catalogue.in_capitals(__name__), "learner", name)


def parameters(name: str) -> dict[str, tuple[str, Any]]:
    """Parameters that a study may set for the learner ``name``: annotation and default, without importing it."""
    return catalogue.keywords(__name__, name.lower(), "estimator")


def make(name: str, options: Sequence[Option], seed: int, parameters: Mapping[str, Any] | None = None) -> Pipeline:
    """Return the unfitted learner ``name`` for configurations of these options.

    A scikit-learn pipeline: encoding, then the learner. ``fit`` and ``predict`` take configurations as codes of shape
    (rows, options) or as a table with one column per option.
    """
    from sklearn.pipeline import make_pipeline

    from perftransfer.space import encoding
    from perftransfer.space.options import to_json

    module: Any = importlib.import_module(module_of(name))
    estimator = module.estimator(seed, **(parameters or {}))
    return make_pipeline(encoding.Encoder(to_json(options), module.ENCODING), estimator)
