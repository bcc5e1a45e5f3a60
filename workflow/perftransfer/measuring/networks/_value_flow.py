"""Where the values of a network's inputs go: which table they index, and what of the work they decide.

Follows values through operators that only reorder, convert or combine small numbers, into the bodies of If, Loop and
Scan. Whatever else it meets (a convolution, a product of matrices, a shape) ends the search: numbers from there on are
results, not what was fed. A sum ends it, too: that of a mask of ones is the full length.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import onnx
import onnx.inliner

from perftransfer.measuring.feed.declared import FLOATS, DeclaredInput

# Operators whose first input comes out again, each number as it was.
_MOVES = frozenset(
    {"Cast", "Expand", "Flatten", "Identity", "Reshape", "Slice", "Squeeze", "Tile", "Transpose", "Unsqueeze"}
)
# Operators that make small numbers from small numbers: all inputs, or those at these places.
_COMPUTES: dict[str, tuple[int, ...] | None] = {
    **dict.fromkeys(
        ("Abs", "Add", "And", "Ceil", "Clip", "Concat", "Div", "Equal", "Floor", "Greater", "GreaterOrEqual", "Less",
         "LessOrEqual", "Max", "Min", "Mod", "Mul", "Neg", "Not", "Or", "Pow", "Round", "Sub", "Where"), None,
    ),
    **dict.fromkeys((*_MOVES, "Gather", "ReduceMax", "ReduceMin", "ReduceProd"), (0,)),
}  # fmt: skip
_AXES, _SHAPE, _SIZE, _SIZES = {1: "the axes"}, {1: "the shape"}, {0: "the size"}, {1: "the sizes"}
_LENGTHS = {1: "the longest output", 2: "the shortest output"}
_BEAMS = {**_LENGTHS, 3: "the number of beams", 4: "the number of outputs"}
# Inputs of operators that decide how much is computed, by their places. Those of older definitions are among them.
_DECIDES: dict[str, dict[int, str]] = {
    "Loop": {0: "the trip count", 1: "the condition"},
    "If": {0: "the condition"},
    "TopK": {1: "k"},
    "Range": {0: "the start", 1: "the limit", 2: "the step"},
    "Slice": {1: "the starts", 2: "the ends", 3: "the axes", 4: "the steps"},
    "Resize": {1: "the scales", 2: "the scales", 3: "the sizes"},
    "Upsample": {1: "the scales"},
    "Tile": {1: "the repeats"},
    "Pad": {1: "the padding"},
    "OneHot": {1: "the depth"},
    "NonMaxSuppression": {2: "the number of boxes", 3: "a threshold", 4: "a threshold"},
    "ConstantOfShape": {0: "the shape"},
    "MaxUnpool": {2: "the shape"},
    "Col2Im": {1: "the shape", 2: "the block"},
    "DFT": {1: "the length", 2: "the axis"},
    "STFT": {1: "the step", 3: "the length"},
    "MelWeightMatrix": {0: "the number of bins", 1: "the length"},
    "Attention": {6: "the lengths"},
    "GroupQueryAttention": {5: "the lengths", 6: "the total length"},
    **dict.fromkeys(("Expand", "Reshape", "CenterCropPad", "AffineGrid"), _SHAPE),
    **dict.fromkeys(("Split", "SplitToSequence"), _SIZES),
    **dict.fromkeys(("BlackmanWindow", "HammingWindow", "HannWindow"), _SIZE),
    "LSTM": {4: "the lengths"},
    "GRU": {4: "the lengths"},
    "RNN": {4: "the lengths"},
    **dict.fromkeys(("CumSum", "CumProd", "Squeeze", "Unsqueeze"), _AXES),
    **dict.fromkeys(("ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean"), _AXES),
    **dict.fromkeys(("ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare"), _AXES),
    **dict.fromkeys(("GreedySearch", "Sampling"), _LENGTHS),
    **dict.fromkeys(("BeamSearch", "WhisperBeamSearch"), _BEAMS),
}
# Operators that read rows of a table: places of indices and table, name of the attribute that says along which axis.
_LOOKUPS = {
    "Gather": (((1, 0),), "axis"),
    "GatherElements": (((1, 0),), "axis"),
    "GatherBlockQuantized": (((1, 0),), "gather_axis"),
    "EmbedLayerNormalization": (((0, 2), (1, 4)), ""),
}
# Operators whose output has the shape of their first input.
_SAME_SHAPE = frozenset({"Cast", "DequantizeLinear", "Identity", "QuantizeLinear"})
# Larger inputs of floats are images, sounds and states: what is computed with them is no length.
_MAX_RANK_OF_FLOATS = 2


@dataclass
class _Graph:
    """All nodes of a model, those of bodies as well, by what they read.

    consumers: of a value, with the place among their inputs. same: names of values in bodies by those outside that they
    are. shapes: of weights and constants.
    """

    consumers: dict[str, list[tuple[onnx.NodeProto, int]]] = field(default_factory=lambda: defaultdict(list))
    same: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    shapes: dict[str, Sequence[int]] = field(default_factory=dict)

    def add(self, graph: onnx.GraphProto) -> None:
        self.shapes |= {weight.name: list(weight.dims) for weight in graph.initializer}
        for node in graph.node:
            for place, name in enumerate(node.input):
                if name:
                    self.consumers[name].append((node, place))
            self._add_shape(node)
            for body in _bodies(node):
                self.add(body)
                self._connect(node, body)

    def _add_shape(self, node: onnx.NodeProto) -> None:
        if node.op_type == "Constant":
            for attribute in node.attribute:
                if attribute.name == "value":
                    self.shapes[node.output[0]] = list(attribute.t.dims)
        elif node.op_type in _SAME_SHAPE and node.input and node.input[0] in self.shapes:
            self.shapes[node.output[0]] = self.shapes[node.input[0]]

    def _connect(self, node: onnx.NodeProto, body: onnx.GraphProto) -> None:
        # A Loop's body gets the iteration first, and returns the condition first.
        inputs: Iterable[str] = node.input[2:] if node.op_type == "Loop" else node.input
        in_body = body.input[2:] if node.op_type == "Loop" else body.input
        out_of_body = body.output[1:] if node.op_type == "Loop" else body.output
        for outside, inside in zip(inputs, in_body, strict=False):
            self.same[outside].append(inside.name)
        for inside, outer in zip(out_of_body, node.output, strict=False):
            self.same[inside.name].append(outer)
        if node.op_type == "Loop" and body.output:
            self.consumers[body.output[0].name].append((node, 1))


def annotated(declared: Sequence[DeclaredInput], model: onnx.ModelProto) -> list[DeclaredInput]:
    """Return the inputs, with the rows of the table that each indexes, and what of the work each decides."""
    graph = _Graph()
    graph.add(_inlined(model).graph)
    out = []
    for each in declared:
        rows = min(
            (
                rows
                for node, place in _reached(graph, each.name, dict.fromkeys(_MOVES, (0,)))
                for rows in _rows(graph, node, place)
            ),
            default=None,
        )
        is_small = each.type not in FLOATS or len(each.sizes or ()) <= _MAX_RANK_OF_FLOATS
        decided = (
            f"{_DECIDES[node.op_type][place]} of {node.op_type}{f' ({node.name})' if node.name else ''}"
            for node, place in (_reached(graph, each.name, _COMPUTES) if is_small else ())
            if place in _DECIDES.get(node.op_type, ())
        )
        out.append(replace(each, rows=rows, decides=next(decided, "")))
    return out


def _inlined(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model with its own functions written out, as far as onnx can."""
    if not model.functions:
        return model
    try:
        return onnx.inliner.inline_local_functions(model)
    except (RuntimeError, ValueError, TypeError):
        return model


def _bodies(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def _reached(
    graph: _Graph, name: str, through: Mapping[str, tuple[int, ...] | None]
) -> Iterator[tuple[onnx.NodeProto, int]]:
    """The nodes that get values of ``name``, and at which place; ``through``: operators that pass them on."""
    pending, seen = [name], {name}
    while pending:
        value = pending.pop()
        reached = list(graph.same.get(value, ()))
        for node, place in graph.consumers.get(value, ()):
            yield node, place
            places = through.get(node.op_type, ())
            if places is None or place in places:
                reached += node.output
        new = [each for each in dict.fromkeys(reached) if each and each not in seen]
        seen.update(new)
        pending += new


def _rows(graph: _Graph, node: onnx.NodeProto, place: int) -> Iterator[int]:
    lookups, axis_name = _LOOKUPS.get(node.op_type, ((), ""))
    for indices, table in lookups:
        if place == indices and len(node.input) > table and node.input[table] in graph.shapes:
            shape = graph.shapes[node.input[table]]
            axis = next((attribute.i for attribute in node.attribute if attribute.name == axis_name), 0)
            if -len(shape) <= axis < len(shape) and shape[axis] > 0:
                yield int(shape[axis])
