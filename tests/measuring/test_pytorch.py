"""Checks PyTorch's engine: that every option arrives, what it refuses, and that it can be forked."""

from __future__ import annotations

import contextlib
import inspect
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import onnxruntime
import psutil
import pytest
import tiny_network
from onnx import TensorProto
from tiny_network import INTEGERS, network

from perftransfer.measuring import engines, networks
from perftransfer.measuring.engines import interface
from perftransfer.measuring.engines.interface import UnsupportedConfigurationError
from perftransfer.measuring.fingerprint import usable_cpus
from perftransfer.measuring.isolation import MeasuringServer
from perftransfer.measuring.networks._graph import Graph
from perftransfer.package_path import package_path
from perftransfer.space.option_space import OptionSpace

torch = pytest.importorskip("torch", reason="torch is not installed (pip install torch)")

from perftransfer.measuring.engines import pytorch  # noqa: E402
from perftransfer.measuring.engines.pytorch import PyTorch  # noqa: E402

pytestmark = pytest.mark.engines
WORKLOAD = {"batch": 2, "image_px": 16}
CORES = len(usable_cpus())
SPACES = Path(__file__).parents[2] / "config/spaces"


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


def test_it_keeps_the_promises_of_the_interface(tiny: str) -> None:
    engine = engines.load("pytorch")
    assert isinstance(engine, interface.Engine)
    assert engine.name == "pytorch" in engines.names()
    assert engine.versions()["torch"] == str(torch.__version__)
    session = engine.open({"fp32": tiny}, WORKLOAD, {}, 1)
    assert isinstance(session, interface.Session)
    assert session.counters == ("rapl", "hwmon")
    assert not session.has_own_clock
    session.run()
    session.close()


def test_inputs_are_those_of_the_other_engines(tiny: str) -> None:
    session = PyTorch().open({"fp32": tiny}, WORKLOAD, {}, 7)
    x = np.random.default_rng(7).standard_normal((2, 3, 16, 16)).astype(np.float32)
    (expected,) = onnxruntime.InferenceSession(tiny).run(None, {"image": x})
    np.testing.assert_allclose(session._infer()[0].numpy(), expected, rtol=1e-4, atol=1e-4)


def test_a_network_of_texts_takes_the_sizes_of_its_own_dimensions(tmp_path: Path) -> None:
    networks.write("bertmini", "fp32", tmp_path / "bert.onnx", seed=0)
    session = PyTorch().open({"fp32": str(tmp_path / "bert.onnx")}, {"batch": 2, "sequence": 9}, {}, 1)
    assert session._infer()[0].shape == (2, 9, 256)


def test_inferences_want_no_gradients(tiny: str) -> None:
    assert PyTorch().open({"fp32": tiny}, WORKLOAD, {}, 1)._infer()[0].is_inference()


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_arrive(tiny: str, threads: int) -> None:
    PyTorch().open({"fp32": tiny}, WORKLOAD, {"threads": threads}, 1)
    assert torch.get_num_threads() == threads


def test_there_is_one_thread_if_nobody_asks(tiny: str) -> None:
    torch.set_num_threads(2)
    PyTorch().open({"fp32": tiny}, WORKLOAD, {"threads": None}, 1)
    assert torch.get_num_threads() == 1


def test_threads_between_operators_arrive(tiny: str) -> None:
    code = f"""
import torch
from perftransfer.measuring.engines.pytorch import PyTorch
PyTorch().open({{"fp32": {tiny!r}}}, {WORKLOAD}, {{"interop_threads": 3}}, 1)
print(torch.get_num_interop_threads())
"""
    environment = {**os.environ, "PYTHONPATH": package_path()}
    assert subprocess.check_output([sys.executable, "-c", code], text=True, env=environment).strip() == "3"


@pytest.mark.parametrize(
    ("level", "dtype"), [(None, "float32"), ("none", "float32"), ("bf16", "bfloat16"), ("fp16", "float16")]
)
def test_types_are_cast_as_asked_for(tiny: str, level: str | None, dtype: str) -> None:
    session = PyTorch().open({"fp32": tiny}, WORKLOAD, {"autocast": level}, 1)
    assert session._infer()[0].dtype == getattr(torch, dtype)


