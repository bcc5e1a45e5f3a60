"""Checks ONNX Runtime's engine option by option; its CUDA provider against a stand-in that acts like the real one."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.capi import onnxruntime_pybind11_state as library
from tiny_network import network

from perftransfer.measuring import feed, fingerprint, networks
from perftransfer.measuring.engines import _onnxruntime_threads
from perftransfer.measuring.engines._onnxruntime_options import CUDA, SESSION, Entry, texts
from perftransfer.measuring.engines.interface import UnsupportedConfigurationError
from perftransfer.measuring.engines.onnxruntime import OnnxRuntime, bound, session_options
from perftransfer.measuring.fingerprint import usable_cpus
from perftransfer.measuring.isolation import MeasuringServer
from perftransfer.measuring.protocol import Protocol
from perftransfer.package_path import package_path
from perftransfer.space.option_space import OptionSpace

WORKLOAD = {"batch": 2, "image_px": 16}
SPACES = sorted((Path(__file__).parents[2] / "config/spaces").glob("onnxruntime*.yaml"))
CPUS = usable_cpus()
TYPED = {"true": True, "false": False}
CUDA_NAME, CPU_NAME = "CUDAExecutionProvider", "CPUExecutionProvider"
without_cuda = pytest.mark.skipif(CUDA_NAME in onnxruntime.get_available_providers(), reason="a build with CUDA")
two_cpus = pytest.mark.skipif(len(CPUS) < 2 or sys.platform != "linux", reason="needs two CPUs and Linux")


@pytest.fixture
def tiny(tmp_path: Path) -> str:
    return network(tmp_path, ["batch", 3, "image_px", "image_px"])


@pytest.fixture(scope="module")
def server() -> Iterator[MeasuringServer]:
    with MeasuringServer("onnxruntime", CPUS) as measuring:
        yield measuring


def status(server: MeasuringServer, path: str, options: dict[str, Any]) -> str:
    """What becomes of two inferences in a process of their own."""
    protocol = Protocol(warmup_runs=1, warmup_seconds=0.0, runs=1, seconds=0.0, max_warmup_seconds=0.0, max_seconds=0.0)
    request = {
        "files": {"fp32": path, "int8": path},
        "feeds": {},
        "workload": WORKLOAD,
        "options": options,
        "protocol": asdict(protocol),
        "seed": 1,
    }
    outcome = server.measure(request)
    assert outcome["status"] in ("ok", "unsupported"), (options, outcome)
    assert (outcome["error"] is None) == (outcome["status"] == "ok")
    return outcome["status"]


@pytest.mark.parametrize("file", SPACES, ids=lambda file: file.stem)
def test_every_level_of_the_spaces_opens_or_is_unsupported(server: MeasuringServer, tiny: str, file: Path) -> None:
    space = OptionSpace.read(file)
    assert {option.name for option in space.options} <= OnnxRuntime().options
    default = next((c for c in space.one_at_a_time() if c.get("provider") == "cpu"), space.default)
    refused = set()
    for option in space.options:
        for level in option.levels:
            provider = {"provider": "cuda"} if option.name in CUDA else {}
            if status(server, tiny, {**default, **provider, option.name: level}) == "unsupported":
                refused.add((option.name, level))
    gpu = {("provider", "cuda"), *((name, level) for name, level in refused if name in CUDA)}
    few_cpus = {("thread_affinity", "pinned")} if len(CPUS) < 2 else set()
    assert refused <= gpu | few_cpus


def test_the_installed_library_knows_every_entry() -> None:
    """It would take any text as the name of an entry, and do nothing."""
    content = Path(library.__file__).read_bytes()
    keys = {entry.key for entry in SESSION.values()}
    if platform.machine() not in ("aarch64", "arm64"):
        keys -= {SESSION["gemm_fastmath_bf16"].key}
    keys |= {"session.intra_op_thread_affinities", "memory.enable_memory_arena_shrinkage"}
    assert {key for key in keys if key.encode() not in content} == set()


def levels(table: dict[str, Entry]) -> list[Any]:
    """Every level of every option, with ONNX Runtime's name and text."""
    out = []
    for name, entry in table.items():
        values = {number: str(number) for number in (entry.minimum, 7)} if entry.values is None else entry.values
        out += [pytest.param(name, TYPED.get(level, level), entry.key, text) for level, text in values.items()]
    return out


