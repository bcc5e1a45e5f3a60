"""Draws a network layer by layer, with random weights, and turns the drawing into an ONNX model.

Only ``Graph.model`` imports onnx: the version of a network can be read on a board that has numpy and an engine alone.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import onnx

# Nothing here needs more, and the older the format, the more runtimes read it (tried: ONNX Runtime 1.15 and 1.31).
# 13 is also the first opset whose QuantizeLinear and DequantizeLinear know an axis.
OPSET = 13
IR_VERSION = 7

CLASSES = 1000

# Spread of shifts and biases: enough to break ties at zero, small compared to activations of order 1.
SHIFT_SPREAD = 0.1

# What ONNX calls float32: ``TensorProto.FLOAT``.
_FLOAT = 1

# Sizes of the dimensions of an input or output; free ones are names.
_Shape: TypeAlias = list[int | str]


@dataclass(frozen=True)
class Tensor:
    """A value in the graph.

    Of images, float32 ``[batch, channels, height, width]``, or ``[batch, channels]`` once flattened; of texts, float32
    ``[batch, sequence, channels]``, or int64 ``[batch, sequence]`` as they come in, then with one channel.

    ``rectified`` says that it comes from a ReLU or its like, so that half of its power is gone: weights that read it
    make up for it.
    """

    name: str
    channels: int
    rectified: bool = False


@dataclass(frozen=True)
class _Node:
    operator: str
    inputs: tuple[str, ...]
    output: str
    # Any, as ``make_node`` takes them by keyword, next to parameters of its own.
    attributes: dict[str, Any]


class Graph:
    """A network under construction.

    Weights are drawn from a normal distribution of variance ``2 / fan_in`` where the input comes from a ReLU and
    ``1 / fan_in`` where it does not (He et al. 2015, "Delving deep into rectifiers", arXiv 1502.01852, section 2.2), so
    that activations keep their size however deep the network is. Batch normalisations are nodes of their own, with
    mean 0, variance 1, scale 1 and small random shifts: whether they are folded away is for the engine to decide,
    and is one of the things that are measured.

    Methods take and return ``Tensor``; kernel, stride and padding are one number of pixels or (height, width). The
    model has the inputs that were asked for, in that order.
    """

    def __init__(self, name: str, seed: int) -> None:
        self.name = name
        self._random = np.random.default_rng(seed)
        self._inputs: dict[str, tuple[type[np.generic], _Shape]] = {}
        self._shapes: dict[str, _Shape] = {}
        self._outputs: dict[str, _Shape] = {}
        self._nodes: list[_Node] = []
        self._weights: dict[str, npt.NDArray[Any]] = {}
        self._counts: Counter[str] = Counter()

    @property
    def image(self) -> Tensor:
        """The input ``image``, float32 ``[batch, 3, image_px, image_px]``; batch and image size are free."""
        self._inputs["image"] = (np.float32, ["batch", 3, "image_px", "image_px"])
        return Tensor("image", 3)

    def tokens(self, name: str) -> Tensor:
        """An input with a number for each token, int64 ``[batch, sequence]``; both dimensions are free."""
        self._inputs[name] = (np.int64, ["batch", "sequence"])
        return Tensor(name, 1)

    def declare(self, x: Tensor, shape: _Shape) -> Tensor:
        """Write the shape of ``x`` into the model, where engines cannot infer it but need it to fuse what follows."""
        self._shapes[x.name] = shape
        return x

    def output(self, x: Tensor, name: str, shape: _Shape) -> Tensor:
        """Make ``x``, which nothing may have read yet, an output of the model under this name."""
        self._nodes = [replace(node, output=name) if node.output == x.name else node for node in self._nodes]
        self._outputs[name] = shape
        return replace(x, name=name)

    def conv(
        self,
        x: Tensor,
        channels: int,
        kernel: int | tuple[int, int],
        *,
        stride: int = 1,
        padding: int | tuple[int, int] = 0,
        groups: int = 1,
        bias: bool = False,
    ) -> Tensor:
        """Convolution, without bias where a batch normalisation that has one follows it."""
        height, width = _pair(kernel)
        weights = [self._random_weights((channels, x.channels // groups, height, width), x)]
        return self._node(
            "Conv",
            [x, *weights, *([self._shifts(channels)] if bias else [])],
            Tensor("", channels),
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
        ones, zeros = np.ones(x.channels, np.float32), np.zeros(x.channels, np.float32)
        return self._node("BatchNormalization", [x, ones, self._shifts(x.channels), zeros, ones], x, epsilon=epsilon)

    def relu(self, x: Tensor) -> Tensor:
        """max(x, 0)."""
        return self._node("Relu", [x], replace(x, rectified=True))

    def relu6(self, x: Tensor) -> Tensor:
        """min(max(x, 0), 6)."""
        return self._node("Clip", [x, _float(0), _float(6)], replace(x, rectified=True))

    def max_pool(self, x: Tensor, kernel: int, *, stride: int, padding: int = 0, ceil: bool = False) -> Tensor:
        """Largest value in each window; ``ceil`` keeps a last window that the image does not fill."""
        return self._node(
            "MaxPool",
            [x],
            x,
            kernel_shape=_pair(kernel),
            strides=_pair(stride),
            pads=_pair(padding) * 2,
            **({"ceil_mode": 1} if ceil else {}),
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
        """Mean over all pixels, then a fully connected layer with bias: output ``logits``, ``[batch, 1000]``."""
        x = self._mean_of_pixels(x)
        weights = [self._random_weights((CLASSES, x.channels), x), np.zeros(CLASSES, np.float32)]
        return self._logits(self._node("Gemm", [x, *weights], Tensor("", CLASSES), transB=1))

    def mean_classifier(self, x: Tensor) -> Tensor:
        """Mean over all pixels of a tensor that has a channel for each class: output ``logits``, ``[batch, 1000]``."""
        return self._logits(self._mean_of_pixels(x))

    def embedding(self, tokens: Tensor, rows: int, channels: int) -> Tensor:
        """The row of a table that each token names: tokens are from 0 to ``rows`` - 1."""
        return self._node("Gather", [self._table(rows, channels), tokens], Tensor("", channels))

    def positions(self, tokens: Tensor, longest: int, channels: int) -> Tensor:
        """The first rows of a table, one for each place in the sequence, ``[sequence, channels]``.

        Sequences are no longer than ``longest``.
        """
        shape = self._node("Shape", [tokens], tokens)
        length = self._node("Slice", [shape, _ints(1), _ints(2)], tokens)
        table = self._table(longest, channels)
        return self._node("Slice", [table, _ints(0), length, _ints(0)], Tensor("", channels))

    def linear(self, x: Tensor, channels: int) -> Tensor:
        """Fully connected layer with bias, the same for every token."""
        weights = np.ascontiguousarray(self._random_weights((channels, x.channels), x).T)
        x = self._node("MatMul", [x, weights], Tensor("", channels))
        return self._node("Add", [x, self._shifts(channels)], x)

    def layer_norm(self, x: Tensor, *, epsilon: float) -> Tensor:
        """Layer normalisation over the channels (Ba, Kiros and Hinton 2016, arXiv 1607.06450), as single operators.

        That is how it is exported for this operator set; whether they are fused is for the engine to decide.
        """
        x = replace(x, rectified=False)
        centred = self._node("Sub", [x, self._node("ReduceMean", [x], x, axes=[-1])], x)
        squares = self._node("Pow", [centred, _float(2)], x)
        variance = self._node("ReduceMean", [squares], x, axes=[-1])
        spread = self._node("Sqrt", [self._node("Add", [variance, _float(epsilon)], x)], x)
        scaled = self._node("Mul", [self._node("Div", [centred, spread], x), np.ones(x.channels, np.float32)], x)
        return self._node("Add", [scaled, self._shifts(x.channels)], x)

    def gelu(self, x: Tensor) -> Tensor:
        """Product of x and the normal distribution function of x, by erf.

        Hendrycks and Gimpel 2016, "Gaussian error linear units", arXiv 1606.08415.
        """
        erf = self._node("Erf", [self._node("Div", [x, _float(math.sqrt(2))], x)], x)
        doubled = self._node("Mul", [x, self._node("Add", [erf, _float(1)], x)], x)
        return self._node("Mul", [doubled, _float(0.5)], replace(x, rectified=True))

    def mask_penalty(self, mask: Tensor) -> Tensor:
        """What attention adds to its scores: 0 where the mask is 1, -10,000 where it is 0; ``[batch, 1, 1, sequence]``.

        Finite, as in the code of BERT's authors: a row of zeros then gives no NaN.
        """
        visible = self._node("Cast", [self._node("Unsqueeze", [mask, _ints(1, 2)], mask)], mask, to=_FLOAT)
        return self._node("Mul", [self._node("Sub", [_float(1), visible], mask), _float(-10_000)], mask)

    def attention(self, queries: Tensor, keys: Tensor, values: Tensor, penalty: Tensor, *, heads: int) -> Tensor:
        """Scaled dot-product attention of several heads (Vaswani et al. 2017, arXiv 1706.03762, section 3.2).

        Without the projections before and after it; ``penalty`` is of ``mask_penalty``.
        """
        size = queries.channels // heads

        def split(x: Tensor, order: list[int]) -> Tensor:
            return self._node("Transpose", [self._node("Reshape", [x, _ints(0, 0, heads, size)], x)], x, perm=order)

        by_head = [0, 2, 1, 3]
        scores = self._node("MatMul", [split(queries, by_head), split(keys, [0, 2, 3, 1])], queries)
        scores = self._node("Div", [scores, _float(math.sqrt(size))], scores)
        weights = self._node("Softmax", [self._node("Add", [scores, penalty], scores)], scores, axis=3)
        mixed = self._node("MatMul", [weights, split(values, by_head)], values)
        mixed = self._node("Transpose", [mixed], values, perm=by_head)
        return self._node("Reshape", [mixed, _ints(0, 0, values.channels)], values)

    def model(self) -> onnx.ModelProto:
        """The ONNX model."""
        from onnx import helper, numpy_helper

        nodes = [helper.make_node(n.operator, n.inputs, [n.output], n.output, **n.attributes) for n in self._nodes]
        graph = helper.make_graph(
            nodes,
            self.name,
            [
                helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(kind)), shape)
                for name, (kind, shape) in self._inputs.items()
            ],
            [helper.make_tensor_value_info(name, _FLOAT, shape) for name, shape in self._outputs.items()],
            [numpy_helper.from_array(array, name) for name, array in self._weights.items()],
            value_info=[helper.make_tensor_value_info(name, _FLOAT, shape) for name, shape in self._shapes.items()],
        )
        model: onnx.ModelProto = helper.make_model(
            graph,
            producer_name="perftransfer",
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
        )
        return model

    def _mean_of_pixels(self, x: Tensor) -> Tensor:
        return self._node("Flatten", [self._node("GlobalAveragePool", [x], x)], x, axis=1)

    def _logits(self, x: Tensor) -> Tensor:
        return self.output(x, "logits", ["batch", CLASSES])

    def _random_weights(self, shape: tuple[int, ...], x: Tensor) -> npt.NDArray[np.float32]:
        spread = math.sqrt((2 if x.rectified else 1) / math.prod(shape[1:]))
        return self._random.standard_normal(shape, dtype=np.float32) * np.float32(spread)

    def _shifts(self, channels: int) -> npt.NDArray[np.float32]:
        return self._random.standard_normal(channels, dtype=np.float32) * np.float32(SHIFT_SPREAD)

    def _table(self, rows: int, channels: int) -> npt.NDArray[np.float32]:
        return self._random.standard_normal((rows, channels), dtype=np.float32)

    def _node(
        self, operator: str, inputs: Sequence[Tensor | npt.NDArray[Any]], result: Tensor, **attributes: Any
    ) -> Tensor:
        """Add an operator; arrays among its inputs become weights of the model."""
        self._counts[operator] += 1
        name = f"{operator}_{self._counts[operator]}"
        arrays = [x for x in inputs if not isinstance(x, Tensor)]
        named = {f"{name}_{i}": array for i, array in enumerate(arrays)}
        self._weights |= named
        unread = iter(named)
        read = tuple(x.name if isinstance(x, Tensor) else next(unread) for x in inputs)
        self._nodes.append(_Node(operator, read, name, attributes))
        return replace(result, name=name)


def _pair(pixels: int | tuple[int, int]) -> list[int]:
    return [pixels, pixels] if isinstance(pixels, int) else list(pixels)


def _float(value: float) -> npt.NDArray[np.float32]:
    return np.asarray(value, np.float32)


def _ints(*values: int) -> npt.NDArray[np.int64]:
    return np.asarray(values, np.int64)