@pytest.mark.parametrize("last", [True, False])
def test_channels_are_last_if_asked_for(tiny: str, last: bool) -> None:
    session = PyTorch().open({"fp32": tiny}, WORKLOAD, {"channels_last": last}, 1)
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
        session = PyTorch().open({"fp32": path}, {"batch": 2}, {"onednn": level}, 1)
        with torch.backends.mkldnn.verbose(torch.backends.mkldnn.VERBOSE_ON):
            session.run()
        assert ("exec,cpu,convolution" in capfd.readouterr().out) == used


def test_numbers_next_to_zero_are_zero_if_asked_for(tiny: str) -> None:
    if not torch.set_flush_denormal(True):
        pytest.skip("this processor cannot")
    torch.set_flush_denormal(False)
    smallest = torch.tensor([1e-40])
    for level, is_kept in ((None, True), (False, True), (True, False)):
        PyTorch().open({"fp32": tiny}, WORKLOAD, {"flush_denormal": level}, 1)
        assert bool(smallest * 1.0 != 0) == is_kept


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"device": "tpu"}, "device: unknown level 'tpu'. Allowed: cpu, cuda"),
        ({"threads": 0}, "threads is 0: give a number from 1"),
        ({"interop_threads": 0}, "interop_threads is 0: give a number from 1"),
        ({"execution": "script"}, "execution: unknown level 'script'. Allowed: eager, compile"),
        ({"compile_mode": "default"}, "option compile_mode is one of execution compile, not of eager"),
        ({"execution": "compile", "compile_mode": "fast"}, "compile_mode: unknown level 'fast'. Allowed: default"),
        ({"execution": "compile", "compile_mode": "reduce-overhead"}, "the CPU has no CUDA graphs"),
        ({"execution": "compile", "compile_mode": "max-autotune"}, "the CPU has no CUDA graphs"),
        ({"autocast": "fp8"}, "autocast: unknown level 'fp8'. Allowed: none, bf16, fp16"),
        ({"channels_last": "yes"}, "channels_last: unknown level 'yes'"),
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
        PyTorch().open({"fp32": tiny}, WORKLOAD, options, 1)


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
            PyTorch().open({"fp32": tiny}, WORKLOAD, options, 1)
    # What it cannot do, it need not refuse if nobody asks.
    PyTorch().open({"fp32": tiny}, WORKLOAD, {"flush_denormal": False}, 1)