@pytest.mark.parametrize(("name", "level", "key", "text"), levels(SESSION))
def test_every_entry_arrives(monkeypatch: pytest.MonkeyPatch, name: str, level: Any, key: str, text: str) -> None:
    monkeypatch.setattr(fingerprint, "host", lambda: {"instruction_sets": ["bf16"]})
    assert session_options({name: level}).get_session_config_entry(key) == text


@pytest.mark.parametrize(
    ("options", "attribute", "value"),
    [
        ({"execution_order": "priority_based"}, "execution_order", onnxruntime.ExecutionOrder.PRIORITY_BASED),
        ({"memory_reuse": False}, "enable_mem_reuse", False),
        ({"deterministic_compute": True}, "use_deterministic_compute", True),
        ({"graph_optimization_level": "layout"}, "graph_optimization_level",
         onnxruntime.GraphOptimizationLevel.ORT_ENABLE_LAYOUT),
    ],
)  # fmt: skip
def test_every_other_option_of_the_session_arrives(options: dict[str, Any], attribute: str, value: Any) -> None:
    assert getattr(onnxruntime.SessionOptions(), attribute) != value
    assert getattr(session_options(options), attribute) == value


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"denormal_as_zero": "yes"}, "denormal_as_zero: unknown level 'yes'. Allowed: true, false"),
        ({"memory_reuse": 1}, "memory_reuse: unknown level '1'. Allowed: true, false"),
        ({"execution_mode": "serial"}, "execution_mode: unknown level 'serial'. Allowed: sequential, parallel"),
        ({"thread_affinity": "pin"}, "thread_affinity: unknown level 'pin'. Allowed: none, pinned"),
        ({"memory_arena_shrinkage": "on"}, "memory_arena_shrinkage: unknown level 'on'. Allowed: true, false"),
        ({"intra_op_spin_backoff_max": 0}, "option intra_op_spin_backoff_max is 0: give a number from 1"),
        ({"intra_op_spin_duration_us": -2}, "option intra_op_spin_duration_us is -2: give a number from -1"),
        ({"dynamic_block_base": "four"}, "option dynamic_block_base is 'four': give a number from 0"),
        ({"dynamic_block_base": 1.5}, "option dynamic_block_base is 1.5: give a number from 0"),
        ({"intra_op_threads": True}, "option intra_op_threads is True: give a number from 1"),
        ({"provider": "rocm"}, "provider: unknown level 'rocm'. Allowed: cpu, cuda"),
        ({"use_tf32": False}, "option use_tf32 is one of provider cuda, not of cpu"),
        ({"memory_arena": False, "memory_arena_shrinkage": True}, "there is nothing to shrink without memory_arena"),
    ],
)
def test_what_there_is_not_is_unsupported_with_words(tiny: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(UnsupportedConfigurationError, match=words):
        OnnxRuntime().open({"fp32": tiny}, WORKLOAD, options, 1)


def test_an_entry_newer_than_the_library_is_unsupported() -> None:
    options = {"intra_op_spin_duration_us": 100}
    assert texts(options, SESSION, "1.26.0") == {"session.intra_op.spin_duration_us": "100"}
    with pytest.raises(UnsupportedConfigurationError, match=r"not in ONNX Runtime 1\.9\.1, but from 1\.26 on"):
        texts(options, SESSION, "1.9.1")


def test_fast_products_of_bfloat16_need_a_processor_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprint, "host", lambda: {"instruction_sets": ["avx512_bf16"]})
    with pytest.raises(UnsupportedConfigurationError, match="gemm_fastmath_bf16: this processor has no bfloat16"):
        session_options({"gemm_fastmath_bf16": True})
    session_options({"gemm_fastmath_bf16": False})


def cpu_seconds_when_idle(path: str, **options: Any) -> float:
    session = OnnxRuntime().open({"fp32": path}, WORKLOAD, {"intra_op_threads": 2, **options}, 1)
    for _ in range(20):
        session.run()
    before = time.process_time()
    time.sleep(0.2)
    used = time.process_time() - before
    session.close()
    return used


@two_cpus
def test_threads_spin_as_long_as_they_are_told_to(tiny: str) -> None:
    long, short = {"intra_op_spin_duration_us": 200_000}, {"intra_op_spin_duration_us": 1}
    assert cpu_seconds_when_idle(tiny, **long) > 0.02
    for options in (short, {**long, "force_spinning_stop": True}, {**long, "intra_op_spinning": False}):
        assert cpu_seconds_when_idle(tiny, **options) < 0.01


