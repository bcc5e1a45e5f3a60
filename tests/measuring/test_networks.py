"""Checks that the networks are those of the papers, and that their random weights disturb no timing."""

from __future__ import annotations

import logging
import math
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import scipy.stats
import tiny_network
from built_once import built_once
from onnx import TensorProto, helper, numpy_helper
from onnx.external_data_helper import convert_model_to_external_data

from perftransfer.errors import UserError
from perftransfer.measuring import networks
from perftransfer.measuring.feed import DeclaredInput

NAMES = ["bertmini", "inceptionv3", "mobilenetv2", "resnet18", "squeezenet", "xception"]
LANGUAGE_MODELS = ["llama12m", "llama4m"]
PRECISIONS = ("fp32", "int8")
IMAGE_NETWORKS = NAMES[1:]
SEED = 3
SMALLEST_NORMAL = np.finfo(np.float32).tiny

# Trainable parameters, so without the running mean and variance of batch normalisation.
PARAMETERS = {
    # transformers, BertModel of google/bert_uncased_L-4_H-256_A-4, less its types of tokens and its pooler
    "bertmini": 11_170_560 - 2 * 256 - (256 * 256 + 256),
    # torchvision, inception_v3(aux_logits=True) less its AuxLogits: 27,161,264 - 3,326,696
    "inceptionv3": 23_834_568,
    # torchvision, mobilenet_v2
    "mobilenetv2": 3_504_872,
    # torchvision, resnet18
    "resnet18": 11_689_512,
    # torchvision, squeezenet1_1
    "squeezenet": 1_235_496,
    # keras.applications.Xception (trainable) and timm's legacy_xception
    "xception": 22_855_952,
}

# Image size of the paper, and billions of multiplications at that size: wrong strides or paddings show here.
MULTIPLICATIONS = {
    "inceptionv3": (299, 5.713),  # torchvision
    "mobilenetv2": (224, 0.301),  # torchvision, and 300 million in the paper's table 4
    "resnet18": (224, 1.814),  # torchvision
    "squeezenet": (224, 0.349),  # torchvision
    "xception": (299, 8.40),  # timm
}

