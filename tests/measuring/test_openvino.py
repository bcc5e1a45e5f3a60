"""Checks OpenVINO's engine: that every option arrives, what it refuses, and that it can be forked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import tiny_network
from onnx import TensorProto
from tiny_network import INTEGERS, network

from perftransfer.measuring import engines, networks
from perftransfer.measuring.engines import interface, onnxruntime
from perftransfer.measuring.engines.interface import UnsupportedConfigurationError
from perftransfer.measuring.fingerprint import usable_cpus
from perftransfer.measuring.isolation import MeasuringServer
from perftransfer.package_path import package_path
from perftransfer.space.option_space import OptionSpace

openvino = pytest.importorskip("openvino", reason="openvino is not installed (pip install openvino)")

from perftransfer.measuring.engines._openvino_options import properties  # noqa: E402
from perftransfer.measuring.engines.openvino import OpenVino  # noqa: E402

pytestmark = pytest.mark.engines
WORKLOAD = {"batch": 2, "image_px": 16}
ENVIRONMENT = {**os.environ, "PYTHONPATH": package_path()}
CORES = len(usable_cpus())
SPACE = Path(__file__).parents[2] / "config/spaces/openvino.yaml"
two_cores = pytest.mark.skipif(CORES < 2, reason="needs two cores")


@pytest.fixture
def tiny(tmp_path: Path) -> str:
    return network(tmp_path, ["batch", 3, "image_px", "image_px"])


@pytest.fixture(scope="module")
def core() -> openvino.Core:
    return openvino.Core()


def open_network(path: str, workload: dict[str, int], options: dict[str, Any], seed: int) -> Any:
    return OpenVino().open({"fp32": path}, workload, options, seed)


def request(path: str, **options: Any) -> dict[str, Any]:
    return tiny_network.request(path, WORKLOAD, options)


@pytest.fixture
def server() -> Iterator[MeasuringServer]:
    with MeasuringServer("openvino", usable_cpus()) as measuring:
        yield measuring


def test_it_keeps_the_promises_of_the_interface() -> None:
    engine = engines.load("openvino")
    assert isinstance(engine, interface.Engine)
    assert engine.name == "openvino" in engines.names()
    assert engine.versions()["openvino"].startswith(openvino.__version__[:4])


def test_threads_and_hint_are_set_even_if_nobody_asks() -> None:
    expected = {"INFERENCE_NUM_THREADS": 1, "PERFORMANCE_HINT": "LATENCY"}
    assert properties({}) == properties({"inference_num_threads": None, "num_streams": None}) == expected


def test_every_option_becomes_a_property_of_openvino() -> None:
    hint = openvino.properties.hint
    assert properties(
        {
            "performance_hint": "throughput",
            "num_streams": 2,
            "inference_num_threads": 4,
            "inference_precision_hint": "f32",
            "enable_cpu_pinning": False,
            "enable_hyper_threading": True,
            "scheduling_core_type": "pcore_only",
            "cpu_denormals_optimization": True,
            "execution_mode_hint": "accuracy",
            "precision": "int8",
            "device": "CPU",
        }
    ) == {
        hint.performance_mode(): "THROUGHPUT",
        openvino.properties.num_streams(): 2,
        openvino.properties.inference_num_threads(): 4,
        hint.inference_precision(): "f32",
        hint.enable_cpu_pinning(): False,
        hint.enable_hyper_threading(): True,
        hint.scheduling_core_type(): "PCORE_ONLY",
        openvino.properties.intel_cpu.denormals_optimization(): True,
        hint.execution_mode(): "ACCURACY",
    }


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"performance_hint": "fast"}, "performance_hint: unknown level 'fast'. Allowed: latency, throughput"),
        ({"inference_precision_hint": "f8"}, "inference_precision_hint: unknown level 'f8'. Allowed: f32, bf16, f16"),
        ({"device": "TPU"}, "device: unknown level 'TPU'. Allowed: CPU, GPU"),
        ({"inference_num_threads": 0}, "inference_num_threads is 0: give a number from 1"),
        ({"num_streams": -1}, "num_streams is -1: give a number from 1"),
        ({"precision": "int8"}, "no network file in precision int8; there are fp32"),
        ({"inference_num_threads": 100_000}, "inference_num_threads: asked for 100000, OpenVINO made it"),
        ({"scheduling_core_type": "big"}, "scheduling_core_type: unknown level 'big'. Allowed: any_core"),
        ({"num_streams": 2}, "num_streams: asked for 2, OpenVINO made it 1"),
    ],
)
def test_what_cannot_be_done_is_unsupported_with_words(tiny: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(UnsupportedConfigurationError, match=words):
        open_network(tiny, WORKLOAD, options, 1)


@pytest.mark.parametrize(("level", "capability"), [("f32", "FP32"), ("bf16", "BF16"), ("f16", "FP16")])
def test_precisions_without_instructions_for_them_are_unsupported(
    tiny: str, core: openvino.Core, level: str, capability: str
) -> None:
    if capability in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        session = open_network(tiny, WORKLOAD, {"inference_precision_hint": level}, 1)
        session.run()
        session.close()
    else:
        with pytest.raises(UnsupportedConfigurationError, match=rf"inference_precision_hint {level}: .* offers FP32"):
            open_network(tiny, WORKLOAD, {"inference_precision_hint": level}, 1)


def test_a_gpu_that_is_not_there_is_unsupported(tiny: str, core: openvino.Core) -> None:
    if any(name.startswith("GPU") for name in core.available_devices):
        pytest.skip("this machine has a GPU that OpenVINO knows")
    with pytest.raises(UnsupportedConfigurationError, match="OpenVINO finds no device GPU here, only CPU"):
        open_network(tiny, WORKLOAD, {"device": "GPU"}, 1)


def test_a_run_is_one_inference_with_latency_and_one_a_stream_with_throughput(tiny: str) -> None:
    session = open_network(tiny, WORKLOAD, {}, 1)
    assert isinstance(session, interface.Session)
    assert session.inferences_per_run == 1
    session.run()
    session.close()
    for streams in range(1, min(CORES, 2) + 1):
        options = {"performance_hint": "throughput", "num_streams": streams, "inference_num_threads": streams}
        session = open_network(tiny, WORKLOAD, options, 1)
        assert session.inferences_per_run == streams
        session.run()
        session.close()


@pytest.mark.parametrize("hint", ["latency", "throughput"])
def test_every_request_computes_what_onnx_runtime_computes(tiny: str, hint: str) -> None:
    threads = min(CORES, 2)
    options = {"performance_hint": hint, "inference_num_threads": threads, "inference_precision_hint": "f32"}
    session = open_network(tiny, WORKLOAD, options, 7)
    session.run()
    reference = onnxruntime.OnnxRuntime().open({"fp32": tiny}, WORKLOAD, {}, 7)
    (expected,) = reference._session.run(None, reference._feed)
    assert expected.shape == (2, 3, 16, 16)
    assert len(session._requests) == session.inferences_per_run
    for done in session._requests:
        np.testing.assert_allclose(done.get_output_tensor().data, expected, rtol=1e-4, atol=1e-4)


def test_a_network_of_texts_takes_the_sizes_of_its_own_dimensions(tmp_path: Path) -> None:
    networks.write("bertmini", "fp32", tmp_path / "bert.onnx", seed=0)
    session = open_network(str(tmp_path / "bert.onnx"), {"batch": 2, "sequence": 9}, {}, 1)
    session.run()
    assert [list(port.shape) for port in session._compiled.inputs] == [[2, 9], [2, 9]]
    assert list(session._compiled.output().shape) == [2, 9, 256]
    session.close()


@pytest.mark.parametrize(
    "element", [*INTEGERS, TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.BOOL, TensorProto.BFLOAT16]
)
def test_inputs_of_other_types_are_fed(tmp_path: Path, element: int) -> None:
    session = open_network(network(tmp_path, ["batch", 3, 8, 8], element), {"batch": 2}, {}, 1)
    session.run()
    (z,) = session.outputs().values()
    assert z.shape == (2, 3, 8, 8)
    assert np.isfinite(z).all()
    session.close()


def test_the_space_asks_for_options_of_the_engine_and_its_default_opens(tiny: str) -> None:
    space = OptionSpace.read(SPACE)
    assert {option.name for option in space.options} <= OpenVino().options
    defaults = {option.name: option.default for option in space.options if not option.conditional}
    session = open_network(tiny, WORKLOAD, defaults, 1)
    session.run()
    session.close()


@two_cores
@pytest.mark.parametrize("hint", ["latency", "throughput"])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("pinning", [True, False])
@pytest.mark.parametrize("denormals", [True, False])
@pytest.mark.parametrize("mode", ["performance", "accuracy"])
def test_levels_of_the_space_hold_on_a_machine_of_two_cores(
    tiny: str, hint: str, threads: int, pinning: bool, denormals: bool, mode: str
) -> None:
    options = {
        "performance_hint": hint,
        "inference_num_threads": threads,
        "num_streams": threads if hint == "throughput" else None,
        "enable_cpu_pinning": pinning,
        "cpu_denormals_optimization": denormals,
        "execution_mode_hint": mode,
    }
    session = open_network(tiny, WORKLOAD, json.loads(json.dumps(options)), 1)
    session.run()
    session.close()


def test_a_real_measurement_gives_positive_latencies(server: MeasuringServer, tiny: str) -> None:
    for hint in ("latency", "throughput"):
        outcome = server.measure(request(tiny, performance_hint=hint, inference_num_threads=min(CORES, 2)))
        assert (outcome["status"], outcome["error"], outcome["warmup_n"]) == ("ok", None, 2)
        assert len(outcome["latency_ms"]) >= 5
        assert min(outcome["latency_ms"]) > 0


def test_what_fails_in_the_server_is_a_status(server: MeasuringServer, tmp_path: Path, tiny: str) -> None:
    garbage = tmp_path / "garbage.onnx"
    garbage.write_bytes(b"no network")
    assert server.measure(request(str(garbage)))["status"] == "failed"
    assert server.measure(request(str(tmp_path / "nowhere.onnx")))["status"] == "failed"
    outcome = server.measure(request(tiny, num_streams=2))
    assert (outcome["status"], outcome["error"].split(":")[0]) == ("unsupported", "num_streams")


def test_the_import_does_not_report_to_its_makers() -> None:
    code = "import sys, perftransfer.measuring.engines.openvino; print(sys.modules['openvino_telemetry'])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True, env=ENVIRONMENT).strip() == "None"


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_the_server_has_one_thread_when_it_forks(server: MeasuringServer, tiny: str) -> None:
    def threads() -> str:
        (process,) = psutil.Process().children()
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        return next(line.split()[1] for line in lines if line.startswith("Threads:"))

    for _ in range(3):
        assert threads() == "1"
        assert server.measure(request(tiny, inference_num_threads=min(CORES, 2)))["status"] == "ok"
    assert threads() == "1"
