"""What operators are drawn with: the builder of the graph, their registry, and what reads inputs and attributes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import torch  # type: ignore[import-not-found]
from onnx import TensorProto, numpy_helper
from torch import fx

from perftransfer.measuring.engines.interface import UnsupportedConfigurationError

_TYPES: dict[int, torch.dtype] = {
    TensorProto.FLOAT: torch.float32, TensorProto.FLOAT16: torch.float16, TensorProto.BFLOAT16: torch.bfloat16,
    TensorProto.DOUBLE: torch.float64, TensorProto.INT64: torch.int64, TensorProto.INT32: torch.int32,
    TensorProto.INT16: torch.int16, TensorProto.INT8: torch.int8, TensorProto.UINT8: torch.uint8,
    TensorProto.UINT16: torch.uint16, TensorProto.UINT32: torch.uint32, TensorProto.UINT64: torch.uint64,
    TensorProto.BOOL: torch.bool,
}  # fmt: skip

Function = Callable[..., torch.Tensor]


# Two values are the same only if they are one.
@dataclass(frozen=True, eq=False)
class Value:
    """A tensor of the network.

    node: what computes it. numbers: its numbers, if they are constant. permuted: the tensor and the order of its
    dimensions that this is, if it is the result of a Transpose.
    """

    shape: tuple[int, ...]
    dtype: torch.dtype
    node: fx.Node | None = None
    numbers: torch.Tensor | None = None
    permuted: tuple[Value, list[int]] | None = None


class Builder:
    """Draws the graph of a module, one operator after the other.

    device: where shapes are found out. since: opset that brought the definition of the operator in hand. outputs: how
    many it has.
    """

    since: int
    outputs: int

    def __init__(self, device: str) -> None:
        self._device = device
        self._graph = fx.Graph()
        self._root = torch.nn.Module()
        self._attributes: dict[Value, fx.Node] = {}

    def constant(self, tensor: torch.Tensor) -> Value:
        """Return the value of a constant tensor."""
        return Value(tuple(tensor.shape), tensor.dtype, numbers=tensor)

    def placeholder(self, position: int, shape: Sequence[int], dtype: torch.dtype) -> Value:
        """Return the value of the input at this position."""
        return Value(tuple(shape), dtype, self._graph.placeholder(f"input_{position}"))

    def call(self, function: Function, *args: Any, **kwargs: Any) -> Value:
        """What ``function`` returns: now if all its values are constant, else when the module runs."""
        values: list[Value] = []

        def filled(part: Callable[[Value], Any]) -> Any:
            return fx.node.map_aggregate((args, kwargs), lambda x: part(x) if isinstance(x, Value) else x)

        filled(values.append)
        if all(value.numbers is not None for value in values):
            numbers, named_numbers = filled(lambda value: value.numbers)
            return self.constant(function(*numbers, **named_numbers))
        nodes, named_nodes = filled(self._node)
        # Computed once to see the shape: PyTorch's tensors without numbers load its compiler, which takes seconds.
        numbers, named_numbers = filled(self._stand_in)
        result = function(*numbers, **named_numbers)
        return Value(tuple(result.shape), result.dtype, self._graph.call_function(function, nodes, named_nodes))

    def _stand_in(self, value: Value) -> torch.Tensor:
        if value.numbers is not None:
            return value.numbers.to(self._device)
        # A single zero, expanded to the shape: it is a valid index of anything.
        return torch.zeros((), dtype=value.dtype, device=self._device).expand(value.shape)

    def module(self, outputs: Sequence[Value]) -> fx.GraphModule:
        """The module that returns these values."""
        self._graph.output(tuple(map(self._node, outputs)))
        self._graph.eliminate_dead_code()
        return fx.GraphModule(self._root, self._graph).eval()

    def _node(self, value: Value) -> fx.Node:
        """Return the node that computes the value; a constant becomes an attribute of the module when first used."""
        if value.node is not None:
            return value.node
        if value not in self._attributes:
            name = f"weight_{len(self._attributes)}"
            assert value.numbers is not None
            if value.dtype.is_floating_point:
                setattr(self._root, name, torch.nn.Parameter(value.numbers, requires_grad=False))
            else:
                self._root.register_buffer(name, value.numbers)
            self._attributes[value] = self._graph.get_attr(name)
        return self._attributes[value]


Handler = Callable[..., Value | list[Value]]
# Of each operator: the oldest opset whose definition is implemented, and what draws it. A handler takes the builder,
# the inputs (None for those left out) and, by their names, the attributes; one that it does not take is not
# implemented.
OPERATORS: dict[str, tuple[int, Handler]] = {}


def implements(name: str, oldest: int = 1) -> Callable[[Handler], Handler]:
    """Enter the decorated handler as what draws this operator."""

    def register(handler: Handler) -> Handler:
        OPERATORS[name] = (oldest, handler)
        return handler

    return register


def torch_type(number: int) -> torch.dtype:
    """The type that ONNX knows by this number.

    Raises UnsupportedConfigurationError if it is not implemented.
    """
    if number not in _TYPES:
        raise UnsupportedConfigurationError(f"numbers of type {TensorProto.DataType.Name(number)} are not implemented")
    return _TYPES[number]


def torch_tensor(proto: onnx.TensorProto) -> torch.Tensor:
    """A copy of a tensor of the file."""
    dtype, array = torch_type(proto.data_type), numpy_helper.to_array(proto)
    # NumPy has no bfloat16 that PyTorch takes.
    widened = np.array(array, np.float32) if dtype == torch.bfloat16 else np.array(array)
    return torch.from_numpy(widened).to(dtype)


def refuse_unless(name: str, value: object, *allowed: object) -> None:
    """Raise UnsupportedConfigurationError unless the value is allowed."""
    if value not in allowed:
        words = ", ".join(map(str, allowed))
        raise UnsupportedConfigurationError(f"{name} {value} is not implemented; allowed: {words}")


def constant(name: str, value: Value) -> torch.Tensor:
    """The numbers of an input that has to be constant."""
    if value.numbers is None:
        raise UnsupportedConfigurationError(f"{name} that depends on the network's input is not implemented")
    return value.numbers


def integers(name: str, value: Value | None, attribute: list[int] | None) -> list[int] | None:
    """Integers that newer opsets give as an input and older ones as an attribute; None if neither does."""
    return attribute if value is None else [int(number) for number in constant(name, value).flatten().tolist()]


def needed(name: str, value: Value | None, attribute: list[int] | None) -> list[int]:
    """``integers`` that one of the two has to give.

    Raises UnsupportedConfigurationError if neither does.
    """
    numbers = integers(name, value, attribute)
    if numbers is None:
        raise UnsupportedConfigurationError(f"without {name} not implemented")
    return numbers


def torch_padding(before: Sequence[int], behind: Sequence[int]) -> list[int]:
    """Padding as functional.pad wants it: the last dimension first."""
    return [pad for pair in zip(reversed(before), reversed(behind), strict=True) for pad in pair]
