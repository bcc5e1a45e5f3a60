"""What `perftransfer tune` is asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from perftransfer.errors import UserError
from perftransfer.goal import Limit

#: Sources by word, in place of files: what comes with the package, or nothing.
REFERENCE, NO_SOURCES = "reference", "none"
_SHAPE = re.compile(r"([^=]+)=(\d+(?:x\d+)*)")
# Folder in which studies lie, as everywhere in the project.
_RESULTS = "results"


@dataclass(frozen=True)
class Request:
    """A network, and what is wanted of its configuration.

    Parameters
    ----------
    model
        ONNX file.
    out
        Folder of the study: ``results/NAME``, below any folder.
    engine
        Name of the engine, or import path.
    shapes
        Shapes of inputs by name; all of those with free dimensions.
    inputs
        How inputs are filled, as the sheet has it; "" for what is usual.
    minimize, maximize
        Objectives that decide.
    subject_to
        Limits, such as ``peak_memory_mib<=500``.
    fixed
        Options held at one level.
    cores
        Cores to measure on; None for all.
    budget
        Configurations to measure.
    sources
        Files and folders of measurements, and the words ``reference`` and ``none``.
    n_sources
        How many environments of these are used: those most like the target.
    allow_quantization
        Whether the network may be quantised to 8-bit integers, which changes its outputs.
    """

    model: Path
    out: Path
    engine: str = "onnxruntime"
    shapes: Mapping[str, Sequence[int]] = field(default_factory=dict)
    inputs: str = ""
    minimize: Sequence[str] = ()
    maximize: Sequence[str] = ()
    subject_to: Sequence[str] = ()
    fixed: Mapping[str, str] = field(default_factory=dict)
    cores: int | None = None
    budget: int = 12
    sources: Sequence[str] = (REFERENCE,)
    n_sources: int = 5
    allow_quantization: bool = False

    @property
    def name(self) -> str:
        """Name of the study."""
        return self.out.name

    @property
    def workdir(self) -> Path:
        """Folder in which the study runs: the one that holds ``results``."""
        return self.out.absolute().parent.parent


def name_for(model: Path) -> str:
    """Return the name of the study of a network's file.

    >>> name_for(Path("My Net (v2).onnx"))
    'my-net-v2'
    """
    return re.sub(r"[^a-z0-9_.]+", "-", model.stem.lower()).strip("-._") or "network"


def request(
    model: str,
    *,
    out: str | None = None,
    shape: Sequence[str] = (),
    fixed: Sequence[str] = (),
    subject_to: Sequence[str] = (),
    **others: object,
) -> Request:
    """Check what was given on the command line.

    Parameters
    ----------
    model, out
        Paths; the study is ``results/<name of the model>`` by default.
    shape
        ``input=1x3x224x224`` each.
    fixed
        ``option=level`` each.
    subject_to
        Limits, such as ``peak_memory_mib<=500``.
    others
        Further fields of ``Request``.

    Raises
    ------
    UserError
        That says what is wrong with one of them.
    """
    path = Path(model)
    if not path.is_file():
        raise UserError(f"there is no file {model}")
    if path.suffix != ".onnx":
        raise UserError(f"{model}: found {path.suffix or 'no ending'}; networks are read from .onnx files")
    folder = Path(out) if out else Path(_RESULTS, name_for(path))
    if folder.absolute().parent.name != _RESULTS or name_for(Path(f"{folder.name}.onnx")) != folder.name:
        raise UserError(
            f"--out: found {out}, expected results/NAME, below any folder; NAME of lower-case letters, digits and _ . -"
        )
    shapes = {}
    for text in shape:
        found = _SHAPE.fullmatch(text)
        if not found:
            raise UserError(f"--shape: found {text!r}, expected an input and its sizes: image=1x3x224x224")
        shapes[found[1]] = [int(size) for size in found[2].split("x")]
    levels = {}
    for text in fixed:
        option, sign, level = text.partition("=")
        if not (option and sign and level):
            raise UserError(f"--fixed: found {text!r}, expected option=level")
        levels[option] = level
    limits = []
    for text in subject_to:
        # As a study's file has them, with blanks.
        limits.append(re.sub(r"\s*(<=|>=)\s*", r" \1 ", text))
        try:
            Limit.parse(limits[-1])
        except ValueError as error:
            raise UserError(f"--subject-to: {error}") from error
    return Request(path, folder, shapes=shapes, fixed=levels, subject_to=limits, **others)  # type: ignore[arg-type]
