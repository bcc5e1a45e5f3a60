"""The networks that are measured: built here with random weights, nothing is downloaded.

How long an inference takes depends on the graph, not on what its weights were trained for; nothing is said about
accuracy. Each file is a network, see ``interface.py``. Names, versions and precisions are known without onnx. Only
``write``, ``files_of`` and ``inputs`` need it, on the host: boards get files, and may lack onnx.
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

    from perftransfer.measuring.networks.interface import Network

CATALOGUE: Catalogue[Network] = Catalogue(__name__, "Network", "network")
PRECISIONS = ("fp32", "int8")


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


def write(name: str, precision: str, path: Path, *, seed: int) -> None:
    """Write a network as an ONNX file with weights drawn from ``seed``; the same seed gives the same bytes.

    See the network's module for inputs and outputs; their free dimensions have the names of columns
    of the environment sheet. The file appears under its name only once it is whole.

    Raises UserError if there is no such network or precision.
    """
    network = CATALOGUE.load(name)()
    if precision not in PRECISIONS:
        raise UserError(unknown("networks", "precision", precision, PRECISIONS))
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as scratch:
        fp32 = Path(scratch, "fp32.onnx")
        fp32.write_bytes(network.build(seed).SerializeToString(deterministic=True))
        if precision == "fp32":
            fp32.replace(path)
        else:
            from perftransfer.measuring.networks._quantisation import quantise

            quantise(fp32, path, seed=seed)


def quantise(path: Path, copy: Path, batch: Mapping[str, npt.NDArray[np.generic] | None], *, seed: int) -> None:
    """Copy a user's network, and write it beside the copy in 8-bit integers.

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
            files_named(copy)[PRECISIONS[1]],
            seed=seed,
            batch={name: values for name, values in batch.items() if values is not None},
        )
    except Exception as error:  # ONNX Runtime's tool raises what it likes.
        raise UserError(f"{path}: cannot be quantised: {error}") from error


def files_named(path: Path) -> dict[str, Path]:
    """Return the names that the files of a user's network have by precision, whether they exist or not."""
    return {name: path if name == PRECISIONS[0] else path.with_suffix(f".{name}.onnx") for name in PRECISIONS}


def files_by_precision(path: Path) -> dict[str, Path]:
    """Return a user's file, and the one in integers that lies beside it, by precision.

    The second one of ``model.onnx`` is ``model.int8.onnx``.
    """
    return {name: file for name, file in files_named(path).items() if file == path or file.is_file()}


def files_of(path: Path) -> list[Path]:
    """Return the ONNX file and the files that hold its weights, as exporters write large networks; sorted.

    Raises UserError if it cannot be read, or if its weights are not in the same folder.
    """
    from perftransfer.measuring.networks._onnx_file import external_files

    return [path, *external_files(path)]


def inputs(path: Path) -> list[DeclaredInput]:
    """Return what an ONNX file declares of the inputs that have to be fed, and what its graph does with them.

    Raises UserError if it cannot be read.
    """
    from perftransfer.measuring.networks._onnx_file import declared_inputs

    return declared_inputs(path)


def declared_inputs(name: str) -> list[DeclaredInput]:
    """Return what the class of a network says of its inputs: their names and sizes; nothing is built.

    Raises UserError if there is no such network.
    """
    return [DeclaredInput(each, sizes) for each, sizes in CATALOGUE.load(name).inputs.items()]
