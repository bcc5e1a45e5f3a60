"""Base classes of the networks that are measured."""

from __future__ import annotations

import tempfile
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    import onnx


class NetworkFile(ABC):
    """A network that is written to a file of some format, with random weights: an ONNX ``Network``, for one."""

    #: Raise it whenever the graph changes: measurements of the old one are then of another network.
    version: ClassVar[int]
    #: Ending of the file's name, which says its format.
    suffix: ClassVar[str]
    #: Precisions in which it can be written; the first one where nothing is asked for.
    precisions: ClassVar[tuple[str, ...]]
    #: Sizes of its inputs by their names; free ones are names. They are checked before it is built.
    inputs: ClassVar[Mapping[str, Sequence[int | str]]]

    @abstractmethod
    def write(self, precision: str, path: Path, seed: int) -> None:
        """Write the network; the same seed gives the same bytes.

        Parameters
        ----------
        precision
            One of ``precisions``.
        path
            Of the file; its folder is there.
        seed
            Decides the weights.
        """


class Network(NetworkFile):
    """A network that is built with random weights, as ONNX.

    A network is one file in ``networks/`` with one public subclass; the file's name is the network's name in the
    environment sheet, which names a user's own class by its import path (``my_networks.Tiny``). Its module must not
    import onnx at its top: a board that has no onnx reads ``version``.

    A network is created without arguments. ``build`` is called once per precision of a study;
    ``perftransfer.testing.check_network`` checks a class.
    """

    suffix = "onnx"
    precisions = ("fp32", "int8")
    inputs: ClassVar[Mapping[str, Sequence[int | str]]] = {"image": ("batch", 3, "image_px", "image_px")}

    def write(self, precision: str, path: Path, seed: int) -> None:
        """Write what ``build`` returns, quantised where that is asked for."""
        content = self.build(seed).SerializeToString(deterministic=True)
        if precision == "fp32":
            path.write_bytes(content)
            return
        from perftransfer.measuring.networks._quantisation import quantise

        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as scratch:
            fp32 = Path(scratch, "fp32.onnx")
            fp32.write_bytes(content)
            quantise(fp32, path, seed=seed)

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
