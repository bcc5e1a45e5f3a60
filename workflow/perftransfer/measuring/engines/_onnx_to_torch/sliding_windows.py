"""Windows that slide over images: convolutions and pools."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass

import torch  # type: ignore[import-not-found]
from torch.nn import functional  # type: ignore[import-not-found]

from perftransfer.measuring.engines._onnx_to_torch.builder import (
    Builder,
    Function,
    Value,
    implements,
    refuse_unless,
    torch_padding,
)


@dataclass(frozen=True)
class _Windows:
    """How windows slide, dimension by dimension: sizes of image and window, steps, and padding on both sides."""

    image: list[int]
    kernel: list[int]
    strides: list[int]
    dilations: list[int]
    before: list[int]
    behind: list[int]

    @classmethod
    def read(
        cls,
        x: Value,
        kernel: Sequence[int],
        strides: list[int] | None,
        dilations: list[int] | None,
        pads: list[int] | None,
        auto_pad: str,
    ) -> _Windows:
        refuse_unless("auto_pad", auto_pad, "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER")
        image, rank = list(x.shape[2:]), len(kernel)
        steps, apart = strides or [1] * rank, dilations or [1] * rank
        both = pads if pads and auto_pad == "NOTSET" else [0] * 2 * rank
        before, behind = both[:rank], both[rank:]
        if auto_pad.startswith("SAME"):
            # As many windows as steps, centred.
            reach = [
                (math.ceil(n / s) - 1) * s + (k - 1) * d + 1
                for n, k, s, d in zip(image, kernel, steps, apart, strict=True)
            ]
            missing = [max(r - n, 0) for r, n in zip(reach, image, strict=True)]
            smaller, larger = [m // 2 for m in missing], [m - m // 2 for m in missing]
            before, behind = (smaller, larger) if auto_pad == "SAME_UPPER" else (larger, smaller)
        return cls(image, list(kernel), steps, apart, before, behind)

    def fits(self) -> bool:
        """Whether PyTorch's pooling takes the padding: equal on both sides, no more than half a window."""
        return self.before == self.behind and all(2 * pad <= k for pad, k in zip(self.before, self.kernel, strict=True))

    def reach(self, ceil: bool) -> list[int]:
        """Padding that the last window reaches behind the image; negative if it ends before the image does.

        ceil: whether there is a last window that image and padding do not fill. One that would begin behind the image
        there never is.
        """
        out = []
        for n, k, s, d, b, e in zip(
            self.image, self.kernel, self.strides, self.dilations, self.before, self.behind, strict=True
        ):
            span = (k - 1) * d + 1
            steps = (n + b + e - span) / s
            last = math.ceil(steps) if ceil else math.floor(steps)
            if ceil and last * s >= n + b:
                last -= 1
            out.append(last * s + span - n - b)
        return out


@implements("Conv")
def _conv(
    g: Builder,
    x: Value,
    weights: Value,
    bias: Value | None = None,
    /,
    *,
    kernel_shape: list[int] | None = None,
    strides: list[int] | None = None,
    dilations: list[int] | None = None,
    pads: list[int] | None = None,
    auto_pad: str = "NOTSET",
    group: int = 1,
) -> Value:
    windows = _Windows.read(x, weights.shape[2:], strides, dilations, pads, auto_pad)
    padding = windows.before
    if windows.before != windows.behind:
        x = g.call(functional.pad, x, torch_padding(windows.before, windows.behind))
        padding = [0] * len(padding)
    return g.call(
        _function_for_rank("conv", x),
        x,
        weights,
        bias,
        stride=windows.strides,
        padding=padding,
        dilation=windows.dilations,
        groups=group,
    )


