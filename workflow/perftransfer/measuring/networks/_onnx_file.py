"""Reads from ONNX files the names of dimensions, and the files that hold weights of large networks."""

from __future__ import annotations

from pathlib import Path

import onnx
from google.protobuf.message import DecodeError

from perftransfer.errors import UserError


def external_files(path: Path) -> list[Path]:
    """Return the files of its weights, sorted. Raises UserError: see ``networks.files_of``."""
    graph = _graph(path)
    names = {entry.value for tensor in graph.initializer for entry in tensor.external_data if entry.key == "location"}
    paths = [Path(name) for name in sorted(names)]
    for name in paths:
        if name.is_absolute() or ".." in name.parts:
            raise UserError(f"{path}: its weights are in {name}; they must be in the same folder")
        if not (path.parent / name).is_file():
            raise UserError(f"{path}: its weights are missing: {path.parent / name}")
        if not (path.parent / name).resolve().is_relative_to(path.parent.resolve()):
            # It goes to boards, and a link must not take any other file of this machine along.
            raise UserError(
                f"{path}: its weights {name} are a link to {(path.parent / name).resolve()}; they must be in the same "
                "folder: copy the network with its weights (cp -L)"
            )
    return [path.parent / name for name in paths]


def dimension_names(path: Path) -> dict[str, list[str]]:
    """Return the names of each input's dimensions. Raises UserError: see ``networks.dimension_names``."""
    return {
        value.name: [dimension.dim_param for dimension in value.type.tensor_type.shape.dim]
        for value in _graph(path).input
    }


def _graph(path: Path) -> onnx.GraphProto:
    try:
        return onnx.load(path, load_external_data=False).graph
    except (OSError, DecodeError) as error:
        raise UserError(f"{path}: not a readable ONNX file: {error}") from error
