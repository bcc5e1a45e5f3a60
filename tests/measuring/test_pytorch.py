"""Checks PyTorch's engine: that networks mean what they mean to ONNX Runtime, and every option arrives."""

from __future__ import annotations

import contextlib
import inspect
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import onnxruntime
import psutil
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from tiny_network import network

from perftransfer.measuring import engines, networks
from perftransfer.measuring.engines import interface
from perftransfer.measuring.engines.interface import UnsupportedConfigurationError
from perftransfer.measuring.fingerprint import usable_cpus
from perftransfer.measuring.isolation import MeasuringServer
from perftransfer.measuring.networks._graph import Graph
from perftransfer.measuring.protocol import Protocol
from perftransfer.package_path import package_path
from perftransfer.space.option_space import OptionSpace

torch = pytest.importorskip("torch", reason="torch is not installed (pip install torch)")

from perftransfer.measuring.engines import pytorch  # noqa: E402
from perftransfer.measuring.engines._onnx_to_torch import inputs, translate  # noqa: E402
from perftransfer.measuring.engines.pytorch import ENGINE  # noqa: E402

WORKLOAD = {"batch": 2, "image_px": 16}
CORES = len(usable_cpus())
SPACES = Path(__file__).parents[2] / "config/spaces"
Arrays = dict[str, np.ndarray]


@pytest.fixture
def tiny(tmp_path: Path) -> str:
    return network(tmp_path, ["batch", 3, "image_px", "image_px"])


@pytest.fixture(autouse=True)
def same_process_afterwards() -> Iterator[None]:
    """Options hold for the process, and here that is the process of all tests."""
    threads, onednn = torch.get_num_threads(), torch.backends.mkldnn.enabled
    yield
    torch.set_num_threads(threads)
    torch.set_flush_denormal(False)
    torch.backends.mkldnn.enabled = onednn
    torch.backends.cudnn.benchmark = False
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = False, True


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A place of its own for what is compiled."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path_factory.mktemp("kernels")))
        yield


# What a file means.


def random(*shape: int, seed: int = 0, kind: type = np.float32) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(kind)


def drawn(
    operator: str,
    fed: Arrays,
    constants: Arrays | None = None,
    *,
    order: str | None = None,
    opset: int = 17,
    outputs: int = 1,
    **attributes: Any,
) -> onnx.ModelProto:
    """A network of one operator; ``order`` names its inputs, "" for one that is left out."""
    constants = constants or {}
    names = [*fed, *constants] if order is None else order.split(",")
    results = [f"y{i}" for i in range(outputs)]
    graph = helper.make_graph(
        [helper.make_node(operator, names, results, **attributes)],
        "one",
        [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape) for n, x in fed.items()],
        [helper.make_empty_tensor_value_info(name) for name in results],
        [numpy_helper.from_array(x, name) for name, x in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def expected_of(model: onnx.ModelProto, fed: Arrays) -> list[np.ndarray]:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, fed)


def check_against_onnx_runtime(model: onnx.ModelProto, fed: Arrays, rtol: float = 1e-4, atol: float = 1e-5) -> None:
    results = translate(model, [x.shape for x in fed.values()])(*map(torch.from_numpy, fed.values()))
    for result, expected in zip(results, expected_of(model, fed), strict=True):
        assert result.numpy().dtype == expected.dtype
        assert result.shape == expected.shape
        np.testing.assert_allclose(result.numpy(), expected, rtol=rtol, atol=atol)


@pytest.mark.parametrize("name", networks.names())
def test_every_network_computes_what_onnx_runtime_computes(tmp_path: Path, name: str) -> None:
    networks.write(name, "fp32", tmp_path / "x.onnx", seed=0)
    model = onnx.load(tmp_path / "x.onnx")
    sizes = {"batch": 2, "image_px": 80, "sequence": 9}
    random_numbers = np.random.default_rng(1)
    fed = {}
    for x in inputs(model):
        shape = [size if isinstance(size, int) else sizes[str(size)] for size in x.sizes]
        floats = random_numbers.standard_normal(shape).astype(np.float32)
        fed[x.name] = floats if x.kind == "FLOAT" else random_numbers.integers(0, 2, shape)
    check_against_onnx_runtime(model, fed, rtol=1e-3, atol=1e-3 * float(np.abs(expected_of(model, fed)[0]).max()))


X, IMAGE = random(2, 3, 4), random(2, 3, 9, 8)
POSITIVE, LOGICAL = np.abs(X) + 0.1, X > 0
WHOLE = np.array([[7, -7, 3], [-3, 8, 5]])


