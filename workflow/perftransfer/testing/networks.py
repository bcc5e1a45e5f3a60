"""Rules of networks."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from perftransfer.measuring.networks.interface import Network
from perftransfer.testing._rules import check, require, require_concrete

if TYPE_CHECKING:
    import onnx


def check_network(cls: type[Network]) -> None:
    """Check what a network must fulfil (``measuring/networks/interface.py``).

    Parameters
    ----------
    cls
        Class derived from ``Network``.

    Raises
    ------
    AssertionError
        If it breaks a rule; the message states the rule and what was found.
    """
    check(cls, RULES)


@lru_cache(maxsize=1)
def _model(cls: type[Network]) -> onnx.ModelProto:
    """Built once for several rules: it may take seconds."""
    return cls().build(0)


def _is_concrete(cls: type[Network]) -> None:
    """A network is derived from Network and created without arguments."""
    require_concrete(cls, Network)
    cls()


def _has_version(cls: type[Network]) -> None:
    """``version`` is a whole number from 1."""
    version = getattr(cls, "version", None)
    require(isinstance(version, int) and not isinstance(version, bool) and version >= 1, f"version = {version!r}")


def _imports_onnx_late(cls: type[Network]) -> None:
    """Its module imports onnx inside build: a board without onnx reads version."""
    module = sys.modules[cls.__module__]
    early = [name for name, value in vars(module).items() if getattr(value, "__name__", "").split(".")[0] == "onnx"]
    require(not early, f"onnx imported as {', '.join(early)}")


def _builds_a_model(cls: type[Network]) -> None:
    """``build`` returns a valid onnx.ModelProto."""
    import onnx

    model = _model(cls)
    require(isinstance(model, onnx.ModelProto), f"{type(model).__name__}")
    onnx.checker.check_model(model, full_check=True)


def _names_its_dimensions(cls: type[Network]) -> None:
    """Inputs are float32 or int64 and as ``inputs`` says: batch first, and a name for every free dimension."""
    import onnx

    model = _model(cls)
    require(len(model.graph.input) >= 1, "no input")
    built = {}
    for value in model.graph.input:
        tensor = value.type.tensor_type
        kind = onnx.TensorProto.DataType.Name(tensor.elem_type)
        require(kind in ("FLOAT", "INT64"), f"input {value.name} of type {kind}")
        sizes = [size.dim_param or size.dim_value for size in tensor.shape.dim]
        require(sizes and sizes[0] == "batch", f"input {value.name} of shape {sizes}")
        require(all(sizes), f"input {value.name} of shape {sizes}: a free dimension without a name")
        built[value.name] = sizes
    declared = {name: list(sizes) for name, sizes in cls.inputs.items()}
    require(declared == built, f"inputs = {declared}, but it builds {built}")


def _is_decided_by_the_seed(cls: type[Network]) -> None:
    """The same seed gives the same bytes, another one other weights."""
    first, again, other = (
        model.SerializeToString(deterministic=True) for model in (_model(cls), cls().build(0), cls().build(1))
    )
    require(first == again, "two models for one seed")
    require(first != other, "the same model for seeds 0 and 1")


RULES: tuple[Callable[[type[Network]], None], ...] = (
    _is_concrete,
    _has_version,
    _imports_onnx_late,
    _builds_a_model,
    _names_its_dimensions,
    _is_decided_by_the_seed,
)