def test_the_size_of_blocks_reaches_the_threads(tiny: str, capfd: pytest.CaptureFixture[str]) -> None:
    options = session_options({"intra_op_threads": 2, "dynamic_block_base": 4})
    options.log_severity_level = 1
    onnxruntime.InferenceSession(tiny, options, providers=[CPU_NAME])
    assert "Dynamic block base set to 4" in capfd.readouterr().err


def remaining_operators(folder: Path, nodes: list[Any], **options: Any) -> list[str]:
    """Operators that are left of ``nodes``, from x to y, when the network is open."""
    scale, zero = numpy_helper.from_array(np.float32(0.1), "scale"), numpy_helper.from_array(np.uint8(9), "zero")
    weights = numpy_helper.from_array(np.ones((4, 4), np.uint8), "weights")
    tensors = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [4, 4]) for name in "xy"]
    graph = helper.make_graph(nodes, "few", tensors[:1], tensors[1:], [scale, zero, weights])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), folder / "few.onnx")
    return list(rewritten(folder / "few.onnx", **options).elements())


def rewritten(path: Path, **options: Any) -> Counter[str]:
    """How many operators of each kind a network has when it is open."""
    settings = session_options(options)
    settings.optimized_model_filepath = str(path.with_suffix(".rewritten"))
    onnxruntime.InferenceSession(str(path), settings, providers=[CPU_NAME])
    return Counter(node.op_type for node in onnx.load(settings.optimized_model_filepath).graph.node)


def quantised(source: str, target: str) -> list[Any]:
    return [
        helper.make_node("QuantizeLinear", [source, "scale", "zero"], [f"{source}_q"]),
        helper.make_node("DequantizeLinear", [f"{source}_q", "scale", "zero"], [target]),
    ]


def test_pairs_of_quantisation_become_operators_on_integers_or_not(tmp_path: Path) -> None:
    nodes = [
        *quantised("x", "a"),
        helper.make_node("DequantizeLinear", ["weights", "scale", "zero"], ["w"]),
        helper.make_node("MatMul", ["a", "w"], ["b"]),
        *quantised("b", "y"),
    ]
    assert "QLinearMatMul" in remaining_operators(tmp_path, nodes, quant_qdq=True)
    assert "MatMul" in remaining_operators(tmp_path, nodes, quant_qdq=False)


def test_pairs_of_quantisation_that_are_left_over_go_or_stay(tmp_path: Path) -> None:
    nodes = [helper.make_node("Sin", ["x"], ["a"]), *quantised("a", "b"), helper.make_node("Cos", ["b"], ["y"])]
    assert remaining_operators(tmp_path, nodes, quant_qdq_cleanup=False) == [
        "Sin",
        "QuantizeLinear",
        "DequantizeLinear",
        "Cos",
    ]
    assert remaining_operators(tmp_path, nodes, quant_qdq_cleanup=True) == ["Sin", "Cos"]


def test_gelu_is_approximated_or_not(tmp_path: Path) -> None:
    path = tmp_path / "bert.onnx"
    networks.write("bertmini", "fp32", path, seed=0)
    assert rewritten(path, gelu_approximation=True)["FastGelu"] == 4
    assert rewritten(path, gelu_approximation=False)["FastGelu"] == 0


def test_numbers_next_to_zero_are_taken_as_zero_or_not(tmp_path: Path) -> None:
    """In processes of their own: the first session decides for all that follow."""
    tensors = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Mul", ["x", "x"], ["y"])], "square", tensors[:1], tensors[1:])
    path = tmp_path / "square.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    code = (
        "import sys, numpy as np\n"
        "from perftransfer.measuring.engines.onnxruntime import OnnxRuntime\n"
        "session = OnnxRuntime().open({'fp32': sys.argv[1]}, {}, {'denormal_as_zero': sys.argv[2] == 'True'}, 1)\n"
        "print(session._session.run(None, {'x': np.array([1e-20], np.float32)})[0].tobytes() == bytes(4))\n"
    )
    for level in ("True", "False"):
        command = [sys.executable, "-c", code, str(path), level]
        environment = {**os.environ, "PYTHONPATH": package_path()}
        assert subprocess.check_output(command, text=True, env=environment).strip() == level


