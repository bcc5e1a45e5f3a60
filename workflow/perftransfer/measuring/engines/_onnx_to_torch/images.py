"""Images of another size: resized, or made of their channels."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch  # type: ignore[import-not-found]
from torch.nn import functional  # type: ignore[import-not-found]

from perftransfer.measuring.engines._onnx_to_torch.builder import (
    Builder,
    Value,
    constant,
    implements,
    needed,
    refuse_unless,
)
from perftransfer.measuring.engines.interface import UnsupportedConfigurationError


@implements("Resize", 11)
def _resize(
    g: Builder,
    x: Value,
    region: Value | None = None,
    scales: Value | None = None,
    sizes: Value | None = None,
    /,
    *,
    mode: str = "nearest",
    coordinate_transformation_mode: str = "half_pixel",
    nearest_mode: str = "round_prefer_floor",
    cubic_coeff_a: float = -0.75,
    exclude_outside: int = 0,
    extrapolation_value: float = 0.0,
    antialias: int = 0,
    keep_aspect_ratio_policy: str = "stretch",
) -> Value:
    refuse_unless("antialias", antialias, 0)
    refuse_unless("exclude_outside", exclude_outside, 0)
    refuse_unless("keep_aspect_ratio_policy", keep_aspect_ratio_policy, "stretch")
    if scales is not None and 0 not in scales.shape:
        exact = [n * factor for n, factor in zip(x.shape, constant("scales", scales).tolist(), strict=True)]
        size = [round(n) for n in exact]
        if any(abs(n - whole) > 1e-4 for n, whole in zip(exact, size, strict=True)):
            raise UnsupportedConfigurationError(f"scales that make sizes of {exact} are not implemented")
    else:
        size = needed("sizes", sizes, None)
    refuse_unless("another number of images or channels", tuple(size[:2]), x.shape[:2])
    if mode == "nearest":
        how: dict[str, object] = {"mode": _nearest(x.shape[2:], size[2:], coordinate_transformation_mode, nearest_mode)}
    else:
        ways = {("linear", 3): "linear", ("linear", 4): "bilinear", ("linear", 5): "trilinear", ("cubic", 4): "bicubic"}
        if (mode, len(x.shape)) not in ways or cubic_coeff_a != -0.75:
            raise UnsupportedConfigurationError(f"mode {mode} is not implemented for this number of dimensions")
        # The third differs from the first in dimensions of one pixel only.
        third = ["pytorch_half_pixel"] if 1 not in size[2:] else []
        refuse_unless(
            "coordinate_transformation_mode", coordinate_transformation_mode, "half_pixel", "align_corners", *third
        )
        how = {
            "mode": ways[mode, len(x.shape)],
            "align_corners": coordinate_transformation_mode == "align_corners",
        }
    return g.call(functional.interpolate, x, size=size[2:], **how)


def _nearest(image: Sequence[int], size: Sequence[int], coordinates: str, rounding: str) -> str:
    """Return the mode of PyTorch that takes the same pixels as ONNX's rule."""
    refuse_unless("coordinate_transformation_mode", coordinates, "half_pixel", "asymmetric", "pytorch_half_pixel")
    roundings: dict[str, Callable[[float], int]] = {
        "floor": math.floor,
        "ceil": math.ceil,
        "round_prefer_floor": lambda x: math.ceil(x - 0.5),
        "round_prefer_ceil": lambda x: math.floor(x + 0.5),
    }
    refuse_unless("nearest_mode", rounding, *roundings)
    offset = 0 if coordinates == "asymmetric" else 0.5
    pixels = [(i, n, m) for n, m in zip(image, size, strict=True) for i in range(m)]
    taken = [min(max(roundings[rounding]((i + offset) * n / m - offset), 0), n - 1) for i, n, m in pixels]
    if taken == [math.floor(i * n / m) for i, n, m in pixels]:
        return "nearest"
    if taken == [math.floor((i + 0.5) * n / m) for i, n, m in pixels]:
        return "nearest-exact"
    raise UnsupportedConfigurationError(f"mode nearest with {coordinates} and {rounding} is not implemented here")


@implements("DepthToSpace")
def _depth_to_space(g: Builder, x: Value, *, blocksize: int, mode: str = "DCR") -> Value:
    refuse_unless("mode", mode, "DCR", "CRD")
    if mode == "CRD":
        return g.call(functional.pixel_shuffle, x, blocksize)
    batch, channels, height, width = x.shape
    split = g.call(torch.reshape, x, [batch, blocksize, blocksize, channels // blocksize**2, height, width])
    mixed = g.call(torch.permute, split, [0, 3, 4, 1, 5, 2])
    return g.call(torch.reshape, mixed, [batch, channels // blocksize**2, height * blocksize, width * blocksize])
