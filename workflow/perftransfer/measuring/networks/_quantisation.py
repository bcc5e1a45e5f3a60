"""Static quantisation of a network to 8-bit integers, by ONNX Runtime's own tool."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

# It would report its use to its makers.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from perftransfer.measuring.feed import DeclaredInput
from perftransfer.measuring.networks._onnx_file import declared_inputs

# Accuracy is not at stake (the weights are random): a few images or texts give every tensor a range of the right size.
_SIZES = {"batch": 4, "image_px": 128, "sequence": 64}

# What is quantised of a network that reads tokens: the matrices and the tables. Were everything, the mask would be lost
# (one range would have to hold both scores of order 1 and the penalty of 10,000 that is added to them for padding), and
# engines would no longer find the normalisations and GELUs that they fuse.
_OPERATORS_OF_TEXTS = ["Gather", "MatMul"]


def quantise(fp32: Path, int8: Path, *, seed: int, batch: Mapping[str, npt.NDArray[Any]] | None = None) -> None:
    """Quantise the network in ``fp32`` and write the result to ``int8``; the same seed gives the same bytes.

    Pairs of QuantizeLinear and DequantizeLinear surround every operator (QDQ), of networks that read texts the matrix
    multiplications and tables only. Activations are unsigned, weights signed and of 7 bits (``reduce_range``): that is
    what the documentation of ``quantize_static`` recommends for x86 processors, the last for those without VNNI, whose
    sums of 8-bit products saturate at 16 bits. Seven bits run on those with VNNI as well, so one file serves all. Batch
    normalisations are folded into the convolutions first, as the tool wants it; free dimensions stay free.

    Ranges come from random images (normal, mean 0, spread 1), or from random tokens in texts without padding, drawn
    from ``seed``. Activations grow with the image, as less of it is padding: on much larger ones the largest are
    clipped. ``batch``: values by input in their place.
    """
    if batch is None:
        batch = _batch(declared_inputs(fp32), _SIZES, seed)
    reads_texts = any(values.dtype == np.int64 for values in batch.values())
    with tempfile.TemporaryDirectory(prefix=f".{int8.name}.", dir=int8.parent) as scratch:
        prepared, quantised = Path(scratch, "prepared.onnx"), Path(scratch, "quantised.onnx")
        # Symbolic shapes need sympy and are for transformers; plain ones are inferred by quantize_static again.
        quant_pre_process(fp32, prepared, skip_symbolic_shape=True, skip_onnx_shape=True)
        quantize_static(
            prepared,
            quantised,
            _Batch(dict(batch)),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            reduce_range=True,
            op_types_to_quantize=_OPERATORS_OF_TEXTS if reads_texts else None,
        )
        _drop_unused_domains(quantised)
        quantised.replace(int8)


def _batch(inputs: Sequence[DeclaredInput], sizes: Mapping[str, int], seed: int) -> dict[str, npt.NDArray[Any]]:
    """Random values for each input: floats, integers that name a row of the table they index, or else ones (masks)."""
    # The seed alone would draw the very numbers that the network's first weights are made of.
    random = np.random.default_rng([seed, 1])
    batch: dict[str, npt.NDArray[Any]] = {}
    for each in inputs:
        shape = [size if isinstance(size, int) else sizes[str(size)] for size in each.sizes or ()]
        if each.type == "float32":
            batch[each.name] = random.standard_normal(shape, dtype=np.float32)
        elif each.rows is not None:
            batch[each.name] = random.integers(each.rows, size=shape)
        else:
            batch[each.name] = np.ones(shape, np.int64)
    return batch


def _drop_unused_domains(path: Path) -> None:
    """Take back the claims to every operator set this ONNX Runtime knows: an older one refuses newer sets unseen."""
    model = onnx.load(path)
    used = {node.domain for node in model.graph.node}
    used_opsets = [operators for operators in model.opset_import if operators.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(used_opsets)
    onnx.save(model, path)


class _Batch(CalibrationDataReader):  # type: ignore[misc]
    """Gives the calibration one batch."""

    def __init__(self, batch: dict[str, npt.NDArray[Any]]) -> None:
        self._batches = iter([batch])

    def get_next(self) -> dict[str, npt.NDArray[Any]] | None:
        return next(self._batches, None)
