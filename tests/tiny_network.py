"""A network that opens in no time, and a measurement of it that takes no longer, for tests of engines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from perftransfer.errors import UserError
from perftransfer.measuring import feed, networks
from perftransfer.measuring.protocol import Protocol
from perftransfer.plain import to_plain

INTEGERS = [getattr(TensorProto, f"{sign}INT{bits}") for sign in ("", "U") for bits in (8, 16, 32, 64)]


def network(folder: Path, shape: list[Any], element: int = TensorProto.FLOAT) -> str:
    """Two convolutions (of an input cast to float)."""
    weights = np.random.default_rng(0).standard_normal((3, 3, 3, 3), dtype=np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["image"], ["x"], to=TensorProto.FLOAT),
            helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1]),
            helper.make_node("Conv", ["y", "w"], ["z"], pads=[1, 1, 1, 1]),
        ],
        "tiny",
        [helper.make_tensor_value_info("image", element, shape)],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(weights, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path = folder / "tiny.onnx"
    onnx.save(model, path)
    return str(path)


def feeds(path: str, workload: Mapping[str, int]) -> dict[str, Any]:
    """What a job plans to feed; nothing where the file is no network."""
    try:
        return {"fp32": to_plain(feed.plan(networks.inputs(Path(path)), workload, {}))}
    except UserError:
        return {}


def request(
    path: str, workload: Mapping[str, int], options: Mapping[str, Any], timeout_seconds: float = 60.0
) -> dict[str, Any]:
    """What a measuring server is asked: two inferences to warm up, five to be timed."""
    protocol = Protocol(
        warmup_runs=2,
        warmup_seconds=0.0,
        runs=5,
        seconds=0.0,
        timeout_seconds=timeout_seconds,
        max_seconds=0.0,
        max_warmup_seconds=0.0,
    )
    return {
        "files": {"fp32": path},
        "feeds": feeds(path, workload),
        "workload": dict(workload),
        "options": dict(options),
        "protocol": asdict(protocol),
        "seed": 1,
    }
