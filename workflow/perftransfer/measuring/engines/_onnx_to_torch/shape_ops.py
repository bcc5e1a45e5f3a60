"""Shapes, and numbers put in other places."""

from __future__ import annotations

import math
import operator
from dataclasses import replace

import onnx
import torch  # type: ignore[import-not-found]
from torch.nn import functional  # type: ignore[import-not-found]

from perftransfer.measuring.engines._onnx_to_torch.builder import (
    Builder,
    Value,
    constant,
    implements,
    integers,
    needed,
    refuse_unless,
    torch_padding,
    torch_tensor,
)


@implements("Constant")
def _constant_node(
    g: Builder,
    *,
    value: onnx.TensorProto | None = None,
    value_float: float | None = None,
    value_floats: list[float] | None = None,
    value_int: int | None = None,
    value_ints: list[int] | None = None,
) -> Value:
    if value is not None:
        return g.constant(torch_tensor(value))
    if value_int is not None or value_ints is not None:
        return g.constant(torch.tensor(value_ints if value_int is None else value_int, dtype=torch.int64))
    return g.constant(torch.tensor(value_floats if value_float is None else value_float, dtype=torch.float32))


@implements("ConstantOfShape", 9)
def _constant_of_shape(g: Builder, shape: Value, *, value: onnx.TensorProto | None = None) -> Value:
    number = torch.zeros(1) if value is None else torch_tensor(value)
    return g.constant(number.expand(needed("shape", shape, None)))


@implements("Range", 11)
def _range(g: Builder, start: Value, limit: Value, step: Value, *, stash_type: int = 1) -> Value:
    numbers = [constant(name, x).item() for name, x in (("start", start), ("limit", limit), ("delta", step))]
    return g.constant(torch.arange(*numbers, dtype=start.dtype))


@implements("Shape")
def _shape(g: Builder, x: Value, *, start: int = 0, end: int | None = None) -> Value:
    return g.constant(torch.tensor(x.shape[start:end], dtype=torch.int64))


@implements("Size")
def _size(g: Builder, x: Value) -> Value:
    return g.constant(torch.tensor(math.prod(x.shape), dtype=torch.int64))


@implements("Reshape", 5)
def _reshape(g: Builder, x: Value, shape: Value, *, allowzero: int = 0) -> Value:
    sizes = needed("shape", shape, None)
    return g.call(torch.reshape, x, sizes if allowzero else [n or x.shape[i] for i, n in enumerate(sizes)])


@implements("Flatten")
def _flatten(g: Builder, x: Value, *, axis: int = 1) -> Value:
    return g.call(torch.reshape, x, [math.prod(x.shape[:axis]), math.prod(x.shape[axis:])])


@implements("Squeeze")
def _squeeze(g: Builder, x: Value, axes_input: Value | None = None, /, *, axes: list[int] | None = None) -> Value:
    dimensions = integers("axes", axes_input, axes)
    gone = (
        {i for i, n in enumerate(x.shape) if n == 1} if dimensions is None else {i % len(x.shape) for i in dimensions}
    )
    return g.call(torch.reshape, x, [n for i, n in enumerate(x.shape) if i not in gone])


@implements("Unsqueeze")
def _unsqueeze(g: Builder, x: Value, axes_input: Value | None = None, /, *, axes: list[int] | None = None) -> Value:
    dimensions = needed("axes", axes_input, axes)
    rank = len(x.shape) + len(dimensions)
    new, old = {i % rank for i in dimensions}, iter(x.shape)
    return g.call(torch.reshape, x, [1 if i in new else next(old) for i in range(rank)])


@implements("Transpose")
def _transpose(g: Builder, x: Value, *, perm: list[int] | None = None) -> Value:
    order = perm or list(reversed(range(len(x.shape))))
    permuted = g.call(torch.permute, x, order)
    return permuted if permuted.numbers is not None else replace(permuted, permuted=(x, order))


