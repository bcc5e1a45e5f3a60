"""Base class of the networks that are measured."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    import onnx


class Network(ABC):
    """A network that is built with random weights.

    A network is one file in ``networks/`` with one public subclass; the file's name is the network's name in the
    environment sheet, which names a user's own class by its import path (``my_networks.Tiny``). Its module must not
    import onnx at its top: a board that has no onnx reads ``version``.

    A network is created without arguments. ``build`` is called once per precision of a study;
    ``perftransfer.testing.check_network`` checks a class.
    """

    #: Raise it whenever the graph changes: measurements of the old one are then of another network.
    version: ClassVar[int]
    #: Sizes of its inputs by their names; free ones are names. They are checked before it is built.
    inputs: ClassVar[Mapping[str, Sequence[int | str]]] = {"image": ("batch", 3, "image_px", "image_px")}

    @abstractmethod
    def build(self, seed: int) -> onnx.ModelProto:
        """Build the network.

        Parameters
        ----------
        seed
            Decides the weights: the same seed gives the same bytes.

        Returns
        -------
        onnx.ModelProto
            Float32, small enough for one file (2 GB). Free dimensions of its inputs bear the names of columns of the
            environment sheet, ``batch`` and ``image_px``, or names whose sizes the column ``sizes`` gives.
        """
