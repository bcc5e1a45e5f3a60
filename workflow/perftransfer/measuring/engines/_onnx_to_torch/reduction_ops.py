"""Operators that take the numbers along dimensions together: normalisations, softmax, reductions."""

from __future__ import annotations

import math

import torch  # type: ignore[import-not-found]
from torch.nn import functional  # type: ignore[import-not-found]

from perftransfer.measuring.engines._onnx_to_torch.builder import (
    Builder,
    Function,
    Handler,
    Value,
    implements,
    integers,
    refuse_unless,
)
from perftransfer.measuring.engines.interface import UnsupportedConfigurationError

# Normalisations.


@implements("BatchNormalization", 7)
def _batch_normalization(
    g: Builder,
    x: Value,
    scale: Value,
    shift: Value,
    mean: Value,
    variance: Value,
    *,
    epsilon: float = 1e-5,
    momentum: float = 0.9,
    spatial: int = 1,
    training_mode: int = 0,
) -> Value:
    refuse_unless("spatial", spatial, 1)
    refuse_unless("training_mode", training_mode, 0)
    return g.call(functional.batch_norm, x, mean, variance, scale, shift, eps=epsilon)


@implements("InstanceNormalization", 6)
def _instance_normalization(g: Builder, x: Value, scale: Value, shift: Value, *, epsilon: float = 1e-5) -> Value:
    return g.call(functional.instance_norm, x, weight=scale, bias=shift, eps=epsilon)


@implements("GroupNormalization", 21)
def _group_normalization(
    g: Builder, x: Value, scale: Value, shift: Value, *, num_groups: int, epsilon: float = 1e-5, stash_type: int = 1
) -> Value:
    return g.call(functional.group_norm, x, num_groups, scale, shift, epsilon)


@implements("LayerNormalization", 17)
def _layer_normalization(
    g: Builder,
    x: Value,
    scale: Value,
    shift: Value | None = None,
    /,
    *,
    axis: int = -1,
    epsilon: float = 1e-5,
    stash_type: int = 1,
) -> Value:
    normalised = x.shape[axis:]
    refuse_unless("scale of shape", scale.shape, normalised)
    return g.call(functional.layer_norm, x, normalised, scale, shift, epsilon)


@implements("LRN")
def _lrn(g: Builder, x: Value, *, size: int, alpha: float = 1e-4, beta: float = 0.75, bias: float = 1.0) -> Value:
    # Windows of even size lie to the other side in PyTorch.
    refuse_unless("even size", size % 2, 1)
    return g.call(functional.local_response_norm, x, size, alpha, beta, bias)


# Softmax and reductions.


def _softmax(function: Function) -> Handler:
    def draw(g: Builder, x: Value, *, axis: int | None = None) -> Value:
        if axis is None:
            axis = -1 if g.since >= 13 else 1
        # Before opset 13, all dimensions from this one on are one.
        if g.since < 13 and math.prod(x.shape[axis:][1:]) != 1:
            raise UnsupportedConfigurationError(f"over several dimensions, as in opset {g.since}, not implemented")
        return g.call(function, x, dim=axis)

    return draw


def _reduce(function: Function) -> Handler:
    def draw(
        g: Builder,
        x: Value,
        axes_input: Value | None = None,
        /,
        *,
        axes: list[int] | None = None,
        keepdims: int = 1,
        noop_with_empty_axes: int = 0,
    ) -> Value:
        dimensions = integers("axes", axes_input, axes)
        if not dimensions and noop_with_empty_axes:
            return x
        reduced = g.call(function, x, dim=dimensions or list(range(len(x.shape))), keepdim=bool(keepdims))
        # PyTorch widens sums of integers.
        return reduced if reduced.dtype == x.dtype else g.call(torch.Tensor.to, reduced, x.dtype)

    return draw


for _name, _handler in [
    ("Softmax", _softmax(functional.softmax)), ("LogSoftmax", _softmax(functional.log_softmax)),
    ("ReduceL2", _reduce(torch.linalg.vector_norm)), ("ReduceMax", _reduce(torch.amax)),
    ("ReduceMean", _reduce(torch.mean)), ("ReduceMin", _reduce(torch.amin)), ("ReduceSum", _reduce(torch.sum)),
]:  # fmt: skip
    implements(_name)(_handler)


@implements("ArgMax")
def _arg_max(g: Builder, x: Value, *, axis: int = 0, keepdims: int = 1, select_last_index: int = 0) -> Value:
    refuse_unless("select_last_index", select_last_index, 0)
    return g.call(torch.argmax, x, axis, bool(keepdims))
