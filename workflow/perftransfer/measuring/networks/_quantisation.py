"""Static quantisation of a network to 8-bit integers, by ONNX Runtime's own tool."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

# It would report its use to its makers.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from perftransfer.measuring.networks._graph import INPUT

# Accuracy is not at stake (the weights are random): a few images give every tensor a range of the right size.
_IMAGES = 4


def quantise(fp32: Path, int8: Path, *, seed: int, image_px: int = 128) -> None:
    """Quantise the network in ``fp32`` and write the result to ``int8``; the same seed gives the same bytes.

    Pairs of QuantizeLinear and DequantizeLinear surround every operator (QDQ). Activations are unsigned, weights signed
    and of 7 bits (``reduce_range``): that is what the documentation of ``quantize_static`` recommends for x86
    processors, the last for those without VNNI, whose sums of 8-bit products saturate at 16 bits. Seven bits run on
    those with VNNI as well, so one file serves all. Batch normalisations are folded into the convolutions first, as the
    tool wants it; batch and image size stay free.

    Ranges come from random images (normal, mean 0, spread 1) of ``image_px`` pixels, drawn from ``seed``. Activations
    grow with the image, as less of it is padding: on much larger ones the largest are clipped.
    """
    # The seed alone would draw the very numbers that the network's first weights are made of.
    images = np.random.default_rng([seed, 1]).standard_normal((_IMAGES, 3, image_px, image_px), dtype=np.float32)
    with tempfile.TemporaryDirectory(prefix=f".{int8.name}.", dir=int8.parent) as scratch:
        prepared, quantised = Path(scratch, "prepared.onnx"), Path(scratch, "quantised.onnx")
        # Symbolic shapes need sympy and are for transformers; plain ones are inferred by quantize_static again.
        quant_pre_process(fp32, prepared, skip_symbolic_shape=True, skip_onnx_shape=True)
        quantize_static(
            prepared,
            quantised,
            _Images(images),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            reduce_range=True,
        )
        _drop_unused_domains(quantised)
        quantised.replace(int8)


def _drop_unused_domains(path: Path) -> None:
    """Take back the claims to every operator set this ONNX Runtime knows: an older one refuses newer sets unseen."""
    model = onnx.load(path)
    used = {node.domain for node in model.graph.node}
    kept = [operators for operators in model.opset_import if operators.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(kept)
    onnx.save(model, path)


class _Images(CalibrationDataReader):
    """Gives the images to the calibration, all in one batch."""

    def __init__(self, images: npt.NDArray[np.float32]) -> None:
        self._batches: Iterator[dict[str, Any]] = iter([{INPUT: images}])

    def get_next(self) -> dict[str, Any] | None:
        return next(self._batches, None)