def affinities_of_threads() -> list[set[int]]:
    return [os.sched_getaffinity(int(thread.name)) for thread in Path("/proc/self/task").iterdir()]


@two_cpus
def test_pinned_threads_have_a_cpu_each_until_the_session_is_closed(tiny: str) -> None:
    before = os.sched_getaffinity(0)
    session = OnnxRuntime().open({"fp32": tiny}, WORKLOAD, {"intra_op_threads": 2, "thread_affinity": "pinned"}, 1)
    assert os.sched_getaffinity(0) == {CPUS[0]}
    # ONNX Runtime's threads bind themselves, a moment after they were started.
    deadline = time.monotonic() + 10
    while {CPUS[1]} not in affinities_of_threads():
        assert time.monotonic() < deadline
        time.sleep(0.001)
    session.run()
    session.close()
    assert os.sched_getaffinity(0) == before


def test_affinities_count_cpus_from_one_and_leave_the_caller_out() -> None:
    assert _onnxruntime_threads.affinities([3, 8, 5]) == "9;6"
    assert _onnxruntime_threads.affinities([3]) == ""


@pytest.mark.skipif(sys.platform != "linux", reason="binds threads")
def test_more_pinned_threads_than_cpus_are_unsupported(tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"intra_op_threads": len(CPUS) + 1, "thread_affinity": "pinned"}
    with pytest.raises(UnsupportedConfigurationError, match=rf"{len(CPUS) + 1} threads, but only {len(CPUS)} CPUs"):
        OnnxRuntime().open({"fp32": tiny}, WORKLOAD, options, 1)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    with pytest.raises(UnsupportedConfigurationError, match="this system does not bind threads"):
        OnnxRuntime().open({"fp32": tiny}, WORKLOAD, options, 1)


def test_memory_is_given_back_after_each_inference_on_request(tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    requests: list[Any] = []
    run = onnxruntime.InferenceSession.run

    def remember(session: Any, names: Any, feed: Any, run_options: Any = None) -> Any:
        requests.append(run_options)
        return run(session, names, feed, run_options)

    monkeypatch.setattr(onnxruntime.InferenceSession, "run", remember)
    for level in (None, False, True):
        session = OnnxRuntime().open({"fp32": tiny}, WORKLOAD, {"memory_arena_shrinkage": level}, 1)
        session.run()
        session.close()
    assert requests[:2] == [None, None]
    assert requests[2].get_run_config_entry("memory.enable_memory_arena_shrinkage") == "cpu:0"


def test_on_the_cpu_the_counters_of_the_cpu_count(tiny: str) -> None:
    session = OnnxRuntime().open({"fp32": tiny}, WORKLOAD, {"provider": "cpu"}, 1)
    assert session.counters == ("rapl", "hwmon")
    session.close()


def test_versions_tell_cuda_where_the_build_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnxruntime, "cuda_version", "", raising=False)
    assert OnnxRuntime().versions() == {"onnxruntime": onnxruntime.__version__}
    monkeypatch.setattr(onnxruntime, "cuda_version", "13.0", raising=False)
    assert OnnxRuntime().versions() == {"onnxruntime": onnxruntime.__version__, "cuda": "13.0"}


@without_cuda
def test_a_build_without_cuda_is_told(tiny: str) -> None:
    words = f"provider cuda: the installed ONNX Runtime has no {CUDA_NAME}, only .*{CPU_NAME}"
    with pytest.raises(UnsupportedConfigurationError, match=words):
        OnnxRuntime().open({"fp32": tiny}, WORKLOAD, {"provider": "cuda"}, 1)


def test_bound_outputs_stay_where_they_are_and_are_right(tiny: str) -> None:
    """The real interface of bindings, in the memory that every machine has."""
    session = onnxruntime.InferenceSession(tiny, session_options({}), providers=[CPU_NAME])
    values = np.random.default_rng(0).standard_normal((2, 3, 16, 16)).astype(np.float32)
    binding = bound(session, {"image": values}, "cpu")
    (output,) = binding.get_outputs()
    address, expected = output.data_ptr(), session.run(None, {"image": values})[0]
    np.copyto(values, 0)
    session.run_with_iobinding(binding)
    assert not np.allclose(binding.get_outputs()[0].numpy(), expected)
    assert binding.get_outputs()[0].data_ptr() == address