def ints(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


def single(number: float, kind: type = np.float32) -> np.ndarray:
    return np.array(number, kind)


@pytest.mark.parametrize(
    ("operator", "fed", "attributes"),
    [
        *(
            (name, [X], {})
            for name in ["Abs", "Ceil", "Cos", "Erf", "Exp", "Floor", "HardSwish", "Identity", "Neg", "Reciprocal"]
        ),
        *((name, [X], {}) for name in ["Relu", "Round", "Sigmoid", "Sign", "Sin", "Softplus", "Softsign", "Tanh"]),
        *((name, [POSITIVE], {}) for name in ["Log", "Sqrt"]),
        ("Round", [np.array([0.5, 1.5, -2.5], np.float32)], {}),
        ("Mish", [X], {"opset": 18}),
        ("Gelu", [X], {"opset": 20}),
        ("Gelu", [X], {"opset": 20, "approximate": "tanh"}),
        ("Not", [LOGICAL], {}),
        *((name, [LOGICAL, LOGICAL[:, :1]], {}) for name in ["And", "Or", "Xor"]),
        ("Dropout", [X], {}),
        ("LeakyRelu", [X], {}),
        ("LeakyRelu", [X], {"alpha": 0.3}),
        ("Elu", [X], {}),
        ("Elu", [X], {"alpha": 0.3}),
        ("HardSigmoid", [X * 3], {}),
        ("HardSigmoid", [X * 3], {"alpha": 1 / 6}),
        ("Clip", [X], {}),
        *((name, [X, POSITIVE], {}) for name in ["Add", "Sub", "Mul", "Div", "Max", "Min", "Sum"]),
        *((name, [POSITIVE, X[0]], {}) for name in ["Pow", "Greater", "Less", "GreaterOrEqual", "LessOrEqual"]),
        ("Mod", [X, POSITIVE], {"fmod": 1}),
        ("Equal", [WHOLE, WHOLE[::-1].copy()], {}),
        ("Max", [X, POSITIVE - 1, X[:1]], {}),
        ("Sum", [X], {}),
        ("Where", [LOGICAL, X, POSITIVE[0]], {}),
        ("MatMul", [X, random(4, 5)], {}),
        ("MatMul", [random(2, 5, 3, 4), random(5, 4, 2)], {}),
        ("Gemm", [X[0], random(4, 5)], {}),
        ("Gemm", [X[0], random(4, 5), random(5)], {}),
        ("Gemm", [X[0], random(4, 5), random(3, 1)], {"alpha": 0.5, "beta": 2.0}),
        ("Gemm", [X[0], random(5, 3), random(5)], {"transA": 1, "transB": 1, "beta": 2.0}),
        ("Gemm", [X[0], random(4, 5), random(5)], {"beta": 0.0}),
        ("GlobalAveragePool", [IMAGE], {}),
        ("GlobalAveragePool", [X], {}),
        ("GlobalMaxPool", [IMAGE], {}),
        ("InstanceNormalization", [IMAGE, random(3), random(3)], {"epsilon": 0.01}),
        ("GroupNormalization", [random(2, 4, 5), random(4), random(4)], {"opset": 21, "num_groups": 2}),
        ("LayerNormalization", [X, random(4)], {}),
        ("LayerNormalization", [X, random(3, 4), random(3, 4)], {"axis": 1, "epsilon": 0.01}),
        ("LRN", [IMAGE], {"size": 3, "alpha": 0.1, "bias": 2.0}),
        ("DepthToSpace", [random(2, 8, 3, 2)], {"blocksize": 2}),
        ("DepthToSpace", [random(2, 8, 3, 2)], {"blocksize": 2, "mode": "CRD"}),
        ("Softmax", [X], {}),
        ("Softmax", [X], {"axis": 1}),
        ("LogSoftmax", [X], {"axis": 0}),
        ("Softmax", [X[0]], {"opset": 11}),
        ("Softmax", [X[:, :1]], {"opset": 11, "axis": -1}),
        *((name, [X], {"axes": [-1]}) for name in ["ReduceL2", "ReduceMax", "ReduceMean", "ReduceMin"]),
        ("ReduceMean", [X], {"axes": [0, 2], "keepdims": 0}),
        ("ReduceMax", [X], {}),
        ("ReduceSum", [WHOLE.astype(np.int32)], {}),
        ("ArgMax", [X], {"axis": 1, "keepdims": 0}),
        ("ArgMax", [X], {}),
        ("Shape", [X], {}),
        ("Shape", [X], {"start": 1, "end": -1}),
        ("Size", [X], {}),
        ("Flatten", [X], {}),
        ("Flatten", [X], {"axis": 0}),
        ("Flatten", [X], {"axis": -1}),
        ("Squeeze", [X[:, :1, :1]], {}),
        ("Transpose", [X], {}),
        ("Transpose", [X], {"perm": [0, 2, 1]}),
        ("Concat", [X, X[:, :1]], {"axis": 1}),
        ("Concat", [X, X], {"axis": -1}),
        ("Split", [X], {"axis": 2, "outputs": 2}),
        ("Split", [random(7)], {"opset": 18, "num_outputs": 3, "outputs": 3}),
        ("Cast", [X * 3], {"to": TensorProto.INT32}),
        ("Cast", [WHOLE], {"to": TensorProto.FLOAT}),
        ("Cast", [X], {"to": TensorProto.FLOAT}),
        ("Cast", [X], {"to": TensorProto.BOOL}),
        ("Cast", [X], {"to": TensorProto.DOUBLE}),
        ("Constant", [], {"value_float": 2.5}),
        ("Constant", [], {"value_floats": [2.5, 1.0]}),
        ("Constant", [], {"value_int": 2}),
        ("Constant", [], {"value_ints": [2, 1]}),
        ("Constant", [], {"value": numpy_helper.from_array(X)}),
        ("Gather", [X, ints(1, -1)], {"axis": 1}),
        # As older opsets have them.
        ("Clip", [X], {"opset": 9, "min": -0.5, "max": 0.5}),
        ("Clip", [X], {"opset": 9, "min": 0.0}),
        ("Squeeze", [X[:, :1]], {"opset": 11, "axes": [1]}),
        ("Unsqueeze", [X], {"opset": 11, "axes": [0, -1]}),
        ("Split", [X], {"opset": 11, "axis": 2, "split": [1, 3], "outputs": 2}),
        ("Slice", [X], {"opset": 9, "starts": [1], "ends": [-1], "axes": [2]}),
        ("Pad", [X], {"opset": 9, "pads": [0, 1, 2, 0, 0, 3], "value": 0.5}),
        ("Dropout", [X], {"opset": 10, "ratio": 0.3}),
        ("ReduceSum", [X], {"opset": 11, "axes": [1]}),
        ("BatchNormalization", [IMAGE, random(3), random(3), random(3), POSITIVE[0, :, 0]], {"opset": 9}),
    ],
)
def test_an_operator_computes_what_onnx_runtime_computes(
    operator: str, fed: list[np.ndarray], attributes: dict[str, Any]
) -> None:
    named = {f"x{i}": x for i, x in enumerate(fed)}
    check_against_onnx_runtime(drawn(operator, named, **attributes), named)


@pytest.mark.parametrize(
    ("operator", "fed", "constants", "attributes"),
    [
        # A constant number is written as one; the other constants are weights.
        *((name, X, {"c": single(2)}, {}) for name in ["Add", "Sub", "Mul", "Div", "Pow", "Max", "Greater"]),
        *((name, X, {"c": single(2)}, {"order": "c,x"}) for name in ["Sub", "Div", "Pow", "Less"]),
        ("Add", X, {"c": random(1, 1, 1, 1)}, {}),
        ("Mul", X, {"c": random(3, 1)}, {}),
        ("Pow", X, {"c": single(2, np.int64)}, {}),
        ("Pow", WHOLE, {"c": single(2)}, {}),
        ("Pow", WHOLE, {"c": single(0.5)}, {"order": "c,x"}),
        ("Div", WHOLE, {"c": single(2, np.int64)}, {}),
        ("Div", WHOLE, {"c": WHOLE[::-1].copy()}, {}),
        ("Mod", WHOLE, {"c": WHOLE[::-1].copy()}, {}),
        ("Equal", WHOLE, {"c": single(8, np.int64)}, {}),
        ("Clip", X, {"a": single(-0.5), "b": single(0.25)}, {}),
        ("Clip", X, {"b": single(0.25)}, {"order": "x,,b"}),
        ("PRelu", X, {"slope": random(1)}, {}),
        ("PRelu", X, {"slope": random(3, 1)}, {}),
        ("PRelu", IMAGE, {"slope": random(1, 3, 1, 1)}, {}),
        ("Dropout", X, {"r": single(0.5), "t": single(0, np.bool_)}, {}),
        ("MatMul", X, {"w": random(4, 5)}, {}),
        ("Gemm", X[0], {"w": random(5, 4), "b": random(5)}, {"transB": 1, "alpha": 0.5}),
        ("ReduceSum", X, {"axes": ints(0, 2)}, {}),
        ("ReduceSum", X, {}, {"noop_with_empty_axes": 1}),
        ("ReduceMean", X, {"axes": ints(1)}, {"opset": 18, "keepdims": 0}),
        ("Reshape", X, {"shape": ints(0, -1)}, {}),
        ("Reshape", X, {"shape": ints(4, 6)}, {}),
        ("Reshape", X[:0], {"shape": ints(0, 12)}, {"allowzero": 1}),
        ("Squeeze", X[:, :1], {"axes": ints(-2)}, {}),
        ("Unsqueeze", X, {"axes": ints(1, -1)}, {}),
        ("Expand", X, {"shape": ints(5, 1, 1, 4)}, {}),
        ("Tile", X, {"repeats": ints(1, 2, 3)}, {}),
        ("Split", X, {"sizes": ints(3, 1)}, {"axis": -1, "outputs": 2}),
        ("Slice", X, {"s": ints(1, 0), "e": ints(3, 2**62)}, {}),
        ("Slice", X, {"s": ints(-1), "e": ints(-(2**62)), "a": ints(2), "t": ints(-1)}, {}),
        ("Slice", X, {"s": ints(3, -100), "e": ints(0, 100), "a": ints(-1, 0), "t": ints(-2, 3)}, {}),
        ("Gather", X, {"i": ints(2, 0, -1)}, {"axis": 1}),
        ("Gather", X, {"i": single(-1, np.int64)}, {"axis": 2}),
        ("Gather", X, {"i": np.array([[0, 1], [2, 2]])}, {"axis": -2}),
        ("Gather", ints(3, 0, 1), {"table": random(5, 4)}, {"order": "table,x"}),
        ("Pad", IMAGE, {"p": ints(0, 0, 1, 2, 0, 1, 0, 3), "v": single(1.5)}, {}),
        ("Pad", IMAGE, {"p": ints(0, 0, -1, 2, 0, 0, 0, -3)}, {}),
        ("Pad", IMAGE, {"p": ints(0, 0, 1, 2, 0, 0, 0, 3)}, {"mode": "reflect"}),
        ("Pad", IMAGE, {"p": ints(0, 0, 1, 2, 0, 0, 0, 3)}, {"mode": "edge"}),
        ("Pad", IMAGE, {"p": ints(1, 2), "a": ints(-1)}, {"order": "x,p,,a", "opset": 18}),
        ("ConstantOfShape", X, {"s": ints(2, 3)}, {"order": "s"}),
        ("ConstantOfShape", X, {"s": ints(2)}, {"order": "s", "value": numpy_helper.from_array(ints(7))}),
        ("Range", X, {"a": single(1), "b": single(2), "c": single(0.25)}, {"order": "a,b,c"}),
        ("Where", X, {"c": np.array([True, False, True, True]), "y": single(3)}, {"order": "c,x,y"}),
    ],
)
def test_an_operator_on_constants_computes_what_onnx_runtime_computes(
    operator: str, fed: np.ndarray, constants: Arrays, attributes: dict[str, Any]
) -> None:
    check_against_onnx_runtime(drawn(operator, {"x": fed}, constants, **attributes), {"x": fed})


@pytest.mark.parametrize("sizes", [{"s": np.array([1, 1, 2, 3], np.float32)}, {"s": ints(2, 3, 18, 24)}])
@pytest.mark.parametrize(
    "how",
    [
        {"mode": "nearest"},
        {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"},
        {"mode": "nearest", "nearest_mode": "round_prefer_ceil"},
        {"mode": "linear"},
        {"mode": "linear", "coordinate_transformation_mode": "pytorch_half_pixel"},
        {"mode": "linear", "coordinate_transformation_mode": "align_corners"},
        {"mode": "cubic"},
    ],
)
def test_images_are_enlarged_as_onnx_runtime_does(sizes: Arrays, how: dict[str, Any]) -> None:
    order = "x,,s" if sizes["s"].dtype == np.float32 else "x,,,s"
    check_against_onnx_runtime(drawn("Resize", {"x": IMAGE}, sizes, order=order, **how), {"x": IMAGE})


@pytest.mark.parametrize(
    ("scale", "how"),
    [
        (0.5, {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}),
        (0.5, {"mode": "linear"}),
        (1.5, {"mode": "linear", "coordinate_transformation_mode": "align_corners"}),
    ],
)
def test_images_are_made_smaller_as_onnx_runtime_does(scale: float, how: dict[str, Any]) -> None:
    x = IMAGE[:, :, :8]
    scales = np.array([1, 1, scale, scale], np.float32)
    check_against_onnx_runtime(drawn("Resize", {"x": x}, {"s": scales}, order="x,,s", **how), {"x": x})


SIDE, WINDOW, STEP = st.integers(5, 9), st.integers(1, 4), st.integers(1, 3)
AUTOMATIC = st.sampled_from(["NOTSET", "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"])


@st.composite
def windows(draw: Callable[..., Any], dilated: bool) -> tuple[np.ndarray, dict[str, Any]]:
    rank = draw(st.integers(1, 2))
    kernel, strides, sides = (draw(st.lists(x, min_size=rank, max_size=rank)) for x in (WINDOW, STEP, SIDE))
    attributes: dict[str, Any] = {"kernel_shape": kernel, "strides": strides, "auto_pad": draw(AUTOMATIC)}
    if attributes["auto_pad"] == "NOTSET":
        attributes["pads"] = [draw(st.integers(0, k - 1)) for _ in range(2) for k in kernel]
        if dilated:
            attributes["dilations"] = [draw(st.integers(1, 2)) for _ in kernel]
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, attributes.get("dilations", [1, 1]), strict=False)]
    assume(all(span <= side for span, side in zip(spans, sides, strict=True)))
    # ONNX Runtime cannot pad for steps over gaps.
    assume(attributes["auto_pad"] == "NOTSET" or all(step <= span for step, span in zip(strides, spans, strict=True)))
    return random(2, 4, *sides), attributes


