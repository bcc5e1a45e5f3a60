"""The networks that are measured: built here with random weights, nothing is downloaded.

How long an inference takes depends on the graph, not on what its weights were trained for; nothing is said about
accuracy. Each file is a network, see ``interface.py``. Names, versions and precisions are known without onnx and gguf.
Only ``write``, ``files_of`` and ``inputs`` need them, on the host: boards get files, and may lack both.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from perftransfer.catalogue import Catalogue
from perftransfer.errors import UserError, unknown
from perftransfer.measuring.feed.declared import DeclaredInput

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from perftransfer.measuring.networks.interface import NetworkFile

CATALOGUE: Catalogue[NetworkFile] = Catalogue(__name__, "NetworkFile", "network")
#: Precision of a file of the user's, by its format, where the configuration names none.
DEFAULT_PRECISIONS = {"onnx": "fp32", "gguf": "f16"}


@dataclass(frozen=True)
class NetworkParams:
    """Which version of a network to build, with weights drawn from ``seed``."""

    version: int
    seed: int


def names() -> list[str]:
    """List the names of the built-in networks."""
    return CATALOGUE.names()


def module_of(name: str) -> str:
    """Return the import path of the module that holds the network ``name``.

    Raises UserError if there is none.
    """
    return CATALOGUE.module_of(name)


def version(name: str) -> int:
    """Return the version of a network's graph; measurements of another version are of another network.

    Raises UserError if there is no such network.
    """
    return CATALOGUE.load(name).version


def suffix(name: str) -> str:
    """Return the ending of a network's file: the one that its path or pattern has, or that of its class.

    Raises UserError if there is no such network.
    """
    return name.rpartition(".")[2] if is_file(name) else CATALOGUE.load(name).suffix


def precisions(name: str) -> tuple[str, ...]:
    """Return the precisions in which a network can be built, the first one where nothing is asked for.

    Raises UserError if there is no such network.
    """
    return CATALOGUE.load(name).precisions


def is_file(name: str) -> bool:
    """Whether a network is a file of the user's, or a set of files by precision, and no class."""
    return name.endswith(tuple(f".{ending}" for ending in DEFAULT_PRECISIONS))


def write(name: str, precision: str, path: Path, *, seed: int) -> None:
    """Write a network with weights drawn from ``seed``; the same seed gives the same bytes.

    See the network's module for inputs and outputs; their free dimensions have the names of columns
    of the environment sheet. The file appears under its name only once it is whole.

    Raises UserError if there is no such network or precision.
    """
    network = CATALOGUE.load(name)()
    if precision not in network.precisions:
        raise UserError(unknown("networks", "precision", precision, network.precisions))
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as scratch:
        written = Path(scratch, path.name)
        try:
            network.write(precision, written, seed)
        except ModuleNotFoundError as error:
            raise UserError(f"network {name}: the Python package {error.name!r} is not installed") from error
        written.replace(path)


def quantise(path: Path, copy: Path, batch: Mapping[str, npt.NDArray[np.generic] | None], *, seed: int) -> None:
    """Copy a user's network, and write an 8-bit version of it beside the copy.

    Ranges come from what it is fed, so the quantised network is as fast as a calibrated one, and less accurate.

    Parameters
    ----------
    path, copy
        ONNX files.
    batch
        Values by input; None for one that is left out.
    seed
        Of whatever else is random.

    Raises
    ------
    UserError
        If the network cannot be quantised.
    """
    from perftransfer.measuring.networks._quantisation import quantise as quantised

    for file in files_of(path):
        shutil.copyfile(file, copy.parent / (copy.name if file == path else file.name))
    try:
        quantised(
            copy,
            files_named(copy)["int8"],
            seed=seed,
            batch={name: values for name, values in batch.items() if values is not None},
        )
    except Exception as error:  # ONNX Runtime's tool raises what it likes.
        raise UserError(f"{path}: cannot be quantised: {error}") from error


def files_named(path: Path) -> dict[str, Path]:
    """Return the names that the files of a user's network have by precision, whether they exist or not."""
    return {"fp32": path, "int8": path.with_suffix(".int8.onnx")}


def files_by_precision(path: Path) -> dict[str, Path]:
    """Return a user's file, and the one in integers that lies beside it, by precision.

    The second one of ``model.onnx`` is ``model.int8.onnx``.
    """
    if path.suffix == ".gguf":
        return {DEFAULT_PRECISIONS["gguf"]: path}
    return {name: file for name, file in files_named(path).items() if file == path or file.is_file()}


def files_of(path: Path) -> list[Path]:
    """Return a network's file and the files that hold its weights, as ONNX exporters write large ones; sorted.

    Raises UserError if it cannot be read, or if its weights are not in the same folder.
    """
    if path.suffix == ".gguf":
        return [path]
    from perftransfer.measuring.networks._onnx_file import external_files

    return [path, *external_files(path)]


def inputs(path: Path) -> list[DeclaredInput]:
    """Return what an ONNX file declares of the inputs that have to be fed, and what its graph does with them.

    Raises UserError if it cannot be read, or if onnx is not installed, as on a board.
    """
    try:
        from perftransfer.measuring.networks._onnx_file import declared_inputs
    except ModuleNotFoundError as error:
        raise UserError(
            f"{path}: reading it needs the Python package {error.name!r}, which is not installed; on a board, measure "
            "a folder that the rule pack has written: it says what the inputs are fed"
        ) from error
    return declared_inputs(path)


def declared_inputs(name: str) -> list[DeclaredInput]:
    """Return what the class of a network says of its inputs: their names and sizes; nothing is built.

    A GGUF file has those of every language model.

    Raises UserError if there is no such network.
    """
    from perftransfer.measuring.networks._language_model import LanguageModel

    cls = LanguageModel if is_file(name) else CATALOGUE.load(name)
    return [DeclaredInput(each, sizes) for each, sizes in cls.inputs.items()]