def test_types_without_kernels_are_unsupported(tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise NotImplementedError("'conv' not implemented for 'Half'")

    monkeypatch.setattr(pytorch, "_inference", lambda *_: refuse)
    with pytest.raises(UnsupportedConfigurationError, match="PyTorch: NotImplementedError: 'conv' not implemented for"):
        PyTorch().open({"fp32": tiny}, WORKLOAD, {}, 1)


@pytest.mark.parametrize(
    "element", [*INTEGERS, TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.BOOL, TensorProto.BFLOAT16]
)
def test_inputs_of_other_types_are_fed(tmp_path: Path, element: int) -> None:
    session = PyTorch().open({"fp32": network(tmp_path, ["batch", 3, 8, 8], element)}, {"batch": 2}, {}, 1)
    session.run()
    (z,) = session.outputs().values()
    assert z.shape == (2, 3, 8, 8)
    assert np.isfinite(z).all()


@pytest.mark.parametrize("name", ["pytorch", "pytorch-cuda"])
def test_the_spaces_ask_for_options_of_the_engine(name: str) -> None:
    assert {option.name for option in OptionSpace.read(SPACES / f"{name}.yaml").options} <= PyTorch().options


def test_levels_of_the_space_hold_on_any_machine(tiny: str) -> None:
    for configuration in OptionSpace.read(SPACES / "pytorch.yaml").sample(60, 1).values():
        if configuration["execution"] == "eager" and configuration["flush_denormal"] is False:
            PyTorch().open({"fp32": tiny}, WORKLOAD, json.loads(json.dumps(configuration)), 1).run()


# Compilation.


def test_what_is_compiled_computes_the_same_and_leaves_no_process_behind(tiny: str, kernels: None) -> None:
    plain = PyTorch().open({"fp32": tiny}, WORKLOAD, {}, 1)._infer()
    processes = psutil.Process().children(recursive=True)
    session = PyTorch().open({"fp32": tiny}, WORKLOAD, {"execution": "compile"}, 1)
    torch.testing.assert_close(session._infer(), plain)
    compiled = torch._dynamo.utils.counters["stats"]["unique_graphs"]
    session.run()
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == compiled
    assert psutil.Process().children(recursive=True) == processes


def test_what_was_compiled_for_one_configuration_is_for_no_other(tiny: str, kernels: None) -> None:
    def n_graphs(**options: Any) -> int:
        counts = torch._dynamo.utils.counters["inductor"]
        before = counts["fxgraph_cache_hit"]
        PyTorch().open({"fp32": tiny}, WORKLOAD, {"execution": "compile", **options}, 1)
        return counts["fxgraph_cache_hit"] - before

    n_graphs()
    assert n_graphs() == 1
    assert n_graphs(onednn=False) == 0


def test_a_pytorch_that_cannot_tell_them_apart_keeps_nothing(tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch._inductor.config as settings

    outputs = []
    monkeypatch.setattr(torch.compiler, "config", SimpleNamespace())
    monkeypatch.setattr(torch, "compile", lambda x, **_: outputs.append(settings.fx_graph_cache) or x)
    with settings.patch(fx_graph_cache=True):
        PyTorch().open({"fp32": tiny}, WORKLOAD, {"execution": "compile"}, 1)
    assert outputs == [False]


def test_modes_arrive_at_the_compiler(tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    requests = []
    monkeypatch.setattr(torch, "compile", lambda x, **how: requests.append(how) or x)
    for mode in (None, "default", "max-autotune-no-cudagraphs"):
        PyTorch().open({"fp32": tiny}, WORKLOAD, {"execution": "compile", "compile_mode": mode}, 1)
    modes = ["default", "default", "max-autotune-no-cudagraphs"]
    assert requests == [{"mode": mode, "dynamic": False, "fullgraph": True} for mode in modes]


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
    plain = PyTorch().open(files, workload, {}, 1)._infer()
    fused = torch._dynamo.utils.counters["inductor"]["fuse_attention"]
    torch.testing.assert_close(PyTorch().open(files, workload, {"execution": "compile"}, 1)._infer(), plain)
    assert torch._dynamo.utils.counters["inductor"]["fuse_attention"] > fused


def test_compilation_without_a_compiler_is_unsupported(tiny: str, kernels: None) -> None:
    import torch._inductor.config as settings

    with (
        settings.patch({"cpp.cxx": (None, "no-such-compiler")}),
        pytest.raises(UnsupportedConfigurationError, match=r"execution compile: .*InvalidCxxCompiler"),
    ):
        PyTorch().open({"fp32": tiny}, WORKLOAD, {"execution": "compile"}, 1)


def test_a_pytorch_that_refuses_to_compile_is_unsupported(tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise RuntimeError("torch.compile is not supported on Python 3.99+")

    monkeypatch.setattr(torch, "compile", refuse)
    with pytest.raises(UnsupportedConfigurationError, match=r"execution compile: RuntimeError: torch\.compile is"):
        PyTorch().open({"fp32": tiny}, WORKLOAD, {"execution": "compile"}, 1)


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
    session = PyTorch().open({"fp32": tiny}, WORKLOAD, {"device": "cuda"}, 1)
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
    session = PyTorch().open({"fp32": tiny}, WORKLOAD, {"device": "cuda", "cuda_graphs": True}, 1)
    assert gpu.log == [*["infer"] * 3, "wait", "side", *["infer"] * 3, "wait", "capture", "infer", "captured"]
    gpu.log.clear()
    session.run()
    session.run()
    assert gpu.log == ["record", "replay", "record", "synchronize"] * 2
    assert session._infer()[0].shape == (2, 3, 16, 16)


def test_a_compiled_module_can_be_captured(tiny: str, gpu: Gpu, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "compile", lambda x, **_: x)
    options = {"device": "cuda", "execution": "compile", "compile_mode": "default", "cuda_graphs": True}
    PyTorch().open({"fp32": tiny}, WORKLOAD, options, 1)
    assert gpu.log[-1] == "captured"


def test_what_cannot_be_captured_is_unsupported(tiny: str, gpu: Gpu) -> None:
    gpu.refused = "operation not permitted when stream is capturing"
    with pytest.raises(UnsupportedConfigurationError, match="cuda_graphs: RuntimeError: operation not permitted"):
        PyTorch().open({"fp32": tiny}, WORKLOAD, {"device": "cuda", "cuda_graphs": True}, 1)


def test_a_compiler_that_tacitly_goes_without_cuda_graphs_is_unsupported(
    tiny: str, gpu: Gpu, kernels: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it really does here, where the GPU is a CPU."""
    # It asks, too, and would look for more of a GPU than there is.
    answers = iter([True])
    monkeypatch.setattr(torch.cuda, "is_available", lambda: next(answers, False))
    options = {"device": "cuda", "execution": "compile", "compile_mode": "reduce-overhead"}
    with pytest.raises(UnsupportedConfigurationError, match="reduce-overhead: PyTorch went without CUDA graphs"):
        PyTorch().open({"fp32": tiny}, WORKLOAD, options, 1)


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
                PyTorch().open({"fp32": tiny}, WORKLOAD, {"device": "cuda", **options}, 1)


@pytest.mark.parametrize("level", [None, False, True])
def test_options_of_cuda_arrive(tiny: str, gpu: Gpu, level: bool | None) -> None:
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    PyTorch().open({"fp32": tiny}, WORKLOAD, {"device": "cuda", "tf32": level, "cudnn_benchmark": level}, 1)
    flags = (matmul.allow_tf32, cudnn.allow_tf32, cudnn.benchmark)
    assert flags == ((False, True, False) if level is None else (level,) * 3)


def test_what_this_gpu_or_build_lacks_is_unsupported(tiny: str, gpu: Gpu, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise RuntimeError("The NVIDIA driver on your system is too old")

    def open_on_cuda(**options: Any) -> None:
        PyTorch().open({"fp32": tiny}, WORKLOAD, {"device": "cuda", **options}, 1)

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
        PyTorch().open({"fp32": tiny}, WORKLOAD, json.loads(json.dumps(configuration)), 1).run()


def test_versions_tell_what_the_build_is_for_without_starting_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(
        torch.__config__, "show", lambda: "PyTorch built with:\n  - CUDA Runtime 13.0\n  - CuDNN 91.2.1\n"
    )
    monkeypatch.setattr(torch.cuda, "init", lambda: pytest.fail("CUDA was started"))
    assert PyTorch().versions() == {"torch": str(torch.__version__), "cuda": "13.0", "cudnn": "91.2.1"}


# Measured by the server.


def request(path: str, **options: Any) -> dict[str, Any]:
    return tiny_network.request(path, WORKLOAD, options, timeout_seconds=280.0)


@pytest.fixture
def server() -> Iterator[MeasuringServer]:
    with MeasuringServer("pytorch", usable_cpus()) as measuring:
        yield measuring


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
from perftransfer.measuring.engines.pytorch import PyTorch
PyTorch().versions()
assert not torch.cuda.is_initialized()
PyTorch().open({{"fp32": {tiny!r}}}, {WORKLOAD}, {{"channels_last": True, "autocast": "bf16"}}, 1).run()
print("torch._dynamo" in sys.modules)
"""
    environment = {**os.environ, "PYTHONPATH": package_path()}
    assert subprocess.check_output([sys.executable, "-c", code], text=True, env=environment).strip() == "False"