BATCH_NORMALISATIONS = {"inceptionv3": 94, "mobilenetv2": 52, "resnet18": 20, "squeezenet": 0, "xception": 40}


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds every network in every precision, ``<name>-<precision>.onnx``."""

    def build(path: Path) -> None:
        path.mkdir()
        for name in NAMES:
            for precision in PRECISIONS:
                networks.write(name, precision, path / f"{name}-{precision}.onnx", seed=SEED)

    return built_once(tmp_path_factory, "networks", build)


def images(number: int, image_px: int) -> np.ndarray:
    return np.random.default_rng(1).standard_normal((number, 3, image_px, image_px), dtype=np.float32)


def session(model: Path | bytes) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])


def logits(path: Path, x: np.ndarray) -> np.ndarray:
    (result,) = session(path).run(["logits"], {"image": x})
    return result


def texts(number: int, sequence: int) -> dict[str, np.ndarray]:
    tokens = np.random.default_rng(1).integers(30_522, size=(number, sequence))
    return {"input_ids": tokens, "attention_mask": np.ones_like(tokens)}


def operators(path: Path) -> Counter[str]:
    return Counter(node.op_type for node in onnx.load(path).graph.node)


def test_names_are_the_files_of_the_folder():
    assert networks.names() == sorted([*NAMES, *LANGUAGE_MODELS])
    assert all(networks.version(name) >= 1 for name in networks.names())
    assert {networks.suffix(name) for name in NAMES} == {"onnx"}
    assert {networks.suffix(name) for name in LANGUAGE_MODELS} == {"gguf"}


def test_names_and_versions_need_neither_onnx_nor_gguf_nor_an_engine():
    code = (
        "import sys; sys.modules['onnx'] = sys.modules['onnxruntime'] = sys.modules['gguf'] = None\n"
        "from perftransfer.measuring import networks\n"
        "print([networks.version(name) for name in networks.names()])"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | {"PYTHONPATH": "workflow"})


@pytest.mark.parametrize("name", NAMES)
def test_the_files_are_valid_and_clean_of_unused_operator_sets(folder: Path, name: str):
    for precision in PRECISIONS:
        model = onnx.load(folder / f"{name}-{precision}.onnx")
        onnx.checker.check_model(model, full_check=True)
        assert [(operators.domain, operators.version) for operators in model.opset_import] == [("", 13)]
        assert model.ir_version == 7


@pytest.mark.parametrize("name", NAMES)
def test_parameters_are_as_many_as_published(folder: Path, name: str):
    graph = onnx.load(folder / f"{name}-fp32.onnx").graph
    running = {weight for node in graph.node if node.op_type == "BatchNormalization" for weight in node.input[3:]}
    weights = [w for w in graph.initializer if w.data_type == onnx.TensorProto.FLOAT and w.dims]
    assert sum(math.prod(w.dims) for w in weights if w.name not in running) == PARAMETERS[name]


@pytest.mark.parametrize("name", IMAGE_NETWORKS)
def test_multiplications_are_as_many_as_published(folder: Path, name: str):
    image_px, billions = MULTIPLICATIONS[name]
    model = onnx.load(folder / f"{name}-fp32.onnx")
    for dimension, size in zip(
        model.graph.input[0].type.tensor_type.shape.dim, (1, 3, image_px, image_px), strict=True
    ):
        dimension.dim_value = size
    graph = onnx.shape_inference.infer_shapes(model).graph
    values = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in [*graph.value_info, *graph.output]}
    weights = {w.name: w.dims for w in graph.initializer}
    layers = [node for node in graph.node if node.op_type in ("Conv", "Gemm")]
    count = sum(math.prod(values[node.output[0]]) * math.prod(weights[node.input[1]][1:]) for node in layers)
    assert count / 1e9 == pytest.approx(billions, rel=0.01)


@pytest.mark.parametrize("name", IMAGE_NETWORKS)
def test_batch_and_image_size_are_free(folder: Path, name: str):
    for precision in PRECISIONS:
        network = session(folder / f"{name}-{precision}.onnx")
        (image,), (output,) = network.get_inputs(), network.get_outputs()
        assert (image.name, image.type, image.shape) == ("image", "tensor(float)", ["batch", 3, "image_px", "image_px"])
        assert (output.name, output.type, output.shape) == ("logits", "tensor(float)", ["batch", 1000])
        for number, image_px in [(1, 96), (3, 97), (1, 160)]:
            (result,) = network.run(None, {"image": images(number, image_px)})
            assert result.shape == (number, 1000)
            assert np.isfinite(result).all()


@pytest.mark.parametrize("name", IMAGE_NETWORKS)
def test_batch_normalisations_are_nodes_of_fp32_and_folded_into_int8(folder: Path, name: str):
    fp32, int8 = operators(folder / f"{name}-fp32.onnx"), operators(folder / f"{name}-int8.onnx")
    assert fp32["BatchNormalization"] == BATCH_NORMALISATIONS[name]
    assert int8["BatchNormalization"] == 0
    assert int8["Conv"] == fp32["Conv"]
    assert int8["QuantizeLinear"] > fp32["Conv"]
    assert int8["DequantizeLinear"] > 2 * fp32["Conv"]


@pytest.mark.parametrize("name", IMAGE_NETWORKS)
@pytest.mark.parametrize("image_px", [96, 224])
def test_activations_are_neither_denormal_nor_huge(folder: Path, name: str, image_px: int):
    model = onnx.load(folder / f"{name}-fp32.onnx")
    for node in model.graph.node:
        if node.output[0] != "logits":
            model.graph.output.add().name = node.output[0]
    activations = session(model.SerializeToString()).run(None, {"image": images(1, image_px)})
    denormal = sum(np.count_nonzero((x != 0) & (np.abs(x) < SMALLEST_NORMAL)) for x in activations)
    assert denormal / sum(x.size for x in activations) < 1e-4
    assert max(np.abs(x).max() for x in activations) < 1e4
    # No layer has died: each still tells something apart.
    assert min(x.std() for x in activations) > 1e-2


@pytest.mark.parametrize("name", IMAGE_NETWORKS)
def test_logits_depend_on_the_image_and_int8_follows_fp32(folder: Path, name: str):
    x = images(4, 128)
    fp32, int8 = (logits(folder / f"{name}-{precision}.onnx", x) for precision in PRECISIONS)
    assert np.abs(fp32 - fp32[0])[1:].max(axis=1).min() > 0.01
    assert min(np.corrcoef(a, b)[0, 1] for a, b in zip(fp32, int8, strict=True)) > 0.98
    # Most of the logits is the same for all images in a network that never learnt: what differs must agree, too.
    assert np.corrcoef((fp32 - fp32.mean(axis=0)).ravel(), (int8 - int8.mean(axis=0)).ravel())[0, 1] > 0.5


def test_batch_and_sequence_of_the_encoder_are_free(folder: Path):
    for precision in PRECISIONS:
        network = session(folder / f"bertmini-{precision}.onnx")
        tokens = [(node.name, node.type, node.shape) for node in network.get_inputs()]
        assert tokens == [(name, "tensor(int64)", ["batch", "sequence"]) for name in ("input_ids", "attention_mask")]
        (output,) = network.get_outputs()
        shape = ["batch", "sequence", 256]
        assert (output.name, output.type, output.shape) == ("last_hidden_state", "tensor(float)", shape)
        for number, sequence in [(1, 8), (2, 8), (2, 1), (1, 512)]:
            (result,) = network.run(None, texts(number, sequence))
            assert result.shape == (number, sequence, 256)
            assert np.isfinite(result).all()


def test_the_encoder_computes_what_the_papers_say(folder: Path):
    """Compares with a second implementation, in double precision, which reads the weights in order of their layers."""
    model = onnx.load(folder / "bertmini-fp32.onnx")
    arrays = (numpy_helper.to_array(w) for w in model.graph.initializer if w.data_type == onnx.TensorProto.FLOAT)
    weights = (array.astype(np.float64) for array in arrays if array.ndim)

    def linear(x: np.ndarray) -> np.ndarray:
        return x @ next(weights) + next(weights)

    def norm(x: np.ndarray) -> np.ndarray:
        return (x - x.mean(-1, keepdims=True)) / x.std(-1, keepdims=True) * next(weights) + next(weights)

    def heads(x: np.ndarray) -> np.ndarray:
        return x.reshape(2, 8, 4, 64).swapaxes(1, 2)

    feed = texts(2, 8)
    feed["attention_mask"][1, 5:] = 0
    x = norm(next(weights)[feed["input_ids"]] + next(weights)[:8])
    for _ in range(4):
        queries, keys, values = (heads(linear(x)) for _ in range(3))
        scores = np.exp(queries @ keys.swapaxes(2, 3) / 8) * feed["attention_mask"][:, None, None]
        mixed = scores / scores.sum(-1, keepdims=True) @ values
        x = norm(x + linear(mixed.swapaxes(1, 2).reshape(2, 8, 256)))
        wide = linear(x)
        x = norm(x + linear(wide * scipy.stats.norm.cdf(wide)))
    (result,) = session(folder / "bertmini-fp32.onnx").run(None, feed)
    np.testing.assert_allclose(result, x, atol=1e-4)


def test_activations_of_the_encoder_are_neither_denormal_nor_huge(folder: Path):
    model = onnx.load(folder / "bertmini-fp32.onnx")
    for node in model.graph.node:
        if node.op_type in ("MatMul", "Softmax", "Erf", "Div"):
            model.graph.output.add().name = node.output[0]
    activations = session(model.SerializeToString()).run(None, texts(1, 128))
    assert not any(np.any((x != 0) & (np.abs(x) < SMALLEST_NORMAL)) for x in activations)
    assert max(np.abs(x).max() for x in activations) < 1e2
    assert min(x.std() for x in activations) > 1e-3


def test_padding_changes_nothing_and_int8_follows_fp32(folder: Path):
    short, padded = texts(2, 24), texts(2, 32)
    for name in short:
        padded[name][:, :24] = short[name]
    padded["attention_mask"][:, 24:] = 0
    results = {}
    for precision in PRECISIONS:
        network = session(folder / f"bertmini-{precision}.onnx")
        (results[precision],) = network.run(None, short)
        (padded_output,) = network.run(None, padded)
        np.testing.assert_allclose(padded_output[:, :24], results[precision], atol=1e-4 if precision == "fp32" else 0.3)
    fp32, int8 = results.values()
    assert np.corrcoef(fp32.ravel(), int8.ravel())[0, 1] > 0.98
    # Of the same place in two texts: what differs must agree, too.
    assert np.corrcoef((fp32[0] - fp32[1]).ravel(), (int8[0] - int8[1]).ravel())[0, 1] > 0.9


def test_int8_of_the_encoder_leaves_to_engines_what_they_fuse(folder: Path, tmp_path: Path):
    for precision, multiplication in [("fp32", "MatMul"), ("int8", "QLinearMatMul")]:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
        onnxruntime.InferenceSession(folder / f"bertmini-{precision}.onnx", options)
        optimised = operators(tmp_path / "optimised.onnx")
        assert optimised["SkipLayerNormalization"] == 8
        assert optimised["BiasGelu"] == 4
        assert optimised[multiplication] >= 28


def test_quantisation_gives_the_same_bytes_in_another_process(folder: Path, tmp_path: Path):
    code = (
        "import sys; from pathlib import Path; from perftransfer.measuring import networks\n"
        "networks.write('mobilenetv2', 'int8', Path(sys.argv[1]), seed=int(sys.argv[2]))"
    )
    written = (folder / "mobilenetv2-int8.onnx").read_bytes()
    for hash_seed, seed, same in [("1", SEED, True), ("2", SEED + 1, False)]:
        subprocess.run(
            [sys.executable, "-c", code, tmp_path / "network.onnx", str(seed)],
            check=True,
            env=os.environ | {"PYTHONPATH": "workflow", "PYTHONHASHSEED": hash_seed},
        )
        assert ((tmp_path / "network.onnx").read_bytes() == written) is same


def test_writing_says_nothing_and_leaves_nothing_behind(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.WARNING)
    path = tmp_path / "new" / "network.onnx"
    networks.write("squeezenet", "int8", path, seed=SEED)
    assert list(path.parent.iterdir()) == [path]
    assert not path.stat().st_mode & 0o111
    assert tuple(capfd.readouterr()) == ("", "")
    assert not caplog.records


def test_a_write_that_fails_leaves_the_old_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from perftransfer.measuring.networks import _quantisation

    def fail(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(_quantisation, "quantize_static", fail)
    path = tmp_path / "network.onnx"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        networks.write("squeezenet", "int8", path, seed=SEED)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text() == "old"


def test_unknown_names_are_explained(tmp_path: Path):
    with pytest.raises(
        UserError, match=r"unknown network 'mobilenet'. Allowed: bertmini, .*. Did you mean 'mobilenetv2'"
    ):
        networks.write("mobilenet", "fp32", tmp_path / "network.onnx", seed=SEED)
    with pytest.raises(UserError, match="unknown network '_graph'"):
        networks.version("_graph")
    with pytest.raises(UserError, match=r"unknown precision 'int4'\. Allowed: fp32, int8\. Did you mean 'int8'"):
        networks.write("xception", "int4", tmp_path / "network.onnx", seed=SEED)
    assert list(tmp_path.iterdir()) == []


def test_weights_that_lie_beside_a_file_belong_to_it(tmp_path: Path) -> None:
    path = Path(tiny_network.network(tmp_path, [1, 3, 8, 8]))
    assert networks.files_of(path) == [path]
    model = onnx.load(path)
    convert_model_to_external_data(model, all_tensors_to_one_file=False, size_threshold=0)
    onnx.save(model, path)
    files = networks.files_of(path)
    assert files == [path, tmp_path / "w"]
    files[1].rename(tmp_path / "kept")
    files[1].symlink_to(tmp_path / "kept")
    assert networks.files_of(path) == files
    files[1].unlink()
    files[1].symlink_to("/etc/passwd")
    with pytest.raises(UserError, match="its weights w are a link to /etc/passwd; they must be in the same folder"):
        networks.files_of(path)
    files[1].unlink()
    with pytest.raises(UserError, match="its weights are missing"):
        networks.files_of(path)
    path.write_text("nothing of the kind")
    with pytest.raises(UserError, match="not a readable ONNX file"):
        networks.files_of(path)


OWN_NETWORK = """
from perftransfer.measuring.networks._graph import Graph
from perftransfer.measuring.networks.interface import Network


