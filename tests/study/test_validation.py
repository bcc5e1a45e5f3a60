"""Bad input: one clear line each, that names file, key, what was found, what is allowed, what was probably meant."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest
import yaml
from onnx import TensorProto, helper
from tests_root import ROOT

from perftransfer.errors import UserError
from perftransfer.goal import Goal, Limit
from perftransfer.measuring import fingerprint
from perftransfer.study import read_study, sheet

HEADER = "environment\thardware\temulated\tcores\tengine\tnetwork\tspace\tbatch\timage_px\n"
ROW = "{name}\tthis machine\tyes\t1\tonnxruntime\t{network}\tonnxruntime\t1\t128\n"
IMPORT = {
    "options": {"threads": {"ordered": True}},
    "objectives": {"latency_ms": {}},
    "environments": {
        name: {"file": "a.csv", "sha256": "0" * 64, "hardware": "board", "rows": {"name": name}} for name in "ab"
    },
}


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Write a study (the default one, changed), check it, and return the message."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config/spaces").symlink_to(ROOT / "config/spaces")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fingerprint, "usable_cpus", lambda: [0, 1])

    def run(change: dict[str, Any] | None = None, sheet: str | None = None, text: str | None = None) -> str:
        rows = ROW.format(name="a", network="mobilenetv2") + ROW.format(name="b", network="xception")
        Path("config/environments.tsv").write_text(HEADER + rows if sheet is None else sheet)
        content = {"study": "mine", "environments": "config/environments.tsv"} | (change or {})
        Path("study.yaml").write_text(text if text is not None else yaml.safe_dump(content))
        with pytest.raises(UserError) as caught:
            read_study(content, [Path("study.yaml")])
        return str(caught.value)

    return run


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sede": 3}, "study.yaml: unknown key 'sede'. Allowed: study, seed, .*. Did you mean 'seed'\\?"),
        (
            {"measuring": {"repeat": 3}},
            "study.yaml: measuring: unknown key 'repeat'. Allowed: .*Did you mean 'repeats'\\?",
        ),
        (
            {"evaluation": {"strategies": ["RS", "NLSM"]}},
            "study.yaml: evaluation.strategies\\[1\\]: unknown strategy 'NLSM'. Allowed: .* Did you mean 'NLMS'\\?",
        ),
        (
            {"learning": {"learners": ["RX"]}},
            "study.yaml: learning.learners\\[0\\]: unknown learner 'RX'. Allowed: BRT, .*",
        ),
        (
            {"learning": {"scale": "logs"}},
            "study.yaml: learning.scale: found 'logs'; input should be 'log' or 'linear'",
        ),
        (
            {"figures": ["influenze"]},
            "study.yaml: figures\\[0\\]: unknown figure 'influenze'.*Did you mean 'influence'\\?",
        ),
        ({"measuring": {"repeats": 0}}, "study.yaml: measuring.repeats: found 0; input should be greater than 0"),
        (
            {"measuring": {"repeats": "two"}},
            "study.yaml: measuring.repeats: found 'two', expected a whole number",
        ),
        (
            {"measuring": {"repeats": True}},
            "study.yaml: measuring.repeats: found True, expected a whole number",
        ),
        (
            {"evaluation": {"budgets": [10, 5]}},
            "study.yaml: evaluation.budgets: found \\[10, 5\\], expected increasing.*",
        ),
        ({"evaluation": {"budgets": [5, 40]}}, "study.yaml: evaluation.budgets: found 40; of 48 .* at most 32 can .*"),
        (
            {"evaluation": {"interval_folds": 1}},
            "study.yaml: evaluation.interval_folds: found 1, expected 0 for none.*",
        ),
        ({"evaluation": {"strategies": "RS"}}, "study.yaml: evaluation.strategies: found 'RS'; .* a valid list"),
        ({"evaluation": {"strategies": ["RS", "RS"]}}, "study.yaml: evaluation.strategies: duplicate 'RS'"),
        (
            {"study": "My Study"},
            "study.yaml: study: found 'My Study', allowed: at most 100 lower-case letters, digits and _ \\. -",
        ),
        (
            {"objectives": ["latency_s"]},
            "study.yaml: objectives\\[0\\]: unknown objective 'latency_s'. Allowed: energy_mj, latency_ms, .*",
        ),
        ({"environments": "config/none.tsv"}, "config/none.tsv: cannot be read: No such file or directory"),
        ({"environments": None}, "study.yaml: no environment: give a sheet .* or published ones .*(\n.*)*"),
        ({"imports": {"x": {**IMPORT, "options": {}}}}, "study.yaml: imports.x.options: found {}; .*"),
        (
            {"imports": {"x": {**IMPORT, "objectivs": {}}}},
            "study.yaml: imports.x: unknown key 'objectivs'. Allowed: .*objectives, .*. Did you mean 'objectives'\\?",
        ),
        (
            {"learning": ["RT"]},
            "study.yaml: learning: found \\['RT'\\], expected a mapping with the keys scale, learners, parameters",
        ),
        (
            {"learning": {"parameters": {"SVR": {"c": 1.0}}}},
            "study.yaml: learning.parameters.SVR: unknown key 'c'. Allowed: C, epsilon. Did you mean 'C'\\?",
        ),
        (
            {"learning": {"parameters": {"RFF": {"n_estimators": 5}}}},
            "study.yaml: learning.parameters: unknown key 'RFF'. Allowed: BRT, .*. Did you mean 'RF'\\?",
        ),
        (
            {"learning": {"parameters": {"RF": {"n_estimators": 0}}}},
            "study.yaml: learning.parameters.RF.n_estimators: found 0; input should be greater than 0",
        ),
        (
            {"learning": {"parameters": {"NN": {"activation": "sigmoid"}}}},
            "study.yaml: learning.parameters.NN.activation: found 'sigmoid'; input should be 'relu', .*",
        ),
        (
            {"evaluation": {"designs": ["guided"]}},
            "study.yaml: evaluation.designs\\[0\\]: unknown design 'guided'. Allowed: .*",
        ),
        (
            {"imports": {"x": {**IMPORT, "options": {"threads": {"by_rank": True}}}}, "environments": None},
            "study.yaml: imports.x.options.threads: by_rank needs an order: ordered: true",
        ),
        (
            {
                "imports": {"x": {**IMPORT, "options": {"threads": {"by_rank": True, "ordered": True, "factor": 2.0}}}},
                "environments": None,
            },
            "study.yaml: imports.x.options.threads: give factor or by_rank, not both: ranks have no unit",
        ),
        (
            {"evaluation": {"budgets": [5], "designs": ["random"], "design_budgets": [5, 40]}},
            "study.yaml: evaluation.design_budgets: found 40; of 48 measured configurations a third is held out, .*",
        ),
        ({"learning": {"learners": ["svr"]}}, ".*: unknown learner 'svr'. Allowed: .*. Did you mean 'SVR'\\?"),
        ({"goal": {"minimise": "latency_ms"}}, "study.yaml: goal: unknown key 'minimise'. Allowed: minimize, .*"),
        ({"goal": {"subject_to": ["latency_ms < 2"]}}, "study.yaml: goal.subject_to\\[0\\]: found 'latency_ms < 2'.*"),
        ({"imports": {"x": IMPORT}}, "study.yaml: imports: environment a is also in the sheet\n.*"),
        (
            {
                "imports": {"x": {**IMPORT, "objectives": {"accuracy": {}}}},
                "environments": None,
                "objectives": ["accuracy"],
            },
            "study.yaml: imports.x.objectives.accuracy.maximize: is missing; .*",
        ),
        (
            {"imports": {"x": {**IMPORT, "objectives": {"latency_ms": {"maximize": True}}}}},
            "(.*\n)*study.yaml: imports.x.objectives.latency_ms.maximize: found true; other environments .*",
        ),
    ],
)
def test_a_wrong_key_or_value_is_named_with_what_is_allowed(check, change, message):
    import re

    problems = check(change)
    assert re.fullmatch(message, problems), problems


def test_a_missing_name_is_said(check):
    assert "study.yaml: study: found None; input should be a valid string" in check({"study": None})


def test_all_that_is_wrong_is_listed_at_once(check):
    lines = check({"sede": 1, "seed": -1, "evaluation": {"repeats": "x"}}).splitlines()
    assert len(lines) == 3
    assert all(line.startswith("study.yaml: ") for line in lines)


@pytest.mark.parametrize(
    ("sheet", "message"),
    [
        (
            ROW.format(name="a", network="mobilnet") + ROW.format(name="b", network="xception"),
            "config/environments.tsv: line 2: network: unknown network 'mobilnet'. Allowed: bertmini, inceptionv3, "
            "llama12m, llama4m, mobilenetv2, resnet18, squeezenet, xception. Did you mean 'mobilenetv2'?",
        ),
        (
            ROW.format(name="a", network="xception").replace("onnxruntime", "onnxruntim", 1),
            "config/environments.tsv: line 2: engine: unknown engine 'onnxruntim'. Allowed: llamacpp, "
            "onnxruntime, openvino, pytorch, simulated. Did you mean 'onnxruntime'?",
        ),
        (
            ROW.format(name="a", network="xception") * 2,
            "config/environments.tsv: line 3: duplicate environment a, also in line 2",
        ),
        (ROW.format(name="a", network="xception").replace("\t1\t128", "\t1"), "line 2: found 8 cells, expected 9"),
        (ROW.format(name="a", network="xception").replace("\tyes\t", "\tmaybe\t"), "emulated: unknown answer 'maybe'"),
        (
            ROW.format(name="a", network="xception").replace("\t128", "\tbig"),
            "image_px: found 'big', allowed: a number",
        ),
        (
            ROW.format(name="a", network="xception").replace("\tyes\t", "\tno\t"),
            "environment a: found emulated no with 1 of this machine's",
        ),
        (
            ROW.format(name="a b", network="xception"),
            "environment: found 'a b', allowed: at most 100 lower-case letters",
        ),
        (
            ROW.format(name="a", network="x").replace("onnxruntime", "simulated", 1),
            "found 'a' with engine 'simulated'; environments of that engine, and no others, have names that start with "
            "simulated",
        ),
        (
            ROW.format(name="a", network="xception").replace("onnxruntime\t1", "onnxruntim\t1"),
            "environment a: unknown option space 'onnxruntim'. Allowed: llamacpp, ",
        ),
        (
            ROW.format(name="a", network="xception").replace("\t1\tonnx", "\t999\tonnx"),
            "environment a: needs 999 cores; ",
        ),
        (ROW.format(name="a" * 101, network="xception"), "allowed: at most 100 lower-case letters"),
        (ROW.format(name="a", network="x" * 3000 + ".onnx"), "network: there is no file xxx"),
        (ROW.format(name="a", network="xception"), "or a target and a source; there is only a"),
    ],
)
def test_a_wrong_row_of_the_sheet_is_named_by_line(check, sheet, message):
    assert message in check(sheet=HEADER + sheet)


@pytest.mark.parametrize(
    ("role", "budget", "message"),
    [
        ("goal", "", "line 2: role: unknown role 'goal'. Allowed: source, target"),
        ("target", "", "line 2: budget: found ''; a target has a number of configurations to measure, from 1"),
        ("target", "0", "line 2: budget: found '0'; a target has"),
        ("source", "5", "line 2: budget: found '5'; only a target (role) has a budget"),
        ("", "5", "line 2: budget: found '5'; only a target (role) has a budget"),
    ],
)
def test_a_budget_is_that_of_a_target(check, role, budget, message):
    header, row = HEADER.rstrip("\n"), ROW.format(name="a", network="mobilenetv2").rstrip("\n")
    assert message in check(sheet=f"{header}\trole\tbudget\n{row}\t{role}\t{budget}\n")


def test_a_wrong_column_of_the_sheet_is_named(check):
    problems = check(sheet=HEADER.replace("image_px", "imagepx"))
    assert "line 1: unknown column 'imagepx'. Allowed: environment, " in problems
    assert "Did you mean 'image_px'?" in problems
    assert "the column image_px is missing" in problems
    assert "is empty" in check(sheet="")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("study: mine\nseed: 1\nseed: 2\n", "study.yaml: line 3: duplicate key 'seed'"),
        ("study: [mine\n", "study.yaml: line 2: "),
    ],
)
def test_a_file_that_yaml_would_misread_is_refused_by_line(check, text, message):
    assert message in check(text=text)


def imports(**change: Any) -> dict[str, Any]:
    return {"imports": {"x": {**IMPORT, **change}}, "environments": None}


def environment(**change: Any) -> dict[str, Any]:
    return imports(
        environments={"a": {"file": "a.csv", "hardware": "board", **change}, "b": IMPORT["environments"]["b"]}
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        *(
            (environment(file=name), "imports.x.environments.a.file: found ")
            for name in ("../a.csv", "/a.csv", "b/a.csv")
        ),
        *(
            (environment(file=name), "imports.x.environments.a.file: found ")
            for name in ("..", "*.csv", "a\\b.csv", "")
        ),
        (
            environment(address="https://a.example/a.csv"),
            "imports.x: environments.a.sha256: is missing; what is downloaded",
        ),
        (
            environment(rows={"n": None}),
            "imports.x.environments.a.rows.n: found None, expected a number, a text, true or",
        ),
        (environment(file=None), "imports.x: environments.a.file: is missing"),
        (imports(environments={}), "imports.x: environments: found none"),
        (imports(environments="all"), "imports.x: environments: found 'all'; all and a list need file and"),
        (imports(environment_column="n"), "imports.x: environment_column needs environments: all, or a list"),
        (imports(missing=[float("inf")]), "imports.x.missing[0]: found inf, expected a number between"),
        (
            imports(options={"a": {"levels": [1.1, 1.10]}}),
            "imports.x.options.a.levels: duplicate 1.1; write names that",
        ),
        (imports(options={"hardware": {}}), "imports.x.options.hardware: a column of the dataset has that name"),
        (
            imports(options={"latency_ms_cv": {}}),
            "imports.x.options.latency_ms_cv: a column of the dataset has that name",
        ),
        (imports(options={"a_*": {"column": "b"}}), "imports.x.options.a_*: a pattern needs one column, with a *"),
        (
            imports(options={"a*b*": {}}),
            "found 'a*b*', allowed: lower-case letters, digits and _, a letter first; one *",
        ),
        (
            {"measuring": {"timeout_seconds": float("inf")}},
            "measuring.timeout_seconds: found inf; input should be a finite",
        ),
        (
            {"measuring": {"repeats": 10**30}},
            "measuring.repeats: found 1000000000000000000000000000000; input should be less",
        ),
        ({"seed": 2**32}, "seed: found 4294967296; input should be less than"),
        ({"figures": ["x" * 10**6]}, "unknown figure 'xxxxx"),
        ({"measuring": [0] * 10**5}, "measuring: found [0, 0, 0"),
    ],
)
def test_what_would_be_read_or_fetched_wrongly_is_refused(check, change: dict[str, Any], message: str) -> None:
    problems = check(change)
    assert message in problems
    assert len(problems.splitlines()) == 1
    assert len(problems) < 1500


SPACE = {
    "options": {
        "intra_op_threads": {"levels": [1, 2], "ordered": True},
        "execution_mode": {"levels": ["sequential", "parallel"]},
        "precision": {"levels": ["fp32", "int8"]},
    }
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"options": {"a": {"levels": [1]}}}, "options.a.levels: expected a list of two or more values, found [1]"),
        ({"options": {"a": {"levels": [1, 1.0]}}}, "options.a.levels: duplicate level in [1, 1.0]"),
        ({"options": {"a": {"levels": [1, 2], "default": 3}}}, "options.a.default: unknown level 3. Allowed: 1, 2"),
        ({"options": {"a": {"levels": [1, 2], "orderd": 1}}}, "options.a: unknown key 'orderd'. Allowed: default, "),
        ({"option": {}}, "unknown key 'option'. Allowed: options, conditions, forbidden. Did you mean 'options'?"),
        (
            {"conditions": [{"option": "precision", "when": {"execution_mode": ["paralel"]}}]},
            "conditions[0].when: execution_mode: unknown level 'paralel'. Allowed: sequential, parallel. Did you mean "
            "'parallel'?",
        ),
        ({"forbidden": [{"precison": "int8"}]}, "forbidden[0]: unknown option 'precison'. Allowed: "),
        ({"forbidden": [{"precision": "fp32"}]}, "forbidden[0]: forbids the default configuration itself"),
        (
            {"options": {"intra_threads": {"levels": [1, 2]}}},
            "options: unknown onnxruntime option 'intra_threads'. Allowed: ",
        ),
        (
            {"options": {"precision": {"levels": ["fp32", "fp16"]}}},
            "options.precision.levels: unknown precision 'fp16'. Allowed: fp32, int8",
        ),
        (
            {"options": {"graph_optimization_level": {"levels": ["off", "all"]}}},
            "options.graph_optimization_level.levels: graph_optimization_level: unknown level 'off'. Allowed: disabled",
        ),
        (
            {"options": {"execution_mode": {"levels": ["sequential", "paralel"]}}},
            "options.execution_mode.levels: execution_mode: unknown level 'paralel'. Allowed: sequential, parallel",
        ),
        (
            {"options": {"intra_op_threads": {"levels": [0, 2]}}},
            "options.intra_op_threads.levels: option intra_op_threads is 0: give a number from 1",
        ),
        (
            {"options": {"memory_arena": {"levels": [None, True]}}},
            "options.memory_arena.levels: found None, expected a number, a text, true or false; write names",
        ),
        ({"options": {"a": {"levels": [1, float("inf")]}}}, "options.a.levels: found inf, expected a number between"),
    ],
)
def test_a_wrong_option_space_is_named_by_key(check, change, message):
    Path("config/spaces").unlink()
    Path("config/spaces").mkdir()
    Path("config/spaces/onnxruntime.yaml").write_text(yaml.safe_dump(SPACE | change))
    problems = check()
    assert problems.startswith("config/spaces/onnxruntime.yaml: ")
    assert message in problems


GOAL_SHEET = HEADER.rstrip("\n") + "\trole\tbudget\tgoal\n{}\t\t\t\n{}\ttarget\t5\t{}\n"


@pytest.mark.parametrize(
    ("goal", "message"),
    [
        ("{minimize: latency_ms, subject_to: [latency_ms_p99 <= 20], fixed: {precision: int8}}", None),
        ("{minimize: latency_ms", "config/environments.tsv: environment b: goal: not valid YAML: "),
        ("{minimise: latency_ms}", "environment b: goal: unknown key 'minimise'. Allowed: minimize, "),
        (
            "{minimize: throughput_per_s}",
            "goal.minimize: found throughput_per_s, of which more is better: use maximize",
        ),
        ("{maximize: latency_ms}", "goal.maximize: found latency_ms, of which less is better: use minimize"),
        ("{minimize: latency}", "unknown objective 'latency'. Allowed: "),
        ("{fixed: {precision: int4}}", "precision: unknown level 'int4'. Allowed: fp32, int8"),
        ("fast", "environment b: goal: found 'fast', expected a mapping with the keys minimize, "),
    ],
)
def test_the_goal_of_a_target_is_checked(tmp_path, monkeypatch, goal, message):
    (tmp_path / "config").mkdir()
    (tmp_path / "config/spaces").symlink_to(ROOT / "config/spaces")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fingerprint, "usable_cpus", lambda: [0, 1])
    rows = [
        ROW.format(name=name, network=network).rstrip("\n") for name, network in (("a", "xception"), ("b", "resnet18"))
    ]
    Path("config/environments.tsv").write_text(GOAL_SHEET.format(*rows, goal))
    Path("study.yaml").write_text(yaml.safe_dump({"study": "mine", "environments": "config/environments.tsv"}))
    content = yaml.safe_load(Path("study.yaml").read_text())
    if message is not None:
        with pytest.raises(UserError) as caught:
            read_study(content, [Path("study.yaml")])
        assert message in str(caught.value)
        return
    study = read_study(content, [Path("study.yaml")])
    assert study.objectives == ["latency_ms", "latency_ms_p99"]
    assert study.goal("b") == Goal(
        ["latency_ms"], ["latency_ms"], [Limit("latency_ms_p99", True, 20.0)], {"precision": "int8"}
    )


def own_network(*shape, element=TensorProto.FLOAT):
    """Write config/own.onnx; return the row of its sheet up to the columns batch, image_px, sizes and inputs."""
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", element, shape)],
        [helper.make_tensor_value_info("y", element, None)],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), "config/own.onnx")
    return "a\tthis machine\tyes\t1\tonnxruntime\tconfig/own.onnx\tonnxruntime"


SIZES_HEADER = HEADER.rstrip("\n") + "\tsizes\tinputs\n"


@pytest.mark.parametrize(
    ("shape", "cells", "message"),
    [
        ((1, 8), "256\t-\t\t", "environment a: input x has the size 1 in its first dimension; the environment"),
        ((1, 8), "1\t512\t\t", "environment a: the network takes no images of 512 x 512 pixels"),
        ((1, 8), "1\t\tsequence=128\t", "environment a: sizes: the network does not take sequence=128"),
        ((1, "time"), "1\t-\t-\t-", "environment a: no size for the free dimension time; the sheet gives batch=1"),
        (("batch", 8), "-\t-\t\t", "Write a size into the sheet, column batch"),
        ((1, 8), "1\t\t\t{z: ones}", "environment a: inputs: unknown input 'z'. Allowed: x"),
        ((1, 8), "1\t\t\t{x: one}", "line 2: inputs: x: unknown filling 'one'"),
        ((1, 8), "1\t\t\t{x: [}", "line 2: not valid YAML"),
        ((1, 8), "1\t\ttime 7\t", "line 2: sizes: found 'time 7', expected free dimensions and their sizes: "),
        ((1, 8), "1\t\ttime=x y=3\t", "line 2: sizes: found 'time=x y=3', expected"),
        ((1, 8), "1\t\ttime=0\t", "line 2: sizes: found time=0, allowed: a number from 1"),
        ((1, 8), "1\t\ttime=7 time=8\t", "line 2: sizes: duplicate dimension time"),
        ((1, 8), "1\t\tbatch=7\t", "line 2: sizes: found batch=7; give it in the column batch"),
        ((1, 8), "0\t\t\t", "line 2: batch: found '0', allowed: a number from 1, or -"),
    ],
)  # fmt: skip
def test_what_the_network_does_not_take_is_told_before_anything_is_measured(check, shape, cells, message):
    assert message in check(sheet=f"{SIZES_HEADER}{own_network(*shape)}\t{cells}\n")


def test_every_file_of_a_network_is_checked(check):
    row = own_network(1, 8)
    for precision in ("fp32", "int8"):
        Path(f"config/own.{precision}.onnx").write_bytes(Path("config/own.onnx").read_bytes())
    message = check(sheet=f"{SIZES_HEADER}{row.replace('own.onnx', 'own.{precision}.onnx')}\t256\t-\t\t\n")
    assert "environment a: input x has the size 1 in its first dimension" in message


def test_sizes_of_built_in_networks_are_checked_before_they_are_built(check):
    rows = [
        ("a", "bertmini", "-\t"),
        ("b", "bertmini", "128\tsequence=8"),
        ("c", "squeezenet", "128\tsequence=8"),
        ("d", "squeezenet", "-\t"),
        ("e", "bertmini", "-\tseq_len=8"),
    ]
    written = [ROW.format(name=name, network=network).replace("128\n", f"{cells}\t\n") for name, network, cells in rows]
    problems = check(sheet=SIZES_HEADER + "".join(written))
    assert "environment a: no size for the free dimension sequence" in problems
    assert "environment b: the network takes no images of 128 x 128 pixels" in problems
    assert "environment c: sizes: the network does not take sequence=8" in problems
    assert "environment d: no size for the free dimension image_px" in problems
    assert "environment e" not in problems


def test_a_size_that_the_simulated_engine_ignores_is_refused(check):
    row = "simulated-a\tthis machine\tno\tall\tsimulated\tnone\tonnxruntime\t1\t128\tsequence=8\t\n"
    assert "environment simulated-a: sizes: unknown size 'sequence'. Allowed: " in check(sheet=SIZES_HEADER + row)


def test_names_of_dimensions_may_have_any_characters(tmp_path):
    cells = "-\t\tpast_length + 1=5 batch-size=2  a.b/c = 3 x[1]=4\t{x: {range: [0, 5]}}"
    row_text = ROW.format(name="a", network="bertmini").replace("1\t128\n", f"{cells}\n")
    (tmp_path / "sheet.tsv").write_text(SIZES_HEADER + row_text)
    (row,) = sheet.read(tmp_path / "sheet.tsv")
    assert (row.batch, row.image_px) == (None, None)
    assert row.workload == {"past_length + 1": 5, "batch-size": 2, "a.b/c": 3, "x[1]": 4}
    assert row.fills["x"].range == (0, 5)
