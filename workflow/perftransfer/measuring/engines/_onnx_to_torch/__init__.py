"""Turns an ONNX file into a PyTorch module, operator by operator.

The result is what somebody would write by hand: calls of torch.nn.functional on parameters, in the order of the file,
so that compilation, memory formats and automatic casts treat it as any other module. Nothing is fused or approximated
here; that is for PyTorch to do. Shapes are those of the workload, known before the first call: what depends only on
shapes and weights is computed here, once.

torch.fx writes the module as Python code and runs it. No name or text of the file gets into that code, only numbers and
words of this package. The operators are in the other files of this folder.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import onnx
from onnx import TensorProto
from torch import fx  # type: ignore[import-not-found]

# The modules of operators are imported so that they enter what they implement.
from perftransfer.measuring.engines._onnx_to_torch import (  # noqa: F401
    elementwise,
    images,
    matrices,
    reduction_ops,
    shape_ops,
    sliding_windows,
)
from perftransfer.measuring.engines._onnx_to_torch.builder import OPERATORS, Builder, Value, torch_tensor, torch_type
from perftransfer.measuring.engines.interface import UnsupportedConfigurationError

# The newest opset whose definitions were read for what follows.
_NEWEST_OPSET = 28
_DEFAULT_DOMAINS = ("", "ai.onnx")


@dataclass(frozen=True)
class Input:
    """An input of a network: its name, ONNX's name of its type, and its sizes (free ones by name, or None)."""

    name: str
    kind: str
    sizes: list[int | str | None]


def inputs(model: onnx.ModelProto) -> list[Input]:
    """The inputs that have to be fed, in the order in which the module takes them.

    Raises UnsupportedConfigurationError for an input that is not a tensor, or without a number of dimensions.
    """
    weights = {weight.name for weight in model.graph.initializer}
    return [_input(declared) for declared in model.graph.input if declared.name not in weights]


def _input(declared: onnx.ValueInfoProto) -> Input:
    tensor = declared.type.tensor_type
    if not tensor.HasField("shape"):
        raise UnsupportedConfigurationError(
            f"input {declared.name!r}: the network's file has no number of dimensions for it"
        )
    sizes = [size.dim_value if size.HasField("dim_value") else size.dim_param or None for size in tensor.shape.dim]
    return Input(declared.name, TensorProto.DataType.Name(tensor.elem_type), sizes)


def translate(model: onnx.ModelProto, shapes: Sequence[Sequence[int]], device: str = "cpu") -> fx.GraphModule:
    """Return a module that computes what ``model`` does, for inputs of these shapes.

    device: where it is computed once to find out shapes; the module itself is on the CPU.

    It takes the tensors of ``inputs``, in their order, and returns a tuple of the outputs. Floats of the file become
    its parameters, which want no gradient, other numbers its buffers.

    Raises UnsupportedConfigurationError for an operator, attribute or type that is not implemented, here or by PyTorch.
    """
    opsets = {used.domain: used.version for used in model.opset_import}
    opset = next((opsets[domain] for domain in _DEFAULT_DOMAINS if domain in opsets), 1)
    builder = Builder(device)
    if model.graph.sparse_initializer:
        raise UnsupportedConfigurationError("the network has sparse weights")
    values = {weight.name: builder.constant(torch_tensor(weight)) for weight in model.graph.initializer}
    for position, (fed, shape) in enumerate(zip(inputs(model), shapes, strict=True)):
        values[fed.name] = builder.placeholder(position, shape, torch_type(TensorProto.DataType.Value(fed.kind)))
    for node in model.graph.node:
        try:
            results = _translate_node(builder, node, opset, values)
        except UnsupportedConfigurationError as error:
            raise UnsupportedConfigurationError(f"operator {node.op_type}: {error}") from error
        except NotImplementedError as error:
            raise UnsupportedConfigurationError(f"operator {node.op_type}: PyTorch lacks it: {error}") from error
        values.update(zip(node.output, results, strict=False))
    return builder.module([values[declared.name] for declared in model.graph.output])


def _translate_node(builder: Builder, node: onnx.NodeProto, opset: int, values: dict[str, Value]) -> list[Value]:
    if node.domain not in _DEFAULT_DOMAINS or node.op_type not in OPERATORS:
        domain = f" of domain {node.domain}" if node.domain not in _DEFAULT_DOMAINS else ""
        raise UnsupportedConfigurationError(f"not implemented{domain}")
    oldest, handler = OPERATORS[node.op_type]
    builder.since = onnx.defs.get_schema(node.op_type, min(opset, onnx.defs.onnx_opset_version()), "").since_version
    if not oldest <= builder.since <= _NEWEST_OPSET:
        raise UnsupportedConfigurationError(
            f"not implemented as opset {opset} defines it, only opsets {oldest} to {_NEWEST_OPSET}"
        )
    builder.outputs = len(node.output)
    arguments = [values[name] if name else None for name in node.input]
    attributes = {attribute.name: _attribute(attribute) for attribute in node.attribute}
    try:
        inspect.signature(handler).bind(builder, *arguments, **attributes)
    except TypeError as error:
        raise UnsupportedConfigurationError(f"not implemented with these inputs and attributes: {error}") from error
    results = handler(builder, *arguments, **attributes)
    results = [results] if isinstance(results, Value) else results
    if any(node.output[len(results) :]):
        raise UnsupportedConfigurationError(f"only its first {len(results)} output(s) are implemented")
    return results


def _attribute(attribute: onnx.AttributeProto) -> Any:
    value = onnx.helper.get_attribute_value(attribute)
    return value.decode() if isinstance(value, bytes) else value
