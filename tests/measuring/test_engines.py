"""Checks the engines: that every option arrives, and what they refuse."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import psutil
import pytest
import tiny_network
from onnx import TensorProto, helper
from tiny_network import INTEGERS, network

from perftransfer.dataset import tables
from perftransfer.errors import UserError
from perftransfer.measuring import feed, networks
from perftransfer.measuring.engines import interface, simulated
from perftransfer.measuring.engines.interface import UnsupportedConfigurationError
from perftransfer.measuring.engines.onnxruntime import OnnxRuntime, session_options
from perftransfer.measuring.feed import Fill
from perftransfer.measuring.fingerprint import usable_cpus
from perftransfer.measuring.isolation import MeasuringServer
from perftransfer.space.options import Option

WORKLOAD = {"batch": 2, "image_px": 16}
SPINNING, NO_PREPACKING = "session.intra_op.allow_spinning", "session.disable_prepacking"


@pytest.fixture
def tiny(tmp_path: Path) -> str:
    return network(tmp_path, ["batch", 3, "image_px", "image_px"])


def request(path: str, **options: Any) -> dict[str, Any]:
    return tiny_network.request(path, WORKLOAD, options)


@pytest.fixture
def server() -> Iterator[MeasuringServer]:
    with MeasuringServer("onnxruntime", usable_cpus()) as measuring:
        yield measuring


def test_thread_counts_are_set_even_if_nobody_asks() -> None:
    for options in ({}, {"intra_op_threads": None, "inter_op_threads": None}):
        out = session_options(options)
        assert (out.intra_op_num_threads, out.inter_op_num_threads) == (1, 1)


def test_a_thread_count_that_hands_the_choice_to_the_library_is_refused() -> None:
    for name in ("intra_op_threads", "inter_op_threads"):
        with pytest.raises(UnsupportedConfigurationError, match=f"{name} is 0"):
            session_options({name: 0})


def test_every_option_reaches_the_session_options() -> None:
    out = session_options(
        {
            "intra_op_threads": 4,
            "inter_op_threads": 2,
            "execution_mode": "parallel",
            "graph_optimization_level": "disabled",
            "intra_op_spinning": False,
            "prepacking": False,
            "memory_arena": False,
            "memory_pattern": False,
        }
    )
    assert (out.intra_op_num_threads, out.inter_op_num_threads) == (4, 2)
    assert out.execution_mode == onnxruntime.ExecutionMode.ORT_PARALLEL
    assert out.graph_optimization_level == onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    assert (out.enable_cpu_mem_arena, out.enable_mem_pattern) == (False, False)
    assert out.get_session_config_entry(SPINNING) == "0"
    assert out.get_session_config_entry(NO_PREPACKING) == "1"


def test_what_a_configuration_does_not_name_is_as_the_library_has_it() -> None:
    out, library = session_options({}), onnxruntime.SessionOptions()
    for name in ("execution_mode", "graph_optimization_level", "enable_cpu_mem_arena", "enable_mem_pattern"):
        assert getattr(out, name) == getattr(library, name)
    assert out.get_session_config_entry(SPINNING) == "1"
    assert out.get_session_config_entry(NO_PREPACKING) == "0"


@pytest.mark.parametrize("level", ["disabled", "basic", "extended", "all"])
def test_levels_of_graph_optimisation_are_those_of_the_library(level: str) -> None:
    chosen = session_options({"graph_optimization_level": level}).graph_optimization_level
    assert chosen.name.lower().endswith({"disabled": "disable_all"}.get(level, f"enable_{level}"))


def test_options_that_went_through_a_table_arrive_the_same(tmp_path: Path) -> None:
    schema = (
        Option("intra_op_threads", (1, 4), True, 1),
        Option("inter_op_threads", (1, 2), True, 1, conditional=True),
        Option("memory_arena", (True, False), False, True),
        Option("prepacking", (True, False), False, True, conditional=True),
    )
    written = {
        "a": {"intra_op_threads": 4, "inter_op_threads": None, "memory_arena": False, "prepacking": False},
        "b": {"intra_op_threads": 1, "inter_op_threads": 2, "memory_arena": True, "prepacking": None},
    }
    tables.write(tmp_path / "c.parquet", tables.configurations_frame(written, schema), options=schema)
    read = tables.configurations_of(tables.read(tmp_path / "c.parquet"), tables.options(tmp_path / "c.parquet"))
    a, b = (session_options(json.loads(json.dumps(read[name]))) for name in "ab")
    assert (a.intra_op_num_threads, a.inter_op_num_threads, a.enable_cpu_mem_arena) == (4, 1, False)
    assert a.get_session_config_entry(NO_PREPACKING) == "1"
    assert (b.intra_op_num_threads, b.inter_op_num_threads, b.enable_cpu_mem_arena) == (1, 2, True)
    assert b.get_session_config_entry(NO_PREPACKING) == "0"


def test_a_network_is_opened_with_the_workload_and_runs(tiny: str) -> None:
    session = OnnxRuntime().open({"fp32": tiny}, WORKLOAD, {"intra_op_threads": 2}, 1)
    assert isinstance(session, interface.Session)
    session.run()
    session.close()


def test_a_precision_without_a_file_is_unsupported(tiny: str) -> None:
    with pytest.raises(UnsupportedConfigurationError, match="no network file in precision int8; there are fp32"):
        OnnxRuntime().open({"fp32": tiny}, WORKLOAD, {"precision": "int8"}, 1)


@pytest.mark.parametrize(
    "element", [*INTEGERS, TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.BOOL, TensorProto.BFLOAT16]
)
def test_inputs_of_other_types_are_fed(tmp_path: Path, element: int) -> None:
    session = OnnxRuntime().open({"fp32": network(tmp_path, ["batch", 3, 8, 8], element)}, {"batch": 2}, {}, 1)
    session.run()
    z = session.outputs()["z"]
    assert z.shape == (2, 3, 8, 8)
    assert np.isfinite(z).all()
    session.close()


def outputs(path: Path, graph: onnx.GraphProto, **inputs: Fill) -> dict[str, Any]:
    """What a network answers to what is planned for it."""
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)
    engine = OnnxRuntime()
    engine.feeds = {"fp32": feed.plan(networks.inputs(path), {}, inputs)}
    session = engine.open({"fp32": str(path)}, {}, {}, 1)
    session.run()
    return dict(session.outputs())


def test_a_trip_count_arrives(tmp_path: Path) -> None:
    value, node = helper.make_tensor_value_info, helper.make_node
    body = helper.make_graph(
        [node("Add", ["s", "s"], ["s2"]), node("Identity", ["c"], ["c2"])],
        "body",
        [value("i", TensorProto.INT64, []), value("c", TensorProto.BOOL, []), value("s", TensorProto.FLOAT, [1])],
        [value("c2", TensorProto.BOOL, []), value("s2", TensorProto.FLOAT, [1])],
    )
    inputs = [value("n", TensorProto.INT64, []), value("x", TensorProto.FLOAT, [1])]
    loop = node("Loop", ["n", "", "x"], ["y"], body=body)
    graph = helper.make_graph([loop], "g", inputs, [value("y", TensorProto.FLOAT, [1])])
    with pytest.raises(UserError, match=r"input n: its value decides the trip count of Loop"):
        outputs(tmp_path / "loop.onnx", graph, x=Fill("ones"))
    result = outputs(tmp_path / "loop.onnx", graph, x=Fill("ones"), n=Fill("value", value=5))
    assert result["y"].tolist() == [32.0]


def test_optional_inputs_and_texts_are_fed(tmp_path: Path) -> None:
    optional = helper.make_optional_type_proto(helper.make_tensor_type_proto(TensorProto.FLOAT, [2]))
    graph = helper.make_graph(
        [helper.make_node("OptionalHasElement", ["x"], ["y"]), helper.make_node("Identity", ["t"], ["u"])],
        "g",
        [helper.make_value_info("x", optional), helper.make_tensor_value_info("t", TensorProto.STRING, [2])],
        [
            helper.make_tensor_value_info("y", TensorProto.BOOL, []),
            helper.make_tensor_value_info("u", TensorProto.STRING, [2]),
        ],
    )
    text = Fill("value", value="hello")
    for fill, has_element in ((Fill("absent"), False), (Fill("ones"), True)):
        result = outputs(tmp_path / "x.onnx", graph, t=text, x=fill)
        assert (bool(result["y"]), result["u"].tolist()) == (has_element, ["hello", "hello"])


def test_bfloat16_goes_in_and_comes_out(tmp_path: Path) -> None:
    value = helper.make_tensor_value_info
    casts = [
        helper.make_node("Cast", ["x"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Neg", ["f"], ["g"]),
        helper.make_node("Cast", ["g"], ["y"], to=TensorProto.BFLOAT16),
    ]
    inputs, output = [value("x", TensorProto.BFLOAT16, [2])], [value("y", TensorProto.BFLOAT16, [2])]
    result = outputs(
        tmp_path / "x.onnx", helper.make_graph(casts, "g", inputs, output), x=Fill("value", value=[1.5, -2])
    )
    assert result["y"].tolist() == [-1.5, 2.0]


def test_a_real_measurement_gives_positive_latencies(server: MeasuringServer, tiny: str) -> None:
    outcome = server.measure(request(tiny, intra_op_threads=2, graph_optimization_level="basic", precision=None))
    assert (outcome["status"], outcome["warmup_n"]) == ("ok", 2)
    assert len(outcome["latency_ms"]) >= 5
    assert min(outcome["latency_ms"]) > 0
    assert outcome["open_ms"] > 0
    share = outcome["external_cpu_share"]
    assert share is None or 0 <= share <= 1


def test_a_network_that_cannot_be_opened_is_a_failed_measurement(server: MeasuringServer, tmp_path: Path) -> None:
    garbage = tmp_path / "garbage.onnx"
    garbage.write_bytes(b"no network")
    assert server.measure(request(str(garbage)))["status"] == "failed"
    assert server.measure(request(str(tmp_path / "nowhere.onnx")))["status"] == "failed"
    assert server.measure(request(str(garbage), precision="int8"))["status"] == "unsupported"


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_the_server_has_one_thread_when_it_forks(server: MeasuringServer, tiny: str) -> None:
    def threads() -> str:
        (process,) = psutil.Process().children()
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        return next(line.split()[1] for line in lines if line.startswith("Threads:"))

    assert threads() == "1"
    server.measure(request(tiny, intra_op_threads=4))
    assert threads() == "1"


def test_the_simulated_engine_is_always_the_same_and_answers_to_its_options() -> None:
    one_core = {"batch": 1, "image_px": 128, "cores": 1}
    four_cores = {**one_core, "cores": 4}
    assert simulated.latency_ms(four_cores, {"threads": 4}) < simulated.latency_ms(four_cores, {"threads": 1})
    assert simulated.latency_ms(one_core, {"threads": 4, "spinning": True}) > simulated.latency_ms(
        one_core, {"threads": 4, "spinning": False}
    )
    times = []
    for _ in range(2):
        session = simulated.Simulated().open({}, one_core, {"threads": 1, "spinning": None}, 1)
        session.run()
        times.append(session.clock())
    assert times[0] == times[1] > 0
