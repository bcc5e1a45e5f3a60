"""What an inference of a network costs, by kind of operator: what is known of it before it is measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path

import onnx

from perftransfer.errors import UserError

#: Kinds of operators, by what decides their speed: arithmetic (dense and depthwise convolutions, products of matrices)
#: or memory (all others).
KINDS = ("convolution", "depthwise", "matrix", "other")


@dataclass(frozen=True)
class NetworkProfile:
    """Size of a network.

    Parameters
    ----------
    parameters
        Number of weights.
    operations
        Multiply-adds of an inference; of operators of the kind "other", numbers written.
    shares
        Share of the operations by kind; they add up to 1.
    """

    parameters: int
    operations: int
    shares: Mapping[str, float] = field(default_factory=dict)


def profile(path: Path, shapes: Mapping[str, Sequence[int]]) -> NetworkProfile:
    """Count the operations of a network.

    Operators inside loops and conditions are not counted, nor those of which the shapes are unknown.

    Parameters
    ----------
    path
        ONNX file; weights in files beside it are not read.
    shapes
        Of the inputs.

    Raises
    ------
    UserError
        If the file cannot be read.
    """
    try:
        model = onnx.load(path, load_external_data=False)
        for value in model.graph.input:
            for dimension, size in zip(value.type.tensor_type.shape.dim, shapes.get(value.name, ()), strict=False):
                dimension.dim_value = size
        # Shapes of the outputs would contradict these.
        for value in (*model.graph.output, *model.graph.value_info):
            value.type.tensor_type.ClearField("shape")
        inferred = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    except Exception as error:
        raise UserError(f"{path}: not a network that onnx can read: {error}") from error
    known = {w.name: list(w.dims) for w in inferred.initializer}
    for value in (*inferred.input, *inferred.value_info, *inferred.output):
        if value.type.tensor_type.HasField("shape"):
            known[value.name] = [dimension.dim_value for dimension in value.type.tensor_type.shape.dim]
    counts = dict.fromkeys(KINDS, 0)
    for node in inferred.node:
        written = prod(known[node.output[0]]) if node.output[0] in known else 0
        kind, each = _per_number(node, known)
        counts[kind] += written * each
    total = sum(counts.values())
    parameters = sum(prod(w.dims) for w in inferred.initializer)
    return NetworkProfile(parameters, total, {kind: n / total if total else 0.0 for kind, n in counts.items()})


def _per_number(node: onnx.NodeProto, shapes: Mapping[str, list[int]]) -> tuple[str, int]:
    """Return an operator's kind, and its multiply-adds for each number that it writes."""
    weights = shapes.get(node.input[1]) if len(node.input) > 1 else None
    if node.op_type in ("Conv", "ConvTranspose", "ConvInteger", "QLinearConv") and weights:
        each = prod(weights[1:])
        return ("depthwise" if weights[1] == 1 and weights[0] > 1 else "convolution"), each
    if node.op_type in ("MatMul", "Gemm", "MatMulInteger", "QLinearMatMul") and weights:
        transposed = any(attribute.name == "transB" and attribute.i for attribute in node.attribute)
        return "matrix", weights[-1] if transposed or len(weights) == 1 else weights[-2]
    return "other", 1