@implements("ConvTranspose")
def _conv_transpose(
    g: Builder,
    x: Value,
    weights: Value,
    bias: Value | None = None,
    /,
    *,
    kernel_shape: list[int] | None = None,
    strides: list[int] | None = None,
    dilations: list[int] | None = None,
    pads: list[int] | None = None,
    output_padding: list[int] | None = None,
    auto_pad: str = "NOTSET",
    group: int = 1,
) -> Value:
    refuse_unless("auto_pad", auto_pad, "NOTSET")
    windows = _Windows.read(x, weights.shape[2:], strides, dilations, pads, auto_pad)
    refuse_unless("padding behind", windows.behind, windows.before)
    return g.call(
        _function_for_rank("conv_transpose", x),
        x,
        weights,
        bias,
        stride=windows.strides,
        padding=windows.before,
        output_padding=output_padding or 0,
        groups=group,
        dilation=windows.dilations,
    )


@implements("MaxPool")
def _max_pool(
    g: Builder,
    x: Value,
    *,
    kernel_shape: list[int],
    strides: list[int] | None = None,
    dilations: list[int] | None = None,
    pads: list[int] | None = None,
    auto_pad: str = "NOTSET",
    ceil_mode: int = 0,
    storage_order: int = 0,
) -> Value:
    # The storage order is that of the second output, which is not implemented.
    windows = _Windows.read(x, kernel_shape, strides, dilations, pads, auto_pad)
    sliding: dict[str, object] = {"stride": windows.strides, "dilation": windows.dilations}
    if windows.fits():
        sliding |= {"padding": windows.before, "ceil_mode": bool(ceil_mode)}
    else:
        around = torch_padding(windows.before, windows.reach(bool(ceil_mode)))
        x = g.call(functional.pad, x, around, value=-math.inf)
    return g.call(_function_for_rank("max_pool", x), x, windows.kernel, **sliding)


@implements("AveragePool", 7)
def _average_pool(
    g: Builder,
    x: Value,
    *,
    kernel_shape: list[int],
    strides: list[int] | None = None,
    dilations: list[int] | None = None,
    pads: list[int] | None = None,
    auto_pad: str = "NOTSET",
    ceil_mode: int = 0,
    count_include_pad: int = 0,
) -> Value:
    refuse_unless("dilations", dilations, None, [1] * len(kernel_shape))
    windows = _Windows.read(x, kernel_shape, strides, dilations, pads, auto_pad)
    pool, ceil, include = _function_for_rank("avg_pool", x), bool(ceil_mode), bool(count_include_pad)
    if windows.fits():
        return g.call(pool, x, windows.kernel, windows.strides, windows.before, ceil, include)
    # Means over windows of zeros and image, divided by the share of the window that counts.
    around = torch_padding(windows.before, windows.reach(ceil))
    counting = functional.pad(
        torch.ones(1, 1, *windows.image), torch_padding(windows.before, windows.behind), value=include
    )
    beyond = [reach - behind for reach, behind in zip(windows.reach(ceil), windows.behind, strict=True)]
    shares = pool(functional.pad(counting, torch_padding([0] * len(beyond), beyond)), windows.kernel, windows.strides)
    means = g.call(pool, g.call(functional.pad, x, around), windows.kernel, windows.strides)
    return means if bool((shares == 1).all()) else g.call(operator.truediv, means, g.constant(shares.to(x.dtype)))


@implements("GlobalAveragePool")
def _global_average_pool(g: Builder, x: Value) -> Value:
    return g.call(_function_for_rank("adaptive_avg_pool", x), x, 1)


@implements("GlobalMaxPool")
def _global_max_pool(g: Builder, x: Value) -> Value:
    return g.call(torch.amax, x, dim=list(range(2, len(x.shape))), keepdim=True)


def _function_for_rank(name: str, x: Value) -> Function:
    """The function of this name for as many spatial dimensions as ``x`` has."""
    rank = len(x.shape) - 2
    refuse_unless("number of spatial dimensions", rank, 1, 2, 3)
    function: Function = getattr(functional, f"{name}{rank}d")
    return function