@implements("Expand", 8)
def _expand(g: Builder, x: Value, shape: Value) -> Value:
    target = torch.broadcast_shapes(x.shape, tuple(needed("shape", shape, None)))
    return g.call(torch.broadcast_to, x, tuple(target))


@implements("Tile", 6)
def _tile(g: Builder, x: Value, repeats: Value) -> Value:
    return g.call(torch.tile, x, tuple(needed("repeats", repeats, None)))


@implements("Concat", 4)
def _concat(g: Builder, *values: Value, axis: int) -> Value:
    return g.call(torch.cat, list(values), axis)


@implements("Split", 2)
def _split(
    g: Builder,
    x: Value,
    split_input: Value | None = None,
    /,
    *,
    axis: int = 0,
    split: list[int] | None = None,
    num_outputs: int | None = None,
) -> list[Value]:
    sizes, whole = integers("split", split_input, split), x.shape[axis]
    if sizes is None:
        share = math.ceil(whole / g.outputs)
        sizes = [min(share, whole - share * i) for i in range(g.outputs)]
    return [g.call(torch.narrow, x, axis, sum(sizes[:i]), size) for i, size in enumerate(sizes)]


@implements("Slice")
def _slice(
    g: Builder,
    x: Value,
    given_starts: Value | None = None,
    given_ends: Value | None = None,
    given_axes: Value | None = None,
    given_steps: Value | None = None,
    /,
    *,
    starts: list[int] | None = None,
    ends: list[int] | None = None,
    axes: list[int] | None = None,
) -> Value:
    firsts, ends_ = needed("starts", given_starts, starts), needed("ends", given_ends, ends)
    along = integers("axes", given_axes, axes) or list(range(len(firsts)))
    steps = integers("steps", given_steps, None) or [1] * len(firsts)
    slices, backward = [slice(None)] * len(x.shape), []
    for first, end, axis, step in zip(firsts, ends_, along, steps, strict=True):
        chosen = range(*slice(first, end, step).indices(x.shape[axis]))
        if step < 0:
            # PyTorch steps forward only.
            chosen = chosen[::-1]
            backward.append(axis)
        slices[axis] = slice(chosen.start, chosen.stop, chosen.step)
    sliced = g.call(operator.getitem, x, tuple(slices))
    return g.call(torch.flip, sliced, backward) if backward else sliced


@implements("Gather")
def _gather(g: Builder, x: Value, indices: Value, *, axis: int = 0) -> Value:
    if axis == 0 and len(x.shape) == 2 and x.numbers is not None and indices.numbers is None:
        # An embedding, as one writes it by hand. It takes no negative indices; tokens are not negative.
        return g.call(functional.embedding, indices, x)
    index = indices if indices.numbers is None or indices.shape else int(indices.numbers)
    return g.call(operator.getitem, x, (*[slice(None)] * (axis % len(x.shape)), index))


@implements("Pad", 2)
def _pad(
    g: Builder,
    x: Value,
    pads_input: Value | None = None,
    filler: Value | None = None,
    given_axes: Value | None = None,
    /,
    *,
    mode: str = "constant",
    pads: list[int] | None = None,
    value: float = 0.0,
) -> Value:
    modes = {"constant": "constant", "reflect": "reflect", "edge": "replicate"}
    refuse_unless("mode", mode, *modes)
    both = needed("pads", pads_input, pads)
    axes = integers("axes", given_axes, None) or list(range(len(x.shape)))
    before, behind = [0] * len(x.shape), [0] * len(x.shape)
    for axis, first, last in zip(axes, both[: len(axes)], both[len(axes) :], strict=True):
        before[axis], behind[axis] = first, last
    if mode == "constant":
        number = value if filler is None else constant("constant_value", filler).item()
        return g.call(functional.pad, x, torch_padding(before, behind), value=number)
    # The others pad at most the dimensions behind the first two.
    refuse_unless("padding of images or channels", [*before[:2], *behind[:2]], [0] * 4)
    return g.call(functional.pad, x, torch_padding(before[2:], behind[2:]), mode=modes[mode])
