"""Reads ONNX files: what they declare of their inputs, and the files that hold weights of large networks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError

from perftransfer.errors import UserError
from perftransfer.measuring.feed.declared import DeclaredInput
from perftransfer.measuring.networks import _value_flow

_T = onnx.TensorProto
_TYPES: dict[int, str] = {
    _T.FLOAT: "float32", _T.FLOAT16: "float16", _T.DOUBLE: "float64", _T.BFLOAT16: "bfloat16",
    _T.INT8: "int8", _T.INT16: "int16", _T.INT32: "int32", _T.INT64: "int64",
    _T.UINT8: "uint8", _T.UINT16: "uint16", _T.UINT32: "uint32", _T.UINT64: "uint64",
    _T.BOOL: "bool", _T.STRING: "string",
}  # fmt: skip


def external_files(path: Path) -> list[Path]:
    """Return the files of its weights, sorted. Raises UserError: see ``networks.files_of``."""
    names = {
        entry.value for tensor in _tensors(_model(path)) for entry in tensor.external_data if entry.key == "location"
    }
    if not all(isinstance(name, str) for name in names):
        raise UserError(f"{path}: not a readable ONNX file: the names of its weights are not valid text")
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


def declared_inputs(path: Path) -> list[DeclaredInput]:
    """Return what the file declares of its inputs. Raises UserError: see ``networks.inputs``."""
    model = _model(path)
    # Older files list weights among the inputs: those are optional, and left as they are.
    weights = {weight.name for weight in model.graph.initializer}
    declared = [_declared(value) for value in model.graph.input if value.name not in weights]
    return _value_flow.annotated(declared, model)


def _declared(value: onnx.ValueInfoProto) -> DeclaredInput:
    kind = value.type.WhichOneof("value")
    is_optional = kind == "optional_type"
    inner = value.type.optional_type.elem_type if is_optional else value.type
    if inner.WhichOneof("value") != "tensor_type":
        return DeclaredInput(value.name, (), str(inner.WhichOneof("value")).removesuffix("_type"), is_optional)
    tensor = inner.tensor_type
    name = _type_name(tensor.elem_type)
    sizes = [_size(size) for size in tensor.shape.dim] if tensor.HasField("shape") else None
    return DeclaredInput(value.name, sizes, name, is_optional)


def _type_name(number: int) -> str:
    if number not in _T.DataType.values():
        return f"number {number}"
    return _TYPES.get(number) or _T.DataType.Name(number).lower()


def _size(size: onnx.TensorShapeProto.Dimension) -> int | str | None:
    if size.HasField("dim_value") and size.dim_value >= 0:
        return int(size.dim_value)
    return size.dim_param or None


def _tensors(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    """Every tensor of a model: weights and constants of the graph, of the bodies of If, Loop and Scan, of functions."""
    yield from _tensors_of_graph(model.graph)
    for function in model.functions:
        yield from _tensors_of_nodes(function.node)


def _tensors_of_graph(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    yield from _tensors_of_nodes(graph.node)


def _tensors_of_nodes(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.TensorProto]:
    for node in nodes:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
                yield from (sparse.values, sparse.indices)
            for graph in (attribute.g, *attribute.graphs):
                yield from _tensors_of_graph(graph)


def _model(path: Path) -> onnx.ModelProto:
    try:
        model = onnx.load(path, load_external_data=False)
    except (OSError, DecodeError) as error:
        raise UserError(f"{path}: not a readable ONNX file: {error}") from error
    if not model.HasField("graph"):
        raise UserError(f"{path}: not a readable ONNX file: it has no graph")
    return model
