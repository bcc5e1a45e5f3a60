"""Weights that an ONNX file keeps in files beside it, as exporters write large networks."""

from __future__ import annotations

from pathlib import Path

import onnx
from google.protobuf.message import DecodeError

from perftransfer.errors import UserError


def beside(path: Path) -> list[Path]:
    """Return these files, sorted. Raises UserError: see ``networks.files_of``."""
    try:
        graph = onnx.load(path, load_external_data=False).graph
    except (OSError, DecodeError) as error:
        raise UserError(f"{path}: no ONNX file that can be read: {error}") from error
    names = {entry.value for tensor in graph.initializer for entry in tensor.external_data if entry.key == "location"}
    found = [Path(name) for name in sorted(names)]
    for name in found:
        if name.is_absolute() or ".." in name.parts:
            raise UserError(f"{path}: its weights are in {name}; they are to lie beside it")
        if not (path.parent / name).is_file():
            raise UserError(f"{path}: its weights are missing: {path.parent / name}")
    return [path.parent / name for name in found]
