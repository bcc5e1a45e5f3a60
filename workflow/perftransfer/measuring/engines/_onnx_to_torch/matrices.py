"""Products of matrices."""

from __future__ import annotations

import operator

import torch  # type: ignore[import-not-found]
from torch.nn import functional  # type: ignore[import-not-found]

from perftransfer.measuring.engines._onnx_to_torch.builder import Builder, Value, implements


@implements("MatMul")
def _matmul(g: Builder, a: Value, b: Value) -> Value:
    if b.permuted is not None and len(b.shape) > 2 and b.permuted[1][-2] > b.permuted[1][-1]:
        # Keys of an attention, most often. Two permutations, the second of which transposes matrices: PyTorch's
        # compiler takes a single one of any order for a transpose of matrices and computes something else
        # (github.com/pytorch/pytorch/issues/195320).
        x, order = b.permuted
        upright = g.call(torch.permute, x, [*order[:-2], order[-1], order[-2]])
        b = g.call(torch.transpose, upright, -2, -1)
    return g.call(torch.matmul, a, b)


@implements("Gemm", 7)
def _gemm(
    g: Builder,
    a: Value,
    b: Value,
    c: Value | None = None,
    /,
    *,
    alpha: float = 1.0,
    beta: float = 1.0,
    transA: int = 0,
    transB: int = 0,
) -> Value:
    rows = g.call(torch.t, a) if transA else a
    weights = b if transB else g.call(torch.t, b)
    if alpha != 1:
        weights = g.call(operator.mul, weights, alpha)
    if c is None or beta == 0:
        return g.call(functional.linear, rows, weights)
    if beta != 1:
        c = g.call(operator.mul, c, beta)
    if c.shape == weights.shape[:1]:
        return g.call(functional.linear, rows, weights, c)
    return g.call(operator.add, g.call(functional.linear, rows, weights), c)
