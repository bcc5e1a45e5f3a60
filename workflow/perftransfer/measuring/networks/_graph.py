"""Draws a convolutional network layer by layer, with random weights, and turns the drawing into an ONNX model.

Only ``Graph.model`` imports onnx: the version of a network can be read on a board that has numpy and an engine alone.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import onnx

# Nothing here needs more, and the older the format, the more runtimes read it (tried: ONNX Runtime 1.15 and 1.31).
# 13 is also the first opset whose QuantizeLinear and DequantizeLinear know an axis.
OPSET = 13
IR_VERSION = 7

INPUT = "image"
OUTPUT = "logits"
CLASSES = 1000

# Spread of the shifts of batch normalisation: enough to break ties at zero, little beside activations of order 1.
SHIFT_SPREAD = 0.1


@dataclass(frozen=True)
class Tensor:
    """A float32 value in the graph: ``[batch, channels, height, width]``, or ``[batch, channels]`` once flattened.

    ``rectified`` says that it comes from a ReLU, so that half of its power is gone: weights that read it make up for
    it.
    """

    name: str
    channels: int
    rectified: bool = False


@dataclass(frozen=True)
class _Node:
    operator: str
    inputs: tuple[str, ...]
    output: str
    attributes: dict[str, Any]


class Graph:
    """A network under construction.

    Weights are drawn from a normal distribution of variance ``2 / fan_in`` where the input comes from a ReLU and
    ``1 / fan_in`` where it does not (He et al. 2015, "Delving deep into rectifiers", arXiv 1502.01852, section 2.2), so
    that activations keep their size however deep the network is. Batch normalisations are nodes of their own, with
    mean 0, variance 1, scale 1 and small random shifts: whether they are folded away is for the engine to decide,
    and is one of the things that are measured.

    Methods take and return ``Tensor``; kernel, stride and padding are one number of pixels or (height, width).
    """

    def __init__(self, name: str, seed: int) -> None:
        self.name = name
        self.image = Tensor(INPUT, 3)
        self._random = np.random.default_rng(seed)
        self._nodes: list[_Node] = []
        self._weights: dict[str, npt.NDArray[np.float32]] = {}
        self._counts: Counter[str] = Counter()

    def conv(
        self,
        x: Tensor,
        channels: int,
        kernel: int | tuple[int, int],
        *,
        stride: int = 1,
        padding: int | tuple[int, int] = 0,
        groups: int = 1,
    ) -> Tensor:
        """Convolution without bias: the batch normalisation that follows it has one."""
        height, width = _pair(kernel)
        shape = (channels, x.channels // groups, height, width)
        return self._node(
            "Conv",
            [x],
            Tensor("", channels),
            [self._random_weights(shape, x)],
            kernel_shape=[height, width],
            strides=_pair(stride),
            pads=_pair(padding) * 2,
            group=groups,
        )

    def depthwise(self, x: Tensor, kernel: int, *, stride: int = 1, padding: int = 0) -> Tensor:
        """Convolution of each channel with a filter of its own."""
        return self.conv(x, x.channels, kernel, stride=stride, padding=padding, groups=x.channels)

    def separable(self, x: Tensor, channels: int, kernel: int, *, padding: int = 0) -> Tensor:
        """Depthwise separable convolution: a depthwise one, then a pointwise one, with nothing between them."""
        return self.conv(self.depthwise(x, kernel, padding=padding), channels, 1)

    def batch_norm(self, x: Tensor, *, epsilon: float = 1e-5) -> Tensor:
        """Batch normalisation as it stands at inference: fixed mean, variance, scale and shift per channel."""
        shift = self._random.standard_normal(x.channels, dtype=np.float32) * np.float32(SHIFT_SPREAD)
        ones, zeros = np.ones(x.channels, np.float32), np.zeros(x.channels, np.float32)
        return self._node("BatchNormalization", [x], x, [ones, shift, zeros, ones], epsilon=epsilon)

    def relu(self, x: Tensor) -> Tensor:
        """max(x, 0)."""
        return self._node("Relu", [x], replace(x, rectified=True))

    def relu6(self, x: Tensor) -> Tensor:
        """min(max(x, 0), 6)."""
        limits = [np.asarray(limit, np.float32) for limit in (0, 6)]
        return self._node("Clip", [x], replace(x, rectified=True), limits)

    def max_pool(self, x: Tensor, kernel: int, *, stride: int, padding: int = 0) -> Tensor:
        """Largest value in each window."""
        return self._node(
            "MaxPool",
            [x],
            x,
            kernel_shape=_pair(kernel),
            strides=_pair(stride),
            pads=_pair(padding) * 2,
        )

    def average_pool(self, x: Tensor, kernel: int, *, stride: int, padding: int = 0) -> Tensor:
        """Mean of each window, the padding counted as zeros."""
        return self._node(
            "AveragePool",
            [x],
            x,
            kernel_shape=_pair(kernel),
            strides=_pair(stride),
            pads=_pair(padding) * 2,
            count_include_pad=1,
        )

    def add(self, x: Tensor, y: Tensor) -> Tensor:
        """Sum of two tensors of the same shape."""
        return self._node("Add", [x, y], Tensor("", x.channels, x.rectified and y.rectified))

    def concat(self, *tensors: Tensor) -> Tensor:
        """Stack along the channels."""
        result = Tensor("", sum(x.channels for x in tensors), all(x.rectified for x in tensors))
        return self._node("Concat", list(tensors), result, axis=1)

    def classifier(self, x: Tensor) -> Tensor:
        """Mean over all pixels, then a fully connected layer with bias: the logits, ``[batch, 1000]``."""
        x = self._node("GlobalAveragePool", [x], x)
        x = self._node("Flatten", [x], x, axis=1)
        weights = [self._random_weights((CLASSES, x.channels), x), np.zeros(CLASSES, np.float32)]
        return self._node("Gemm", [x], Tensor(OUTPUT, CLASSES), weights, transB=1)

    def model(self) -> onnx.ModelProto:
        """The ONNX model.

        Input ``image``, float32 ``[batch, 3, image_px, image_px]``; output ``logits``, float32 ``[batch, 1000]``; batch
        and image size are free.
        """
        from onnx import TensorProto, helper, numpy_helper

        nodes = [helper.make_node(n.operator, n.inputs, [n.output], n.output, **n.attributes) for n in self._nodes]
        graph = helper.make_graph(
            nodes,
            self.name,
            [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["batch", 3, "image_px", "image_px"])],
            [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["batch", CLASSES])],
            [numpy_helper.from_array(array, name) for name, array in self._weights.items()],
        )
        model: onnx.ModelProto = helper.make_model(
            graph,
            producer_name="perftransfer",
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
        )
        return model

    def _random_weights(self, shape: tuple[int, ...], x: Tensor) -> npt.NDArray[np.float32]:
        spread = math.sqrt((2 if x.rectified else 1) / math.prod(shape[1:]))
        return self._random.standard_normal(shape, dtype=np.float32) * np.float32(spread)

    def _node(
        self,
        operator: str,
        inputs: list[Tensor],
        result: Tensor,
        weights: list[npt.NDArray[np.float32]] | None = None,
        **attributes: Any,
    ) -> Tensor:
        self._counts[operator] += 1
        name = f"{operator}_{self._counts[operator]}"
        result = replace(result, name=result.name if result.name == OUTPUT else name)
        named = {f"{name}_{i}": array for i, array in enumerate(weights or [])}
        self._weights |= named
        self._nodes.append(_Node(operator, (*(x.name for x in inputs), *named), result.name, attributes))
        return result


def _pair(pixels: int | tuple[int, int]) -> list[int]:
    return [pixels, pixels] if isinstance(pixels, int) else list(pixels)