REAL_SESSION, REAL_VALUE = onnxruntime.InferenceSession, onnxruntime.OrtValue


class Value:
    """``OrtValue`` on a GPU that is the host's memory."""

    @staticmethod
    def ortvalue_from_numpy(values: np.ndarray, device: str, number: int) -> Any:
        assert (device, number) == ("cuda", 0)
        return REAL_VALUE.ortvalue_from_numpy(values, "cpu", 0)


class Binding:
    """``IOBinding`` of such a session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.real = session.real.io_binding()
        self.inputs: list[str] = []

    def bind_ortvalue_input(self, name: str, value: Any) -> None:
        self.inputs.append(name)
        self.real.bind_ortvalue_input(name, value)

    def bind_output(self, name: str, device: str, number: int) -> None:
        assert (device, number) == ("cuda", 0)
        self.real.bind_output(name, "cpu", 0)

    def bind_ortvalue_output(self, name: str, value: Any) -> None:
        self.real.bind_ortvalue_output(name, value)

    def get_outputs(self) -> Any:
        return self.real.get_outputs()

    def synchronize_outputs(self) -> None:
        self._session.calls.append("synchronize")


class Session:
    """``InferenceSession`` of a build with CUDA; ``trouble`` is what is wrong with the machine."""

    trouble: ClassVar[str] = ""
    opened: ClassVar[list[Session]] = []

    def __init__(self, path: str, sess_options: Any, providers: list[Any], **kwargs: Any) -> None:
        (name, self.requested), last = providers
        assert (name, last) == (CUDA_NAME, CPU_NAME)
        self.real = REAL_SESSION(path, sess_options, providers=[CPU_NAME])
        self.held = {entry.key: "0" for entry in CUDA.values()} | self.requested
        self.names = [CUDA_NAME, CPU_NAME]
        self.calls: list[str] = []
        self._captured: list[int] = []
        complaint = {
            "driver": "CUDA failure 35:\n CUDA driver version is insufficient",
            "version": 'Unknown provider option: "fuse_conv_bias".',
        }.get(self.trouble)
        if complaint and not kwargs.get("enable_fallback", 1):
            raise RuntimeError(complaint)
        if complaint or self.trouble == "libraries":
            # As it really does: a warning on standard error, and a session like any other.
            self.names, self.held = [CPU_NAME], {}
        if self.trouble == "level":
            self.held |= {"prefer_nhwc": "0"}
        if self.trouble == "capture" and self.requested.get("enable_cuda_graph") == "1":
            raise library.Fail("This session cannot use the graph capture feature as requested by the user")
        Session.opened.append(self)

    def get_inputs(self) -> Any:
        return self.real.get_inputs()

    def get_outputs(self) -> Any:
        return self.real.get_outputs()

    def get_providers(self) -> list[str]:
        return self.names

    def get_provider_options(self) -> dict[str, dict[str, str]]:
        return {CUDA_NAME: self.held, CPU_NAME: {}} if CUDA_NAME in self.names else {CPU_NAME: {}}

    def io_binding(self) -> Binding:
        return Binding(self)

    def run_with_iobinding(self, binding: Binding, run_options: Any = None) -> None:
        self.calls.append("run")
        self.real.run_with_iobinding(binding.real)
        graph = None if run_options is None else run_options.get_run_config_entry("gpu_graph_id")
        if self.held.get("enable_cuda_graph") == "1" and graph != "-1":
            # A graph goes on writing to the addresses that it was captured with.
            addresses = [value.data_ptr() for value in binding.get_outputs()]
            self._captured = self._captured or addresses
            assert addresses == self._captured


@pytest.fixture
def on_cuda(monkeypatch: pytest.MonkeyPatch, tiny: str) -> Callable[..., Any]:
    """Open the tiny network on the GPU that is none."""
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [CUDA_NAME, CPU_NAME])
    monkeypatch.setattr(onnxruntime, "InferenceSession", Session)
    monkeypatch.setattr(onnxruntime, "OrtValue", Value)

    def open_(trouble: str = "", path: str = tiny, **options: Any) -> Any:
        monkeypatch.setattr(Session, "trouble", trouble)
        monkeypatch.setattr(Session, "opened", [])
        engine = OnnxRuntime()
        engine.feeds = {"fp32": feed.plan(networks.inputs(Path(tiny)), WORKLOAD, {})}
        return engine.open({"fp32": path}, WORKLOAD, {"provider": "cuda", **options}, 7)

    return open_


@pytest.mark.parametrize("graph", [None, False, True])
def test_on_cuda_inputs_and_outputs_stay_on_the_gpu(on_cuda: Callable[..., Any], tiny: str, graph: bool | None) -> None:
    session = on_cuda(enable_cuda_graph=graph)
    assert session.counters == ("nvml",)
    (opened,) = Session.opened
    assert opened.calls == ["run"]
    for _ in range(3):
        session.run()
    assert opened.calls == ["run", *["run", "synchronize"] * 3]
    assert session._binding.inputs == ["image"]
    reference = REAL_SESSION(tiny, session_options({}), providers=[CPU_NAME])
    values = np.random.default_rng(7).standard_normal((2, 3, 16, 16)).astype(np.float32)
    (output,) = session.outputs().values()
    np.testing.assert_allclose(output, reference.run(None, {"image": values})[0], rtol=1e-5)
    session.close()


@pytest.mark.parametrize(("name", "level", "key", "text"), levels(CUDA))
def test_every_option_of_cuda_arrives(on_cuda: Callable[..., Any], name: str, level: Any, key: str, text: str) -> None:
    on_cuda(**{name: level}).close()
    assert Session.opened[0].requested == {key: text}


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("libraries", "ONNX Runtime went to the CPU instead"),
        ("driver", "CUDA failure 35: CUDA driver version"),
        ("version", 'Unknown provider option: "fuse_conv_bias"'),
    ],
)
def test_a_session_that_would_go_to_the_cpu_is_unsupported(
    on_cuda: Callable[..., Any], trouble: str, words: str
) -> None:
    with pytest.raises(UnsupportedConfigurationError, match=f"provider cuda: {words}"):
        on_cuda(trouble, fuse_conv_bias=True)


def test_a_level_that_became_another_one_is_unsupported(on_cuda: Callable[..., Any]) -> None:
    on_cuda("level", prefer_nhwc=False).close()
    with pytest.raises(UnsupportedConfigurationError, match="prefer_nhwc: asked for 1, ONNX Runtime made it 0"):
        on_cuda("level", prefer_nhwc=True)


def test_a_network_that_cannot_be_captured_is_unsupported(on_cuda: Callable[..., Any]) -> None:
    on_cuda("capture", enable_cuda_graph=False).close()
    with pytest.raises(UnsupportedConfigurationError, match="cannot use the graph capture feature"):
        on_cuda("capture", enable_cuda_graph=True)


def test_a_network_that_is_none_is_a_failure_on_cuda_too(on_cuda: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "garbage.onnx").write_bytes(b"no network")
    with pytest.raises(library.InvalidProtobuf):
        on_cuda(path=str(tmp_path / "garbage.onnx"))


def test_options_of_the_cpu_alone_are_unsupported_on_cuda(on_cuda: Callable[..., Any]) -> None:
    with pytest.raises(UnsupportedConfigurationError, match="x64_quant_precision is one of provider cpu, not of cuda"):
        on_cuda(x64_quant_precision=False)


def test_left_alone_nothing_is_set(tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: len(CPUS))
    configuration = OnnxRuntime().left_alone({"precision": "int8", "intra_op_threads": 2})
    assert configuration == {"engine_default": True, "precision": "int8"}
    session = OnnxRuntime().open({"int8": tiny}, WORKLOAD, configuration, 1)
    session.run()
    held, library_default = session_options(configuration), onnxruntime.SessionOptions()
    for name in dir(library_default):
        if not name.startswith(("_", "log_severity")) and not callable(getattr(library_default, name)):
            assert getattr(held, name) == getattr(library_default, name), name
    for entry in SESSION.values():
        with pytest.raises(RuntimeError):
            held.get_session_config_entry(entry.key)
    session.close()


def test_left_alone_it_would_leave_an_environment_of_some_cpus(tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: len(CPUS) + 1)
    with pytest.raises(UnsupportedConfigurationError, match="takes all CPUs of the machine"):
        OnnxRuntime().open({"fp32": tiny}, WORKLOAD, {"engine_default": True}, 1)


def test_on_a_gpu_nothing_is_left_alone() -> None:
    assert OnnxRuntime().left_alone({"provider": "cuda"}) is None
    assert OnnxRuntime().left_alone({"provider": "cpu"}) == {"engine_default": True}
