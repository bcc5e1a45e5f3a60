"""What the graph of a network says of its inputs: tables that they index, work that their values decide, weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from perftransfer.errors import UserError
from perftransfer.measuring import networks

FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
value = helper.make_tensor_value_info
node = helper.make_node


def weight(name: str, *shape: int, dtype: str = "float32") -> onnx.TensorProto:
    return numpy_helper.from_array(np.zeros(shape, dtype), name)


def save(path: Path, nodes: list[Any], inputs: list[Any], weights: list[Any], functions: Any = ()) -> Path:
    graph = helper.make_graph(nodes, "g", inputs, [value("y", FLOAT, None)], weights)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1), helper.make_opsetid("own", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=9, functions=functions), path)
    return path


def declared(tmp_path: Path, nodes: list[Any], element: int = INT64, shape: Any = (2,), **more: Any) -> Any:
    weights = more.pop("weights", [weight("table", 50, 8), weight("narrow", 4, 8)])
    path = save(tmp_path / "x.onnx", nodes, [value("x", element, shape)], weights, **more)
    (result,) = networks.inputs(path)
    return result


@pytest.mark.parametrize(
    ("nodes", "rows"),
    [
        ([node("Gather", ["table", "x"], ["y"])], 50),
        ([node("Gather", ["table", "x"], ["y"], axis=-1)], 8),
        (
            [
                node("Cast", ["x"], ["a"], to=INT64),
                node("Unsqueeze", ["a", "b"], ["c"]),
                node("Gather", ["table", "c"], ["y"]),
            ],
            50,
        ),
        ([node("Gather", ["table", "x"], ["y"]), node("Gather", ["narrow", "x"], ["z"])], 4),
        ([node("DequantizeLinear", ["table", "s"], ["t"]), node("Gather", ["t", "x"], ["y"])], 50),
        ([node("EmbedLayerNormalization", ["x", "s", "table", "p", "narrow"], ["y"], domain="com.microsoft")], 50),
        ([node("EmbedLayerNormalization", ["s", "x", "table", "p", "narrow"], ["y"], domain="com.microsoft")], 4),
        ([node("Constant", [], ["t"], value=weight("t", 7, 2)), node("Gather", ["t", "x"], ["y"])], 7),
        # What is computed of it is another number.
        ([node("Add", ["x", "one"], ["a"]), node("Gather", ["table", "a"], ["y"])], None),
        ([node("Gather", ["x", "i"], ["y"])], None),
        ([node("Gather", ["unknown", "x"], ["y"])], None),
    ],
)
def test_rows_of_a_table_that_an_input_indexes(tmp_path: Path, nodes: list[Any], rows: int | None) -> None:
    result = declared(tmp_path, nodes)
    assert (result.rows, result.decides) == (rows, "")


def test_rows_are_seen_through_functions_of_the_model(tmp_path: Path) -> None:
    lookup = helper.make_function(
        "own", "Lookup", ["i", "t"], ["o"], [node("Gather", ["t", "i"], ["o"])], [helper.make_opsetid("", 17)]
    )
    assert declared(tmp_path, [node("Lookup", ["x", "table"], ["y"], domain="own")], functions=[lookup]).rows == 50


def loop(**inner: Any) -> list[Any]:
    """A loop whose body gets the state ``s`` and reads ``x`` from outside."""
    body = helper.make_graph(
        [node("Identity", ["c"], ["c2"]), *inner.get("nodes", [node("Identity", ["s"], ["s2"])])],
        "body",
        [value("i", INT64, []), value("c", BOOL, []), value("s", INT64, None)],
        [value("c2", BOOL, []), value("s2", INT64, None)],
        inner.get("weights", []),
    )
    return [node("Loop", inner.get("inputs", ["n", "", "x"]), ["y"], body=body, name="steps")]


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        (loop(inputs=["x", "", "n"]), "the trip count of Loop (steps)"),
        ([node("Cast", ["x"], ["b"], to=BOOL), *loop(inputs=["", "b", "n"])], "the condition of Loop (steps)"),
        (loop(nodes=[node("TopK", ["m", "s"], ["v", "s2"])]), "k of TopK"),
        (loop(nodes=[node("TopK", ["m", "x"], ["v", "s2"])]), "k of TopK"),
        ([*loop(), node("Range", ["a", "y", "b"], ["z"])], "the limit of Range"),
        ([node("LSTM", ["a", "b", "c", "", "x"], ["y"], hidden_size=1)], "the lengths of LSTM"),
        (
            [
                node("Add", ["x", "one"], ["a"]),
                node("Concat", ["b", "a"], ["c"], axis=0),
                node("Tile", ["t", "c"], ["y"]),
            ],
            "the repeats of Tile",
        ),
        ([node("ReduceSum", ["t", "x"], ["y"])], "the axes of ReduceSum"),
        (
            [node("GroupQueryAttention", [*"qkvpc", "x", "n"], ["y"], domain="com.microsoft")],
            "the lengths of GroupQuery",
        ),
        ([node("Upsample", ["t", "x"], ["y"])], "the scales of Upsample"),
        ([node("BeamSearch", ["i", "x"], ["y"], domain="com.microsoft")], "the longest output of BeamSearch"),
        # A sum of a mask of ones is the full length, and a shape is no value.
        ([node("ReduceSum", ["x"], ["a"]), node("Slice", ["t", "b", "a"], ["y"])], ""),
        ([node("Shape", ["x"], ["a"]), node("Reshape", ["t", "a"], ["y"])], ""),
        ([node("Reshape", ["x", "s"], ["y"])], ""),
    ],
)
def test_an_input_whose_value_decides_the_work_is_told(tmp_path: Path, nodes: list[Any], words: str) -> None:
    decides = declared(tmp_path, nodes).decides
    assert decides.startswith(words)
    assert bool(decides) == bool(words)


def test_small_floats_may_decide_the_work_and_images_do_not(tmp_path: Path) -> None:
    resize = [node("Resize", ["t", "", "x"], ["y"])]
    assert declared(tmp_path, resize, FLOAT, [4]).decides == "the scales of Resize"
    assert declared(tmp_path, resize, FLOAT, [1, 3, 8, 8]).decides == ""


def external(name: str) -> onnx.TensorProto:
    tensor = weight("w", 2)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=name)
    return tensor


def test_weights_in_files_belong_to_a_network_wherever_its_graph_names_them(tmp_path: Path) -> None:
    then, otherwise = (
        helper.make_graph([node("Identity", ["w"], ["o"])], "b", [], [value("o", FLOAT, None)], [external(name)])
        for name in ("then", "else")
    )
    nested = helper.make_graph(
        [node("If", ["x"], ["p"], then_branch=then, else_branch=otherwise)], "n", [], [value("p", FLOAT, None)]
    )
    function = helper.make_function(
        "own", "F", [], ["o"], [node("Constant", [], ["o"], value=external("function"))], [helper.make_opsetid("", 17)]
    )
    nodes = [
        node("If", ["x"], ["y"], then_branch=nested, else_branch=nested),
        node("Constant", [], ["k"], value=external("constant")),
        node("F", [], ["f"], domain="own"),
        *loop(inputs=["n", "", "x"], weights=[external("loop")]),
    ]
    path = save(tmp_path / "x.onnx", nodes, [value("x", BOOL, [])], [external("graph")], functions=[function])
    names = ["constant", "else", "function", "graph", "loop", "then"]
    for name in names:
        with pytest.raises(UserError, match="its weights are missing"):
            networks.files_of(path)
        (tmp_path / name).write_bytes(bytes(8))
    assert networks.files_of(path) == [path, *(tmp_path / name for name in names)]
