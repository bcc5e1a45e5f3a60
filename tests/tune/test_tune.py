"""`perftransfer tune`: what is asked for, the study that it writes, and what it came to."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import yaml
from onnx import TensorProto, helper, numpy_helper

from perftransfer import shipped, yaml_file
from perftransfer.__main__ import main
from perftransfer.errors import UserError
from perftransfer.measuring.networks._profile import profile
from perftransfer.reference import known
from perftransfer.reference.known import EnvironmentFacts
from perftransfer.study import read_study
from perftransfer.study.facts import Study
from perftransfer.tune import result, running, study_files
from perftransfer.tune.request import Request, name_for, request
from perftransfer.tune.result import Result, Value


def network(folder: Path, name: str = "net.onnx", *, groups: int = 1) -> Path:
    """A convolution and a product of matrices, of free batch, height and width."""
    rng = np.random.default_rng(0)
    weights = [
        numpy_helper.from_array(rng.standard_normal((8, 4 // groups, 3, 3)).astype("float32"), "kernel"),
        numpy_helper.from_array(rng.standard_normal((8, 10)).astype("float32"), "matrix"),
    ]
    nodes = [
        helper.make_node("Conv", ["image", "kernel"], ["a"], pads=[1, 1, 1, 1], group=groups),
        helper.make_node("GlobalAveragePool", ["a"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("MatMul", ["flat", "matrix"], ["out"]),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 4, "height", "width"])
    out = helper.make_tensor_value_info("out", TensorProto.FLOAT, ["batch", 10])
    graph = helper.make_graph(nodes, "net", [image], [out], weights)
    path = folder / name
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A network in an empty folder, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATASETS", raising=False)
    return network(tmp_path)


def written(asked: Request) -> tuple[Study, dict[str, Any]]:
    """Write the study of a request, and read it as Snakemake does."""
    study_files.write(asked)
    path = asked.out / study_files.STUDY
    return read_study(yaml_file.read(path), [path]), yaml.safe_load(path.read_text())


SHAPE = ["image=1x4x32x32"]


def test_a_network_becomes_a_study_with_the_references_most_like_it(model: Path) -> None:
    study, content = written(request(str(model), shape=SHAPE, budget=7))
    assert study.name == "net"
    assert study.targets == ["net"]
    assert study.rows["net"].budget == 7
    assert study.rows["net"].workload == {"batch": 1, "height": 32, "width": 32}
    assert 0 < len(study.imports) <= 5
    # Of one precision, so the sources are read in that alone.
    assert "precision" not in [option.name for option in study.spaces["space"].options]
    for environment in content["imports"]["onnxruntime-cpu"]["environments"].values():
        assert environment["rows"]["precision"] == "fp32"
    # Nothing is compared: no strategy, no search is simulated.
    assert study.strategies == study.search_methods == []


def test_options_and_limits_become_the_goal(model: Path) -> None:
    asked = request(
        str(model),
        shape=SHAPE,
        subject_to=["peak_memory_mib<=500"],
        fixed=["prepacking=false"],
        minimize=["latency_ms"],
    )
    goal = written(asked)[0].goal("net")
    assert goal.searched == ["latency_ms"]
    assert [(one.objective, one.at_most, one.value) for one in goal.limits] == [("peak_memory_mib", True, 500.0)]
    assert goal.fixed == {"prepacking": False}


def test_without_sources_the_target_is_searched_by_itself(model: Path) -> None:
    study, content = written(request(str(model), shape=SHAPE, sources=["none"]))
    assert study.environments == []
    assert content["recommendation"] == {"strategy": "GP", "search": "EI"}


def test_a_second_file_in_integers_is_tried_as_well(model: Path) -> None:
    network(model.parent, "net.int8.onnx")
    study, _ = written(request(str(model), shape=SHAPE))
    assert study.precisions("net") == ["fp32", "int8"]
    assert study.network_files("net") == ["net.onnx", "net.int8.onnx"]
    before = study.network_version("net")
    network(model.parent, "net.int8.onnx", groups=2)
    assert written(request(str(model), shape=SHAPE))[0].network_version("net") != before


def test_quantising_is_asked_for(model: Path) -> None:
    study, _ = written(request(str(model), shape=SHAPE, allow_quantization=True))
    assert study.network_files("net") == ["results/net/net.onnx", "results/net/net.int8.onnx"]
    assert "QuantizeLinear" in {node.op_type for node in onnx.load("results/net/net.int8.onnx").graph.node}
    assert not Path("net.int8.onnx").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["other.onnx"], "no file"),
        (["net.onnx"], "--shape image="),
        (["net.onnx", "--shape", "image=1x4x32"], "4 dimensions"),
        (["net.onnx", "--shape", "picture=1x4x32x32"], "picture"),
        (["net.onnx", "--shape", "image=1x3x32x32"], "fixed size 4"),
        (["net.onnx", "--shape", *SHAPE, "--inputs", "{picture: ones}"], "picture"),
        (["net.onnx", "--shape", "image:1,4"], "--shape"),
        (["net.onnx", "--shape", *SHAPE, "--fixed", "threads=1"], "no option"),
        (["net.onnx", "--shape", *SHAPE, "--fixed", "prepacking"], "option=level"),
        (["net.onnx", "--shape", *SHAPE, "--subject-to", "peak_memory_mib=500"], "--subject-to"),
        (["net.onnx", "--shape", *SHAPE, "--sources", "nowhere"], "nowhere"),
        (["net.onnx", "--shape", *SHAPE, "--sources", "net.onnx"], "net.onnx"),
        (["net.onnx", "--shape", *SHAPE, "--out", "elsewhere"], "results/NAME"),
        (["net.onnx", "--shape", *SHAPE, "--subject-to", "energy_mj<=5"], "energy_mj"),
        (["net.onnx", "--shape", *SHAPE, "--engine", "tvm"], "tvm"),
    ],
)
def test_what_cannot_be_done_is_one_message(
    arguments: list[str], said: str, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tune", *arguments]) == 2
    message = capsys.readouterr().err
    assert said in message
    assert "Traceback" not in message


def test_names_are_those_that_studies_may_have() -> None:
    assert name_for(Path("/x/ResNet 50 (v2).onnx")) == "resnet-50-v2"


def test_operations_are_counted_by_kind(tmp_path: Path) -> None:
    shapes = {"image": [2, 4, 16, 8]}
    counted = profile(network(tmp_path), shapes)
    convolution, matrix = 2 * 8 * 16 * 8 * 4 * 9, 2 * 10 * 8
    assert counted.parameters == 8 * 4 * 9 + 8 * 10
    assert counted.shares["convolution"] * counted.operations == pytest.approx(convolution)
    assert counted.shares["matrix"] * counted.operations == pytest.approx(matrix)
    assert sum(counted.shares.values()) == pytest.approx(1)
    depthwise = profile(network(tmp_path, groups=4), shapes)
    assert depthwise.shares["depthwise"] * depthwise.operations == pytest.approx(convolution / 4)


def test_the_most_similar_environments_come_first() -> None:
    there = known.read_all([shipped.reference()])
    for one in there:
        assert known.distance(one.facts, one.facts) == 0
        assert known.closest(there, one.facts, 1) == [one]
    bert = next(one.facts for one in there if one.facts["network"] == "bertmini")
    # A network of matrices on two cores: the same network, before networks of convolutions on two.
    other = EnvironmentFacts(**{**bert, "cores": 2})
    assert known.closest(there, other, 1)[0].facts["network"] == "bertmini"
    assert known.closest(there, EnvironmentFacts(**{**bert, "engine": "openvino"}), 3) == []


def test_reference_measurements_are_as_the_engine_measures() -> None:
    """Levels, units and the facts about each environment: what a study imports without a look."""
    space = yaml_file.read(shipped.spaces() / "onnxruntime.yaml")["options"]
    for one in known.read_all([shipped.reference()]):
        assert {option.name for option in one.options} <= space.keys()  # type: ignore[attr-defined]
        assert one.facts["operations"] > 10**6
        assert one.facts["cores"] <= one.facts["cpus"]


RESULT = Result(
    objective="latency_ms",
    maximize=False,
    configuration={"threads": 2},
    changes="threads=2",
    recommended=Value(1.0, 0.02, 4),
    default=Value(2.0, 0.02, 4),
    engine_default=None,
    keeps_limits=True,
    regret=0.012,
    changes_outputs=[],
    measured=12,
    space=288,
    processes=40,
    disturbed=0,
    seconds=60.0,
    sources=["a"],
    code="threads = 2",
    report=Path("results/net/report.html"),
)


def test_a_result_says_what_was_measured_and_what_that_is_worth() -> None:
    text = str(RESULT)
    assert "threads=2" in text
    assert "50 %" in text
    assert "12 of 288" in text
    assert "disturbed" not in text
    assert "38 of 40" in str(replace(RESULT, disturbed=38))
    assert "precision=int8" in str(replace(RESULT, changes_outputs=["precision=int8"]))
    assert json.loads(RESULT.as_json())["recommended"] == {"measured": 1.0, "cv": 0.02, "n": 4}


@pytest.mark.parametrize(
    ("now", "before", "maximize", "is_slower"),
    [
        (Value(1.00, 0.02, 4), Value(1.00, 0.02, 4), False, False),
        # Within the noise of both.
        (Value(1.02, 0.02, 4), Value(1.00, 0.02, 4), False, False),
        (Value(1.10, 0.02, 4), Value(1.00, 0.02, 4), False, True),
        (Value(0.50, 0.02, 4), Value(1.00, 0.02, 4), False, False),
        (Value(0.50, 0.02, 4), Value(1.00, 0.02, 4), True, True),
        # No noise is known, but less than 1 % does not matter.
        (Value(1.005, None, 1), Value(1.00, None, 1), False, False),
    ],
)
def test_a_gate_closes_where_a_result_is_worse_beyond_noise(
    now: Value, before: Value, maximize: bool, is_slower: bool, tmp_path: Path
) -> None:
    baseline = tmp_path / "baseline.json"
    baseline.write_text(replace(RESULT, recommended=before, maximize=maximize).as_json())
    problem = result.slower_than(replace(RESULT, recommended=now, maximize=maximize), baseline)
    assert (problem is not None) == is_slower


def test_a_baseline_of_something_else_is_refused(tmp_path: Path) -> None:
    baseline = tmp_path / "baseline.json"
    for content in ("{}", "no JSON", replace(RESULT, objective="energy_mj").as_json()):
        baseline.write_text(content)
        with pytest.raises(UserError):
            result.slower_than(RESULT, baseline)


def test_a_run_says_what_it_is_doing() -> None:
    assert running.state("") == "preparing"
    log = "localrule merge:\n    input: x\n1 of 20 steps (5%) done\nlocalrule target:\n"
    assert running.state(log) == "measuring"
    log += "net: 3 of 24, 20 s left\nnet: 4 of 24, 19 s left\n"
    assert running.state(log) == "measuring: 4 of up to 24"
    busy = "5 of 5 measurements of net were disturbed: unreliable; pausing until it is quiet, up to 20 s"
    assert running.state(f"{log}{busy}\n").startswith("waiting until")
    assert running.state(f"{log}{busy}\nnet: 5 of 24, 18 s left\n") == "measuring: 5 of up to 24"
    assert running.state(f"{log}net waits: this machine is measuring other\n").startswith("waiting for another")