@given(windows(dilated=True), st.sampled_from([1, 2, 4]), st.booleans())
def test_convolutions_slide_as_those_of_onnx_runtime(
    drawn_windows: tuple[np.ndarray, dict[str, Any]], groups: int, with_bias: bool
) -> None:
    x, attributes = drawn_windows
    weights = {"w": random(8, 4 // groups, *attributes["kernel_shape"]), **({"b": random(8)} if with_bias else {})}
    check_against_onnx_runtime(drawn("Conv", {"x": x}, weights, group=groups, **attributes), {"x": x})


@given(windows(dilated=True), st.integers(0, 1))
def test_largest_values_are_taken_as_onnx_runtime_does(
    drawn_windows: tuple[np.ndarray, dict[str, Any]], ceil: int
) -> None:
    x, attributes = drawn_windows
    ceil = ceil if attributes["auto_pad"] == "NOTSET" else 0
    check_against_onnx_runtime(drawn("MaxPool", {"x": x}, ceil_mode=ceil, **attributes), {"x": x})


@given(windows(dilated=False), st.integers(0, 1), st.integers(0, 1))
def test_means_are_taken_as_onnx_runtime_does(
    drawn_windows: tuple[np.ndarray, dict[str, Any]], ceil: int, include: int
) -> None:
    x, attributes = drawn_windows
    ceil = ceil if attributes["auto_pad"] == "NOTSET" else 0
    model = drawn("AveragePool", {"x": x}, opset=19, ceil_mode=ceil, count_include_pad=include, **attributes)
    check_against_onnx_runtime(model, {"x": x})


@pytest.mark.parametrize(
    "attributes",
    [{}, {"strides": [2, 3]}, {"pads": [1, 0, 1, 0]}, {"strides": [2, 2], "output_padding": [1, 0]}, {"group": 2}],
)
def test_transposed_convolutions_are_those_of_onnx_runtime(attributes: dict[str, Any]) -> None:
    x, weights = random(2, 4, 5, 6), {"w": random(4, 3, 3, 2), "b": random(3 * attributes.get("group", 1))}
    check_against_onnx_runtime(drawn("ConvTranspose", {"x": x}, weights, **attributes), {"x": x})


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (drawn("Einsum", {"x": X}, equation="abc->abc"), "operator Einsum: not implemented"),
        (drawn("Relu", {"x": X}, domain="com.example"), "operator Relu: not implemented of domain com.example"),
        (drawn("QuantizeLinear", {"x": X}, {"s": single(1)}), "operator QuantizeLinear: not implemented"),
        (drawn("Add", {"x": X, "y": X}, opset=6), "operator Add: not implemented as opset 6 defines it"),
        (drawn("MaxPool", {"x": IMAGE}, kernel_shape=[2, 2], outputs=2), "MaxPool: only its first 1 output"),
        (drawn("MaxPool", {"x": IMAGE}, kernel_shape=[2, 2], auto_pad="SOME"), "auto_pad SOME is not implemented"),
        (drawn("Relu", {"x": X}, strange=1), "operator Relu: not implemented with these inputs and attributes"),
        (drawn("AveragePool", {"x": IMAGE}, kernel_shape=[2, 2], dilations=[2, 2], opset=19), "dilations"),
        (drawn("ConvTranspose", {"x": IMAGE, "w": random(3, 2, 2, 2)}, pads=[0, 0, 1, 1]), "padding behind"),
        (drawn("Conv", {"x": random(1, 1, 2, 2, 2, 2), "w": random(1, 1, 1, 1, 1, 1)}), "spatial dimensions 4"),
        (drawn("Reshape", {"x": X, "s": ints(24)}), "operator Reshape: shape that depends on the network's input"),
        (drawn("Div", {"x": WHOLE, "y": WHOLE}), "operator Div: integer divisor that depends on the network's input"),
        (drawn("Softmax", {"x": X}, opset=11), "Softmax: over several dimensions, as in opset 11"),
        (drawn("BatchNormalization", dict.fromkeys("abcde", X), training_mode=1), "training_mode 1"),
        (drawn("LayerNormalization", {"x": X, "s": random(1)}), r"scale of shape \(1,\) is not implemented"),
        (drawn("LRN", {"x": IMAGE}, size=2), "even size"),
        (drawn("PRelu", {"x": IMAGE, "s": random(8)}), r"slope of shape \(8,\)"),
        (drawn("Cast", {"x": X}, to=TensorProto.FLOAT8E5M2), "type FLOAT8E5M2"),
        (drawn("Cast", {"x": X}, to=TensorProto.STRING), "type STRING"),
        (drawn("Pad", {"x": IMAGE}, {"p": ints(*[0] * 8)}, mode="wrap", opset=19), "mode wrap"),
        (drawn("Pad", {"x": IMAGE}, {"p": ints(1, *[0] * 7)}, mode="edge"), "padding of images or channels"),
        (drawn("Resize", {"x": IMAGE}, {"s": np.array([1, 1, 2, 2], np.float32)}, order="x,,s", antialias=1, opset=18),
         "antialias 1"),
        (drawn("Resize", {"x": IMAGE}, {"s": np.array([1, 1, 0.3, 1], np.float32)}, order="x,,s"), "scales that make"),
        (drawn("Resize", {"x": IMAGE}, {"s": ints(2, 3, 4, 4)}, order="x,,,s", mode="linear",
               coordinate_transformation_mode="asymmetric"), "coordinate_transformation_mode asymmetric"),
        (drawn("Resize", {"x": IMAGE}, {"s": ints(2, 3, 4, 4)}, order="x,,,s", nearest_mode="ceil"), "nearest with"),
        (drawn("Resize", {"x": X}, {"s": ints(2, 3, 8)}, order="x,,,s", mode="cubic"), "mode cubic"),
        (drawn("Dropout", {"x": X}, {"r": single(0.5), "t": single(1, np.bool_)}), "training_mode True"),
    ],
)  # fmt: skip
def test_what_is_not_implemented_is_unsupported_and_named(model: onnx.ModelProto, words: str) -> None:
    with pytest.raises(UnsupportedConfigurationError, match=words):
        translate(model, [[d.dim_value for d in x.type.tensor_type.shape.dim] for x in model.graph.input])


