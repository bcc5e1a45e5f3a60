"""Operators that go number by number: through one tensor, or through several that are broadcast."""

from __future__ import annotations

import functools
import math
import operator

import torch  # type: ignore[import-not-found]
from torch.nn import functional  # type: ignore[import-not-found]

from perftransfer.measuring.engines._onnx_to_torch.builder import (
    Builder,
    Function,
    Handler,
    Value,
    constant,
    implements,
    refuse_unless,
    torch_type,
)
from perftransfer.measuring.engines.interface import UnsupportedConfigurationError

# One tensor, number by number.


def _elementwise(function: Function) -> Handler:
    return lambda g, x: g.call(function, x)


for _name, _oldest, _function in [
    ("Abs", 1, torch.abs), ("Ceil", 1, torch.ceil), ("Cos", 7, torch.cos), ("Erf", 9, torch.erf),
    ("Exp", 1, torch.exp), ("Floor", 1, torch.floor), ("HardSwish", 14, functional.hardswish), ("Log", 1, torch.log),
    ("Mish", 18, functional.mish), ("Neg", 1, torch.neg), ("Not", 1, torch.logical_not),
    ("Reciprocal", 1, torch.reciprocal), ("Relu", 1, functional.relu), ("Round", 11, torch.round),
    ("Sigmoid", 1, torch.sigmoid), ("Sign", 9, torch.sign), ("Sin", 7, torch.sin), ("Softplus", 1, functional.softplus),
    ("Softsign", 1, functional.softsign), ("Sqrt", 1, torch.sqrt), ("Tanh", 1, torch.tanh),
]:  # fmt: skip
    implements(_name, _oldest)(_elementwise(_function))


@implements("Identity")
def _identity(g: Builder, x: Value) -> Value:
    return x


@implements("Dropout", 7)
def _dropout(
    g: Builder,
    x: Value,
    given_ratio: Value | None = None,
    training: Value | None = None,
    /,
    *,
    ratio: float = 0.5,
    seed: int = 0,
) -> Value:
    if training is not None:
        refuse_unless("training_mode", bool(constant("training_mode", training)), False)
    return x


@implements("LeakyRelu")
def _leaky_relu(g: Builder, x: Value, *, alpha: float = 0.01) -> Value:
    return g.call(functional.leaky_relu, x, alpha)


@implements("Elu")
def _elu(g: Builder, x: Value, *, alpha: float = 1.0) -> Value:
    return g.call(functional.elu, x, alpha)


@implements("HardSigmoid", 6)
def _hard_sigmoid(g: Builder, x: Value, *, alpha: float = 0.2, beta: float = 0.5) -> Value:
    if math.isclose(alpha, 1 / 6, rel_tol=1e-6) and beta == 0.5:
        return g.call(functional.hardsigmoid, x)
    return g.call(torch.clamp, g.call(operator.add, g.call(operator.mul, x, alpha), beta), min=0, max=1)


@implements("Gelu", 20)
def _gelu(g: Builder, x: Value, *, approximate: str = "none") -> Value:
    refuse_unless("approximate", approximate, "none", "tanh")
    return g.call(functional.gelu, x, approximate="tanh" if approximate == "tanh" else "none")


@implements("PRelu", 7)
def _prelu(g: Builder, x: Value, slope: Value) -> Value:
    aligned = (1,) * (len(x.shape) - len(slope.shape)) + slope.shape
    if math.prod(aligned) not in (1, *aligned[1:2]):
        raise UnsupportedConfigurationError(f"slope of shape {slope.shape} is not implemented: only one per channel")
    return g.call(functional.prelu, x, g.call(torch.reshape, slope, [-1]))


@implements("Clip", 6)
def _clip(
    g: Builder,
    x: Value,
    least: Value | None = None,
    most: Value | None = None,
    /,
    *,
    min: float | None = None,
    max: float | None = None,
) -> Value:
    low = min if least is None else constant("min", least).item()
    high = max if most is None else constant("max", most).item()
    return x if low is None and high is None else g.call(torch.clamp, x, min=low, max=high)


@implements("Cast", 6)
def _cast(g: Builder, x: Value, *, to: int, saturate: int = 1, round_mode: str = "up") -> Value:
    # The last two are for types of 8 bits and fewer, which are not implemented.
    return x if x.dtype == torch_type(to) else g.call(torch.Tensor.to, x, torch_type(to))


# Two or more tensors, broadcast.


def _scalar(value: Value, other: Value) -> Value | float:
    """Return a constant single number as Python's, as one writes it by hand, if ``other`` gives type and shape."""
    if value.numbers is None or other.numbers is not None or value.numbers.numel() != 1:
        return value
    number: float = value.numbers.item()
    return number if value.numbers.dim() <= len(other.shape) else value


def _binary(function: Function) -> Handler:
    return lambda g, a, b: g.call(function, _scalar(a, b), _scalar(b, a))


def _fold(function: Function) -> Handler:
    return lambda g, *values: functools.reduce(functools.partial(g.call, function), values)


for _name, _oldest, _handler in [
    ("Add", 7, _binary(operator.add)), ("Sub", 7, _binary(operator.sub)), ("Mul", 7, _binary(operator.mul)),
    ("Equal", 7, _binary(operator.eq)), ("Greater", 7, _binary(operator.gt)), ("Less", 7, _binary(operator.lt)),
    ("GreaterOrEqual", 12, _binary(operator.ge)), ("LessOrEqual", 12, _binary(operator.le)),
    ("And", 7, _fold(torch.logical_and)), ("Or", 7, _fold(torch.logical_or)),
    ("Xor", 7, _fold(torch.logical_xor)), ("Max", 8, _fold(torch.maximum)),
    ("Min", 8, _fold(torch.minimum)), ("Sum", 8, _fold(operator.add)),
]:  # fmt: skip
    implements(_name, _oldest)(_handler)


@implements("Div", 7)
def _div(g: Builder, a: Value, b: Value) -> Value:
    if a.dtype.is_floating_point:
        return g.call(operator.truediv, _scalar(a, b), _scalar(b, a))
    constant("integer divisor", b)
    return g.call(torch.div, a, b, rounding_mode="trunc")


@implements("Mod", 10)
def _mod(g: Builder, a: Value, b: Value, *, fmod: int = 0) -> Value:
    if not a.dtype.is_floating_point:
        constant("integer divisor", b)
    return g.call(torch.fmod if fmod else torch.remainder, a, b)


@implements("Pow", 7)
def _pow(g: Builder, a: Value, b: Value) -> Value:
    power = g.call(operator.pow, _scalar(a, b), _scalar(b, a))
    # The type is that of the base, not of the exponent.
    return power if power.dtype == a.dtype else g.call(torch.Tensor.to, power, a.dtype)


@implements("Where", 9)
def _where(g: Builder, condition: Value, a: Value, b: Value) -> Value:
    return g.call(torch.where, condition, a, b)