class Tiny(Network):
    version = 3

    def build(self, seed):
        graph = Graph("tiny", seed)
        graph.classifier(graph.relu(graph.conv(graph.image, 4, 3)))
        return graph.model()
"""


def test_a_network_of_a_users_own_is_named_by_its_import_path(tmp_path, monkeypatch):
    (tmp_path / "own_networks.py").write_text(OWN_NETWORK)
    monkeypatch.syspath_prepend(tmp_path)
    assert networks.module_of("own_networks.Tiny") == "own_networks"
    assert networks.version("own_networks.Tiny") == 3
    networks.write("own_networks.Tiny", "fp32", tmp_path / "tiny.onnx", seed=1)
    assert onnx.load(tmp_path / "tiny.onnx").graph.input[0].name == "image"


def test_what_a_file_declares_of_its_inputs_is_read(tmp_path: Path) -> None:
    shapes: dict[str, list[Any]] = {"image": ["batch", 3, "größe", None], "ids": ["batch", 70_000], "scalar": []}
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    inputs += [helper.make_tensor_value_info("any", TensorProto.BFLOAT16, None)]
    inputs += [helper.make_tensor_sequence_value_info("list", TensorProto.FLOAT, [1])]
    optional = helper.make_optional_type_proto(helper.make_tensor_type_proto(TensorProto.INT8, [2]))
    inputs += [helper.make_value_info("maybe", optional)]
    inputs += [helper.make_tensor_value_info("weight", TensorProto.FLOAT, [1])]
    output = [helper.make_tensor_value_info("z", TensorProto.FLOAT, None)]
    nodes = [helper.make_node("Add", ["ids", "weight"], ["z"])]
    weights = [numpy_helper.from_array(np.ones(1, np.float32), "weight")]
    graph = helper.make_graph(nodes, "several", inputs, output, weights)
    onnx.save(helper.make_model(graph), tmp_path / "several.onnx")
    assert networks.inputs(tmp_path / "several.onnx") == [
        DeclaredInput("image", ["batch", 3, "größe", None], "float32"),
        DeclaredInput("ids", ["batch", 70_000], "float32"),
        DeclaredInput("scalar", [], "float32"),
        DeclaredInput("any", None, "bfloat16"),
        DeclaredInput("list", (), "sequence"),
        DeclaredInput("maybe", [2], "int8", is_optional=True),
    ]


def test_inputs_are_not_read_from_garbage(tmp_path: Path) -> None:
    for content in (b"\x07no network", b""):
        (tmp_path / "garbage").write_bytes(content)
        with pytest.raises(UserError, match="garbage: not a readable ONNX file"):
            networks.inputs(tmp_path / "garbage")
