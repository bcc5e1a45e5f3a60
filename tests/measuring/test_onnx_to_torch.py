"""Checks the translation of ONNX files to PyTorch: that networks mean what they mean to ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from perftransfer.measuring import networks
from perftransfer.measuring.engines.interface import UnsupportedConfigurationError

torch = pytest.importorskip("torch", reason="torch is not installed (pip install torch)")

from perftransfer.measuring.engines._onnx_to_torch import inputs, translate  # noqa: E402
from perftransfer.measuring.engines.pytorch import PyTorch  # noqa: E402

pytestmark = pytest.mark.engines
Arrays = dict[str, np.ndarray]


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


@pytest.mark.parametrize("name", [name for name in networks.names() if networks.suffix(name) == "onnx"])
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
    session = PyTorch().open({"fp32": str(tmp_path / "x.onnx")}, {}, {}, 1)
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
    indices = helper.make_tensor("i", TensorProto.INT64, [1], [0])
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [9]))
    with pytest.raises(UnsupportedConfigurationError, match="sparse weights"):
        translate(model, [X.shape])


def test_an_operator_that_newer_opsets_define_anew_is_unsupported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perftransfer.measuring.engines._onnx_to_torch._NEWEST_OPSET", 13)
    translate(drawn("Tanh", {"x": X}, opset=17), [X.shape])
    with pytest.raises(UnsupportedConfigurationError, match=r"Relu: not implemented as opset 17 defines it"):
        translate(drawn("Relu", {"x": X}, opset=17), [X.shape])


def test_types_without_kernels_are_unsupported() -> None:
    with pytest.raises(UnsupportedConfigurationError, match=r"operator LayerNormalization: PyTorch lacks it: .*Long"):
        translate(drawn("LayerNormalization", {"x": WHOLE, "s": ints(1, 2, 3)}), [(2, 3), (3,)])
