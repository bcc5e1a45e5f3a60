"""Base class of learners: regression models that strategies fit."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, get_type_hints

if TYPE_CHECKING:
    from sklearn.base import RegressorMixin

Encoding = Literal["ranks", "scaled"]


class Parameter(NamedTuple):
    """Type and default value of a parameter that a study may set."""

    annotation: Any
    default: Any


@dataclass(frozen=True)
class Learner(ABC):
    """A regression model and the encoding of configurations that suits it.

    A learner is one file in ``learners/``; its class has the file's name in capitals, which is its name in a study.
    Modules of learners are imported whenever a study is read: import heavy libraries inside ``estimator``.

    Parameters that a study may set (``learning.parameters``) are fields of a frozen dataclass, with a default each::

        @dataclass(frozen=True)
        class RF(Learner):
            n_estimators: int = 64

    A field of type ``int`` takes numbers from 1, one of type ``float`` numbers from 0, ``bool``, ``str`` and
    ``Literal`` what they say.

    For each model that is to be fitted, an instance with the study's parameters is created, and ``estimator`` is called
    once. The estimator becomes the last step of a scikit-learn pipeline (``learners.make``), the encoding its first.
    ``perftransfer.testing.check_learner`` checks a class.
    """

    #: What it is called in words.
    title: ClassVar[str]
    #: What ``X`` holds. "ranks": the position of each level, for models that split; "scaled": numbers in [0, 1] and
    #: indicators of levels without order, for models that measure distances.
    encoding: ClassVar[Encoding]

    @abstractmethod
    def estimator(self, seed: int) -> RegressorMixin:
        """Create an unfitted scikit-learn regressor.

        Parameters
        ----------
        seed
            Seed of everything random in the model.

        Returns
        -------
        sklearn.base.RegressorMixin
            A regressor that is fitted to ``X`` of shape (rows, encoded options) and ``y`` of shape (rows,), the
            objective on the scale of learning. There may be as few as two rows, and all ``y`` may be equal.
        """

    @classmethod
    def parameters(cls) -> dict[str, Parameter]:
        """Return the parameters that a study may set, by name."""
        annotations = get_type_hints(cls)
        return {field.name: Parameter(annotations[field.name], field.default) for field in dataclasses.fields(cls)}
