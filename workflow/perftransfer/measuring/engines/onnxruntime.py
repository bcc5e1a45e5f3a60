"""ONNX Runtime on the CPU."""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np

# It would report its use to its makers, from a thread that would be there when the server forks.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
import onnxruntime

from perftransfer.measuring.engines import _reading
from perftransfer.measuring.engines.interface import Options

_LEVELS = {
    "disabled": onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL,
    "basic": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    "extended": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    "all": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL,
}
_MODES = {
    "sequential": onnxruntime.ExecutionMode.ORT_SEQUENTIAL,
    "parallel": onnxruntime.ExecutionMode.ORT_PARALLEL,
}
_LOG_ERRORS_ONLY = 3
_TYPES = {
    "tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64,
    "tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(bool)": np.bool_,
}  # fmt: skip


def session_options(options: Options) -> onnxruntime.SessionOptions:
    """Translate a configuration into ONNX Runtime's session options.

    Options that the configuration does not name keep ONNX Runtime's defaults, except for the thread counts: left
    alone, ONNX Runtime takes all cores of the machine, whatever the affinity of the process allows.
    """
    out = onnxruntime.SessionOptions()
    out.log_severity_level = _LOG_ERRORS_ONLY
    out.intra_op_num_threads = _threads(options, "intra_op_threads")
    out.inter_op_num_threads = _threads(options, "inter_op_threads")
    out.execution_mode = _reading.choice("execution_mode", options.get("execution_mode") or "sequential", _MODES)
    out.graph_optimization_level = _reading.choice(
        "graph_optimization_level", options.get("graph_optimization_level") or "all", _LEVELS
    )
    out.enable_cpu_mem_arena = options.get("memory_arena") is not False
    out.enable_mem_pattern = options.get("memory_pattern") is not False
    out.add_session_config_entry("session.intra_op.allow_spinning", _flag(options.get("intra_op_spinning")))
    out.add_session_config_entry("session.disable_prepacking", "1" if options.get("prepacking") is False else "0")
    return out


def _threads(options: Options, name: str) -> int:
    level = options.get(name)
    return 1 if level is None else _reading.number(name, level)


def _flag(value: object) -> str:
    return "0" if value is False else "1"


class _OnnxSession:
    def __init__(self, path: str, workload: Mapping[str, int], options: Options, seed: int) -> None:
        self._session = onnxruntime.InferenceSession(path, session_options(options), providers=["CPUExecutionProvider"])
        rng = np.random.default_rng(seed)
        self._feed = {
            node.name: _reading.values(
                node.name, node.type, _reading.shape(node.name, node.shape, workload), _TYPES, rng
            )
            for node in self._session.get_inputs()
        }

    def run(self) -> None:
        self._session.run(None, self._feed)

    def close(self) -> None:
        del self._session


class OnnxRuntime:
    """ONNX Runtime's CPU provider: threads, graph optimisation, memory, prepacking, precision."""

    name = "onnxruntime"
    isolated = True
    counters = ("rapl", "hwmon")
    workload = frozenset({"batch", "image_px", "sequence"})
    options = frozenset(
        {
            "intra_op_threads", "inter_op_threads", "execution_mode", "graph_optimization_level",
            "intra_op_spinning", "prepacking", "precision", "memory_arena", "memory_pattern",
        }
    )  # fmt: skip

    def versions(self) -> dict[str, str]:
        """Version of the installed ONNX Runtime."""
        return {"onnxruntime": onnxruntime.__version__}

    def open(self, files: Mapping[str, str], workload: Mapping[str, int], options: Options, seed: int) -> _OnnxSession:
        """Open the network in the precision that the configuration asks for (fp32 where it asks for none)."""
        return _OnnxSession(_reading.network_file(files, options), workload, options, seed)


ENGINE = OnnxRuntime()
