"""Learners: how a performance model is fitted. One file each; its name in capitals is the learner's name in a study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perftransfer.catalogue import Catalogue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sklearn.pipeline import Pipeline

    from perftransfer.learners.interface import Learner
    from perftransfer.space.options import Option

CATALOGUE: Catalogue[Learner] = Catalogue(__name__, "Learner", "learner", upper_case=True)


def names() -> list[str]:
    """List the names of the built-in learners, without importing them."""
    return CATALOGUE.names()


def module_of(name: str) -> str:
    """Return the import path of the module that holds the learner ``name``.

    Raises UserError if there is none.
    """
    return CATALOGUE.module_of(name)


def load(name: str) -> type[Learner]:
    """Import the learner ``name``, a built-in one or the import path of a user's own, and return its class.

    Raises UserError if there is none.
    """
    return CATALOGUE.load(name)


def make(name: str, options: Sequence[Option], seed: int, parameters: Mapping[str, object] | None = None) -> Pipeline:
    """Create the unfitted learner ``name`` for configurations of these options.

    Parameters
    ----------
    name
        A built-in learner, or the import path of a user's own class.
    options
        Schema of the configurations.
    seed
        Seed of everything random in the model.
    parameters
        Values of the learner's parameters; defaults for those that are missing.

    Returns
    -------
    sklearn.pipeline.Pipeline
        Encoding, then the learner's estimator. ``fit`` and ``predict`` take configurations as codes of shape
        (rows, options) or as a table with one column per option.

    Raises
    ------
    UserError
        If there is no such learner.
    """
    from sklearn.pipeline import make_pipeline

    from perftransfer.space import encoding
    from perftransfer.space.options import to_json

    learner = load(name)(**(parameters or {}))
    return make_pipeline(encoding.Encoder(to_json(options), learner.encoding), learner.estimator(seed))