def named(name: str) -> onnx.ModelProto:
    """Two inputs and a weight of such names."""
    graph = helper.make_graph(
        [
            helper.make_node("Add", [f"{name}0", f"{name}w"], [f"{name}s"], f"{name}a"),
            helper.make_node("Mul", [f"{name}s", f"{name}1"], [f"{name}y"], f"{name}m"),
        ],
        name,
        [helper.make_tensor_value_info(f"{name}{i}", TensorProto.FLOAT, [2, 3]) for i in range(2)],
        [helper.make_tensor_value_info(f"{name}y", TensorProto.FLOAT, [2, 3])],
        [numpy_helper.from_array(random(2, 3), f"{name}w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


@pytest.mark.parametrize(
    "name", ["self", "x); import os; os.abort(", "'''", "class", "a b", "größe", "\n\timport os\n#"]
)
def test_no_name_of_the_file_gets_into_the_code(name: str) -> None:
    fed = {f"{name}{i}": random(2, 3, seed=i) for i in range(2)}
    check_against_onnx_runtime(named(name), fed)
    assert translate(named(name), [(2, 3)] * 2).code == translate(named("other"), [(2, 3)] * 2).code


def test_an_attribute_of_the_file_is_not_taken_for_what_is_called() -> None:
    for name in ("function", "_function", "g", "self"):
        with pytest.raises(UnsupportedConfigurationError, match="not implemented with these inputs and attributes"):
            translate(drawn("Relu", {"x": X}, **{name: "os.abort"}), [X.shape])


def test_the_module_is_an_ordinary_one() -> None:
    fed = {"x": IMAGE}
    weights = {"w": random(4, 3, 3, 3), "b": random(4)}
    module = translate(drawn("Conv", fed, weights), [IMAGE.shape])
    assert isinstance(module, torch.nn.Module)
    assert [(tuple(p.shape), p.requires_grad) for p in module.parameters()] == [((4, 3, 3, 3), False), ((4,), False)]
    assert not module.training
    (whole,) = module(torch.from_numpy(IMAGE))
    (half,) = module.half()(torch.from_numpy(IMAGE).half())
    assert half.dtype == torch.float16
    torch.testing.assert_close(half.float(), whole, rtol=0.02, atol=0.02)


def test_weights_in_a_file_of_their_own_are_read(tmp_path: Path) -> None:
    x = {"x": random(3, 40)}
    model = drawn("MatMul", x, {"w": random(40, 50)})
    expected = expected_of(model, x)
    onnx.save(model, tmp_path / "x.onnx", save_as_external_data=True, location="weights", size_threshold=0)
    assert (tmp_path / "weights").stat().st_size >= 8000
    session = ENGINE.open({"fp32": str(tmp_path / "x.onnx")}, {}, {}, 1)
    assert session._infer()[0].shape == expected[0].shape


def test_weights_of_sixteen_bits_are_read() -> None:
    for element, dtype in ((TensorProto.BFLOAT16, torch.bfloat16), (TensorProto.FLOAT16, torch.float16)):
        model = drawn("Identity", {}, {}, order="w")
        model.graph.initializer.append(helper.make_tensor("w", element, [2], [0.5, -3.0]))
        (result,) = translate(model, [])()
        assert (result.dtype, result.tolist()) == (dtype, [0.5, -3.0])


def test_sparse_weights_are_unsupported() -> None:
    model = drawn("Relu", {"x": X})
    values = helper.make_tensor("w", TensorProto.FLOAT, [1], [1.0])
    places = helper.make_tensor("i", TensorProto.INT64, [1], [0])
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, places, [9]))
    with pytest.raises(UnsupportedConfigurationError, match="sparse weights"):
        translate(model, [X.shape])


def test_an_operator_that_newer_opsets_define_anew_is_unsupported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perftransfer.measuring.engines._onnx_to_torch._NEWEST_OPSET", 13)
    translate(drawn("Tanh", {"x": X}, opset=17), [X.shape])
    with pytest.raises(UnsupportedConfigurationError, match=r"Relu: not implemented as opset 17 defines it"):
        translate(drawn("Relu", {"x": X}, opset=17), [X.shape])


# The engine.


def test_it_keeps_the_promises_of_the_interface(tiny: str) -> None:
    engine = engines.load("pytorch")
    assert isinstance(engine, interface.Engine)
    assert engine.name == "pytorch" in engines.names()
    assert engine.versions()["torch"] == str(torch.__version__)
    session = engine.open({"fp32": tiny}, WORKLOAD, {}, 1)
    assert isinstance(session, interface.Session)
    assert session.counters == ("rapl", "hwmon")
    assert not hasattr(session, "clock")
    session.run()
    session.close()


def test_inputs_are_those_of_the_other_engines(tiny: str) -> None:
    session = ENGINE.open({"fp32": tiny}, WORKLOAD, {}, 7)
    x = np.random.default_rng(7).standard_normal((2, 3, 16, 16)).astype(np.float32)
    (expected,) = onnxruntime.InferenceSession(tiny).run(None, {"image": x})
    np.testing.assert_allclose(session._infer()[0].numpy(), expected, rtol=1e-4, atol=1e-4)


def test_a_network_of_texts_takes_the_sizes_of_its_own_dimensions(tmp_path: Path) -> None:
    networks.write("bertmini", "fp32", tmp_path / "bert.onnx", seed=0)
    session = ENGINE.open({"fp32": str(tmp_path / "bert.onnx")}, {"batch": 2, "sequence": 9}, {}, 1)
    assert session._infer()[0].shape == (2, 9, 256)


def test_inferences_want_no_gradients(tiny: str) -> None:
    assert ENGINE.open({"fp32": tiny}, WORKLOAD, {}, 1)._infer()[0].is_inference()


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_arrive(tiny: str, threads: int) -> None:
    ENGINE.open({"fp32": tiny}, WORKLOAD, {"threads": threads}, 1)
    assert torch.get_num_threads() == threads


def test_there_is_one_thread_if_nobody_asks(tiny: str) -> None:
    torch.set_num_threads(2)
    ENGINE.open({"fp32": tiny}, WORKLOAD, {"threads": None}, 1)
    assert torch.get_num_threads() == 1


def test_threads_between_operators_arrive(tiny: str) -> None:
    code = f"""
import torch
from perftransfer.measuring.engines.pytorch import ENGINE
ENGINE.open({{"fp32": {tiny!r}}}, {WORKLOAD}, {{"interop_threads": 3}}, 1)
print(torch.get_num_interop_threads())
"""
    environment = {**os.environ, "PYTHONPATH": package_path()}
    assert subprocess.check_output([sys.executable, "-c", code], text=True, env=environment).strip() == "3"


@pytest.mark.parametrize(
    ("level", "dtype"), [(None, "float32"), ("none", "float32"), ("bf16", "bfloat16"), ("fp16", "float16")]
)
def test_types_are_cast_as_asked_for(tiny: str, level: str | None, dtype: str) -> None:
    session = ENGINE.open({"fp32": tiny}, WORKLOAD, {"autocast": level}, 1)
    assert session._infer()[0].dtype == getattr(torch, dtype)


@pytest.mark.parametrize("last", [True, False])
def test_channels_are_last_if_asked_for(tiny: str, last: bool) -> None:
    session = ENGINE.open({"fp32": tiny}, WORKLOAD, {"channels_last": last}, 1)
    assert session._infer()[0].is_contiguous(memory_format=torch.channels_last) == last
    module, (image,) = (
        inspect.getclosurevars(session._infer).nonlocals["run"],
        inspect.getclosurevars(session._infer).nonlocals["inputs"],
    )
    for tensor in (image, *module.parameters()):
        assert tensor.is_contiguous(memory_format=torch.channels_last) == last


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="this PyTorch was built without oneDNN")
def test_onednn_computes_unless_it_is_told_not_to(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = network(tmp_path, ["batch", 3, 64, 64])
    for level, used in ((None, True), (True, True), (False, False)):
        torch.backends.mkldnn.enabled = True
        session = ENGINE.open({"fp32": path}, WORKLOAD, {"onednn": level}, 1)
        with torch.backends.mkldnn.verbose(torch.backends.mkldnn.VERBOSE_ON):
            session.run()
        assert ("exec,cpu,convolution" in capfd.readouterr().out) == used


def test_numbers_next_to_zero_are_zero_if_asked_for(tiny: str) -> None:
    if not torch.set_flush_denormal(True):
        pytest.skip("this processor cannot")
    torch.set_flush_denormal(False)
    smallest = torch.tensor([1e-40])
    for level, kept in ((None, True), (False, True), (True, False)):
        ENGINE.open({"fp32": tiny}, WORKLOAD, {"flush_denormal": level}, 1)
        assert bool(smallest * 1.0 != 0) == kept


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"device": "tpu"}, "device: no level 'tpu'; allowed: cpu, cuda"),
        ({"threads": 0}, "threads is 0: give a number from 1"),
        ({"interop_threads": 0}, "interop_threads is 0: give a number from 1"),
        ({"execution": "script"}, "execution: no level 'script'; allowed: eager, compile"),
        ({"compile_mode": "default"}, "option compile_mode is one of execution compile, not of eager"),
        ({"execution": "compile", "compile_mode": "fast"}, "compile_mode: no level 'fast'; allowed: default"),
        ({"execution": "compile", "compile_mode": "reduce-overhead"}, "the CPU has no CUDA graphs"),
        ({"execution": "compile", "compile_mode": "max-autotune"}, "the CPU has no CUDA graphs"),
        ({"autocast": "fp8"}, "autocast: no level 'fp8'; allowed: none, bf16, fp16"),
        ({"channels_last": "yes"}, "channels_last: no level 'yes'"),
        ({"tf32": True}, "option tf32 is one of device cuda, not of cpu"),
        ({"cudnn_benchmark": True}, "option cudnn_benchmark is one of device cuda, not of cpu"),
        ({"cuda_graphs": True}, "option cuda_graphs is one of device cuda, not of cpu"),
        ({"device": "cuda", "threads": 2}, "option threads is one of device cpu, not of cuda"),
        ({"device": "cuda", "onednn": False}, "option onednn is one of device cpu, not of cuda"),
        ({"device": "cuda", "flush_denormal": True}, "option flush_denormal is one of device cpu"),
        (
            {"device": "cuda", "execution": "compile", "compile_mode": "max-autotune", "cuda_graphs": True},
            "cuda_graphs: compile_mode max-autotune makes CUDA graphs of its own",
        ),
        ({"precision": "int8"}, "no network file in precision int8; there are fp32"),
    ],
)
def test_what_cannot_be_done_is_unsupported_with_words(tiny: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(UnsupportedConfigurationError, match=words):
        ENGINE.open({"fp32": tiny}, WORKLOAD, options, 1)


def test_what_this_machine_or_build_lacks_is_unsupported(tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "set_flush_denormal", lambda _: False)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    monkeypatch.setattr(torch, "is_autocast_enabled", lambda _: False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for options, words in [
        ({"flush_denormal": True}, "flush_denormal: this processor cannot"),
        ({"onednn": True}, "onednn: the installed PyTorch was built without"),
        ({"autocast": "bf16"}, "autocast bf16: PyTorch .* has none on this device"),
        ({"device": "cuda"}, "device cuda: PyTorch .* finds no GPU here"),
    ]:
        with pytest.raises(UnsupportedConfigurationError, match=words):
            ENGINE.open({"fp32": tiny}, WORKLOAD, options, 1)
    # What it cannot do, it need not refuse if nobody asks.
    ENGINE.open({"fp32": tiny}, WORKLOAD, {"flush_denormal": False}, 1)


def test_types_without_kernels_are_unsupported(tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise NotImplementedError("'conv' not implemented for 'Half'")

    with pytest.raises(UnsupportedConfigurationError, match=r"operator LayerNormalization: PyTorch lacks it: .*Long"):
        translate(drawn("LayerNormalization", {"x": WHOLE, "s": ints(1, 2, 3)}), [(2, 3), (3,)])
    monkeypatch.setattr(pytorch, "_inference", lambda *_: refuse)
    with pytest.raises(UnsupportedConfigurationError, match="PyTorch: NotImplementedError: 'conv' not implemented for"):
        ENGINE.open({"fp32": tiny}, WORKLOAD, {}, 1)


def test_a_free_dimension_that_the_workload_does_not_fill_is_unsupported(tmp_path: Path) -> None:
    for free in ("height", None):
        path = network(tmp_path, ["batch", 3, free, "image_px"])
        with pytest.raises(UnsupportedConfigurationError, match=rf"free dimension {free!r}.* gives batch, image_px"):
            ENGINE.open({"fp32": path}, WORKLOAD, {}, 1)


def test_an_input_without_a_shape_is_unsupported(tmp_path: Path) -> None:
    model = drawn("Relu", {"x": X})
    model.graph.input[0].type.tensor_type.ClearField("shape")
    onnx.save(model, tmp_path / "x.onnx")
    with pytest.raises(UnsupportedConfigurationError, match="'x': the network's file does not tell how many"):
        ENGINE.open({"fp32": str(tmp_path / "x.onnx")}, WORKLOAD, {}, 1)


@pytest.mark.parametrize(
    "element", [TensorProto.INT64, TensorProto.INT32, TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.BOOL]
)
def test_inputs_of_other_types_are_fed(tmp_path: Path, element: int) -> None:
    ENGINE.open({"fp32": network(tmp_path, ["batch", 3, 8, 8], element)}, WORKLOAD, {}, 1).run()


def test_an_input_that_nobody_can_make_up_is_unsupported(tmp_path: Path) -> None:
    path = network(tmp_path, ["batch", 3, 8, 8], TensorProto.UINT8)
    with pytest.raises(UnsupportedConfigurationError, match="'image' is UINT8"):
        ENGINE.open({"fp32": path}, WORKLOAD, {}, 1)


@pytest.mark.parametrize("name", ["pytorch", "pytorch-cuda"])
def test_the_spaces_ask_for_options_of_the_engine(name: str) -> None:
    assert {option.name for option in OptionSpace.read(SPACES / f"{name}.yaml").options} <= ENGINE.options


def test_levels_of_the_space_hold_on_any_machine(tiny: str) -> None:
    for configuration in OptionSpace.read(SPACES / "pytorch.yaml").sample(60, 1).values():
        if configuration["execution"] == "eager" and configuration["flush_denormal"] is False:
            ENGINE.open({"fp32": tiny}, WORKLOAD, json.loads(json.dumps(configuration)), 1).run()


# Compilation.


def test_what_is_compiled_computes_the_same_and_leaves_no_process_behind(tiny: str, kernels: None) -> None:
    plain = ENGINE.open({"fp32": tiny}, WORKLOAD, {}, 1)._infer()
    processes = psutil.Process().children(recursive=True)
    session = ENGINE.open({"fp32": tiny}, WORKLOAD, {"execution": "compile"}, 1)
    torch.testing.assert_close(session._infer(), plain)
    compiled = torch._dynamo.utils.counters["stats"]["unique_graphs"]
    session.run()
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == compiled
    assert psutil.Process().children(recursive=True) == processes


def test_what_was_compiled_for_one_configuration_is_for_no_other(tiny: str, kernels: None) -> None:
    def found(**options: Any) -> int:
        counts = torch._dynamo.utils.counters["inductor"]
        before = counts["fxgraph_cache_hit"]
        ENGINE.open({"fp32": tiny}, WORKLOAD, {"execution": "compile", **options}, 1)
        return counts["fxgraph_cache_hit"] - before

    found()
    assert found() == 1
    assert found(onednn=False) == 0


def test_a_pytorch_that_cannot_tell_them_apart_keeps_nothing(tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch._inductor.config as settings

    kept = []
    monkeypatch.setattr(torch.compiler, "config", SimpleNamespace())
    monkeypatch.setattr(torch, "compile", lambda x, **_: kept.append(settings.fx_graph_cache) or x)
    with settings.patch(fx_graph_cache=True):
        ENGINE.open({"fp32": tiny}, WORKLOAD, {"execution": "compile"}, 1)
    assert kept == [False]


def test_modes_arrive_at_the_compiler(tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(torch, "compile", lambda x, **how: asked.append(how) or x)
    for mode in (None, "default", "max-autotune-no-cudagraphs"):
        ENGINE.open({"fp32": tiny}, WORKLOAD, {"execution": "compile", "compile_mode": mode}, 1)
    modes = ["default", "default", "max-autotune-no-cudagraphs"]
    assert asked == [{"mode": mode, "dynamic": False, "fullgraph": True} for mode in modes]


def test_compiled_attention_is_the_networks_own(tmp_path: Path, kernels: None) -> None:
    """Written as networks are exported: keys are permuted once, into the transpose that scores are computed with."""
    graph = Graph("attention", 0)
    tokens, mask = graph.tokens("input_ids"), graph.tokens("attention_mask")
    words = graph.embedding(tokens, 10, 16)
    queries, keys, values = (graph.linear(words, 16) for _ in range(3))
    attended = graph.attention(queries, keys, values, graph.mask_penalty(mask), heads=2)
    graph.output(attended, "y", ["batch", "sequence", 16])
    onnx.save(graph.model(), tmp_path / "x.onnx")
    files, workload = {"fp32": str(tmp_path / "x.onnx")}, {"batch": 2, "sequence": 5}
    plain = ENGINE.open(files, workload, {}, 1)._infer()
    fused = torch._dynamo.utils.counters["inductor"]["fuse_attention"]
    torch.testing.assert_close(ENGINE.open(files, workload, {"execution": "compile"}, 1)._infer(), plain)
    assert torch._dynamo.utils.counters["inductor"]["fuse_attention"] > fused


def test_compilation_without_a_compiler_is_unsupported(tiny: str, kernels: None) -> None:
    import torch._inductor.config as settings

    with (
        settings.patch({"cpp.cxx": (None, "no-such-compiler")}),
        pytest.raises(UnsupportedConfigurationError, match=r"execution compile: .*InvalidCxxCompiler"),
    ):
        ENGINE.open({"fp32": tiny}, WORKLOAD, {"execution": "compile"}, 1)


def test_a_pytorch_that_refuses_to_compile_is_unsupported(tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise RuntimeError("torch.compile is not supported on Python 3.99+")

    monkeypatch.setattr(torch, "compile", refuse)
    with pytest.raises(UnsupportedConfigurationError, match=r"execution compile: RuntimeError: torch\.compile is"):
        ENGINE.open({"fp32": tiny}, WORKLOAD, {"execution": "compile"}, 1)


# CUDA, acted by the CPU.


@dataclass
class Gpu:
    """Writes down what a GPU is asked for; its time goes on by 2 ms from each event to the next."""

    log: list[str] = field(default_factory=list)
    capability: tuple[int, int] = (9, 0)
    milliseconds: float = 0.0
    refused: str = ""

    def install(self, patch: pytest.MonkeyPatch) -> None:
        gpu = self

        class Event:
            def __init__(self, enable_timing: bool = False) -> None:
                assert enable_timing

            def record(self) -> None:
                gpu.milliseconds += 2.0
                self.at = gpu.milliseconds
                gpu.log.append("record")

            def synchronize(self) -> None:
                gpu.log.append("synchronize")

            def elapsed_time(self, end_event: Event) -> float:
                assert gpu.log[-1] == "synchronize"
                return end_event.at - self.at

        class Stream:
            def wait_stream(self, stream: Stream) -> None:
                gpu.log.append("wait")

        class CUDAGraph:
            def replay(self) -> None:
                gpu.log.append("replay")

        @contextlib.contextmanager
        def stream(stream: Stream) -> Iterator[None]:
            gpu.log.append("side")
            yield

        @contextlib.contextmanager
        def graph(cuda_graph: CUDAGraph) -> Iterator[None]:
            gpu.log.append("capture")
            yield
            if gpu.refused:
                raise RuntimeError(gpu.refused)
            gpu.log.append("captured")

        patch.setitem(pytorch._DEVICES, "cuda", "cpu")
        for acted in (Event, Stream, CUDAGraph, stream, graph):
            real = getattr(torch.cuda, acted.__name__)
            for name in vars(acted) if inspect.isclass(acted) else ():
                assert name.startswith("__") or hasattr(real, name)
            patch.setattr(torch.cuda, acted.__name__, acted)
        assert "cuda_graph" in inspect.signature(graph).parameters
        patch.setattr(torch.cuda, "current_stream", Stream)
        patch.setattr(torch.cuda, "is_available", lambda: True)
        patch.setattr(torch.cuda, "init", lambda: None)
        patch.setattr(torch.cuda, "get_device_capability", lambda: self.capability)
        patch.setattr(torch.backends.cudnn, "is_available", lambda: True)
        infer = pytorch._inference

        def watched(*arguments: Any) -> Callable[[], Any]:
            inference = infer(*arguments)
            return lambda: gpu.log.append("infer") or inference()

        patch.setattr(pytorch, "_inference", watched)


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Gpu:
    acted = Gpu()
    acted.install(monkeypatch)
    return acted


def test_on_cuda_inferences_are_timed_by_the_gpu(tiny: str, gpu: Gpu) -> None:
    session = ENGINE.open({"fp32": tiny}, WORKLOAD, {"device": "cuda"}, 1)
    assert isinstance(session, interface.Session)
    assert session.counters == ("nvml",)
    assert session.clock() == 0
    gpu.log.clear()
    session.run()
    assert gpu.log == ["record", "infer", "record", "synchronize"]
    assert session.clock() == pytest.approx(0.002)
    session.run()
    assert session.clock() == pytest.approx(0.004)
    session.close()


def test_a_cuda_graph_is_captured_once_and_replayed(tiny: str, gpu: Gpu) -> None:
    session = ENGINE.open({"fp32": tiny}, WORKLOAD, {"device": "cuda", "cuda_graphs": True}, 1)
    assert gpu.log == [*["infer"] * 3, "wait", "side", *["infer"] * 3, "wait", "capture", "infer", "captured"]
    gpu.log.clear()
    session.run()
    session.run()
    assert gpu.log == ["record", "replay", "record", "synchronize"] * 2
    assert session._infer()[0].shape == (2, 3, 16, 16)


def test_a_compiled_module_can_be_captured(tiny: str, gpu: Gpu, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "compile", lambda x, **_: x)
    options = {"device": "cuda", "execution": "compile", "compile_mode": "default", "cuda_graphs": True}
    ENGINE.open({"fp32": tiny}, WORKLOAD, options, 1)
    assert gpu.log[-1] == "captured"


def test_what_cannot_be_captured_is_unsupported(tiny: str, gpu: Gpu) -> None:
    gpu.refused = "operation not permitted when stream is capturing"
    with pytest.raises(UnsupportedConfigurationError, match="cuda_graphs: RuntimeError: operation not permitted"):
        ENGINE.open({"fp32": tiny}, WORKLOAD, {"device": "cuda", "cuda_graphs": True}, 1)


def test_a_compiler_that_tacitly_goes_without_cuda_graphs_is_unsupported(
    tiny: str, gpu: Gpu, kernels: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it really does here, where the GPU is a CPU."""
    # It asks, too, and would look for more of a GPU than there is.
    answers = iter([True])
    monkeypatch.setattr(torch.cuda, "is_available", lambda: next(answers, False))
    options = {"device": "cuda", "execution": "compile", "compile_mode": "reduce-overhead"}
    with pytest.raises(UnsupportedConfigurationError, match="reduce-overhead: PyTorch went without CUDA graphs"):
        ENGINE.open({"fp32": tiny}, WORKLOAD, options, 1)


def test_gpu_memory_that_does_not_suffice_is_no_matter_of_the_configuration(
    tiny: str, gpu: Gpu, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    for options in ({"cuda_graphs": True}, {"execution": "compile"}):
        with monkeypatch.context() as patch:
            patch.setattr(torch, "compile", lambda *_, **__: refuse)
            patch.setattr(torch.cuda, "graph", refuse)
            with pytest.raises(torch.cuda.OutOfMemoryError):
                ENGINE.open({"fp32": tiny}, WORKLOAD, {"device": "cuda", **options}, 1)


@pytest.mark.parametrize("level", [None, False, True])
def test_options_of_cuda_arrive(tiny: str, gpu: Gpu, level: bool | None) -> None:
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    ENGINE.open({"fp32": tiny}, WORKLOAD, {"device": "cuda", "tf32": level, "cudnn_benchmark": level}, 1)
    given = (matmul.allow_tf32, cudnn.allow_tf32, cudnn.benchmark)
    assert given == ((False, True, False) if level is None else (level,) * 3)


def test_what_this_gpu_or_build_lacks_is_unsupported(tiny: str, gpu: Gpu, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise RuntimeError("The NVIDIA driver on your system is too old")

    def open_on_cuda(**options: Any) -> None:
        ENGINE.open({"fp32": tiny}, WORKLOAD, {"device": "cuda", **options}, 1)

    gpu.capability = (7, 5)
    open_on_cuda(tf32=False)
    with pytest.raises(UnsupportedConfigurationError, match="tf32: this GPU has no TF32"):
        open_on_cuda(tf32=True)
    monkeypatch.setattr(torch.backends.cudnn, "is_available", lambda: False)
    with pytest.raises(UnsupportedConfigurationError, match="cudnn_benchmark: the installed PyTorch was built without"):
        open_on_cuda(cudnn_benchmark=True)
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: refuse())
    with pytest.raises(UnsupportedConfigurationError, match="autocast bf16: RuntimeError: The NVIDIA driver"):
        open_on_cuda(autocast="bf16")
    monkeypatch.setattr(torch.cuda, "init", refuse)
    with pytest.raises(UnsupportedConfigurationError, match="device cuda: RuntimeError: The NVIDIA driver"):
        open_on_cuda()


def test_levels_of_the_space_of_cuda_hold(tiny: str, gpu: Gpu, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "compile", lambda x, **_: x)
    monkeypatch.setattr(torch._dynamo.utils, "counters", {"inductor": {"cudagraph_skips": 0}})
    space = OptionSpace.read(SPACES / "pytorch-cuda.yaml")
    for configuration in space.sample(60, 1).values():
        ENGINE.open({"fp32": tiny}, WORKLOAD, json.loads(json.dumps(configuration)), 1).run()


def test_versions_tell_what_the_build_is_for_without_starting_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(
        torch.__config__, "show", lambda: "PyTorch built with:\n  - CUDA Runtime 13.0\n  - CuDNN 91.2.1\n"
    )
    monkeypatch.setattr(torch.cuda, "init", lambda: pytest.fail("CUDA was started"))
    assert ENGINE.versions() == {"torch": str(torch.__version__), "cuda": "13.0", "cudnn": "91.2.1"}


# Measured by the server.


@pytest.fixture
def server() -> Iterator[MeasuringServer]:
    with MeasuringServer("pytorch", usable_cpus()) as measuring:
        yield measuring


def request(path: str, **options: Any) -> dict[str, Any]:
    protocol = Protocol(
        warmup_runs=2,
        warmup_seconds=0.0,
        runs=5,
        seconds=0.0,
        timeout_seconds=280.0,
        most_seconds=0.0,
        warmup_most_seconds=0.0,
    )
    return {"files": {"fp32": path}, "workload": WORKLOAD, "options": options, "protocol": asdict(protocol), "seed": 1}


def test_a_real_measurement_gives_positive_latencies(server: MeasuringServer, tiny: str, kernels: None) -> None:
    for options in ({}, {"threads": min(CORES, 2), "interop_threads": 2}, {"execution": "compile"}):
        outcome = server.measure(request(tiny, **options))
        assert (outcome["status"], outcome["error"], outcome["warmup_n"]) == ("ok", None, 2)
        assert len(outcome["latency_ms"]) >= 5
        assert min(outcome["latency_ms"]) > 0


def test_what_fails_in_the_server_is_a_status(server: MeasuringServer, tmp_path: Path, tiny: str) -> None:
    garbage = tmp_path / "garbage.onnx"
    garbage.write_bytes(b"no network")
    assert server.measure(request(str(garbage)))["status"] == "failed"
    assert server.measure(request(str(tmp_path / "nowhere.onnx")))["status"] == "failed"
    outcome = server.measure(request(tiny, execution="eager", compile_mode="default"))
    assert (outcome["status"], outcome["error"].split(" is")[0]) == ("unsupported", "option compile_mode")


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_the_server_has_one_thread_when_it_forks(server: MeasuringServer, tiny: str) -> None:
    def threads() -> str:
        (process,) = psutil.Process().children()
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        return next(line.split()[1] for line in lines if line.startswith("Threads:"))

    for _ in range(3):
        assert threads() == "1"
        assert server.measure(request(tiny, threads=min(CORES, 2)))["status"] == "ok"
    assert threads() == "1"


def test_neither_the_import_nor_an_eager_measurement_loads_the_compiler(tiny: str) -> None:
    code = f"""
import sys, torch
from perftransfer.measuring.engines.pytorch import ENGINE
ENGINE.versions()
assert not torch.cuda.is_initialized()
ENGINE.open({{"fp32": {tiny!r}}}, {WORKLOAD}, {{"channels_last": True, "autocast": "bf16"}}, 1).run()
print("torch._dynamo" in sys.modules)
"""
    environment = {**os.environ, "PYTHONPATH": package_path()}
    assert subprocess.check_output([sys.executable, "-c", code], text=True, env=environment).strip() == "False"
