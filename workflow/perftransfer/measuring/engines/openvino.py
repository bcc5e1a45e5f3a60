"""OpenVINO on the CPU, and on Intel's GPUs where its plugin finds one.

What is measured depends on ``performance_hint``. With ``latency`` a run is one inference. With ``throughput`` a run
starts as many requests at once as OpenVINO calls optimal (one per stream) and waits until all are done. Its time is
then the latency under full load: that of the slowest of the requests that share the machine. The session's
``inferences_per_run`` says how many they are: divided by it, a run's time is the reciprocal of the throughput, and its
energy that of an inference. Latencies of the two hints are those of an idle machine and of a busy one.

Shapes are fixed to the workload's before the network is compiled, as OpenVINO advises: nothing is left dynamic.

A cap on instruction sets is a setting of the environment and no option (``hardware/instruction_set.py``).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

# It reports its import to its makers, from threads that would be there when the server forks.
# Where it is not installed, OpenVINO does without.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
import openvino  # type: ignore[import-not-found]  # noqa: E402

from perftransfer.levels import Level  # noqa: E402
from perftransfer.measuring.engines import _openvino_options as _options  # noqa: E402
from perftransfer.measuring.engines import _reading  # noqa: E402
from perftransfer.measuring.engines.interface import Engine, Options, Session, UnsupportedConfigurationError  # noqa: E402

_CAPABILITIES = {"f32": "FP32", "bf16": "BF16", "f16": "FP16"}


def _device(core: openvino.Core, options: Options) -> str:
    """Name of the device that the configuration asks for, if the machine has it."""
    device = _options.device(options)
    there = core.available_devices
    if not any(name == device or name.startswith(f"{device}.") for name in there):
        raise UnsupportedConfigurationError(f"OpenVINO finds no device {device} here, only {', '.join(there)}")
    return device


def _check(core: openvino.Core, device: str, options: Options, requested: Mapping[str, object]) -> None:
    """Refuse what the device does not know, or has no instructions for."""
    supported = core.get_property(device, "SUPPORTED_PROPERTIES")
    strange = [name.lower() for name in requested if name not in supported]
    if strange:
        raise UnsupportedConfigurationError(f"OpenVINO's device {device} has no option {', '.join(strange)}")
    precision = options.get("inference_precision_hint")
    able = core.get_property(device, "OPTIMIZATION_CAPABILITIES")
    if precision is not None and _CAPABILITIES[str(precision)] not in able:
        raise UnsupportedConfigurationError(
            f"inference_precision_hint {precision}: OpenVINO's device {device} offers {', '.join(able)} on this machine"
        )


def _verify(compiled: openvino.CompiledModel, requested: Mapping[str, object]) -> None:
    """Refuse a configuration that OpenVINO tacitly replaced by another: it caps threads and streams, for one."""
    for name, value in requested.items():
        # By their texts: some come back as another type than they are given in.
        expected, actual = _text(value), _text(compiled.get_property(name))
        if actual != expected:
            raise UnsupportedConfigurationError(
                f"{name.lower()}: asked for {expected}, OpenVINO made it {actual} on this machine"
            )


def _text(value: Any) -> str:
    return value.get_type_name() if isinstance(value, openvino.Type) else str(getattr(value, "name", value)).lower()


class _OpenVinoSession(Session):
    """One network, one or more requests to it; ``inferences_per_run`` says how many."""

    def __init__(self, path: str, feed: Mapping[str, npt.NDArray[np.generic] | None], options: Options) -> None:
        # Not before: it starts threads, and the process that imports this module forks.
        core = openvino.Core()
        device = _device(core, options)
        requested = _options.properties(options)
        _check(core, device, options, requested)
        model = core.read_model(path)
        arrays = [_array_of(port, feed) for port in model.inputs]
        shapes = [openvino.PartialShape(list(values.shape)) for values in arrays]
        model.reshape(dict(zip(model.inputs, shapes, strict=True)))
        self._compiled = core.compile_model(model, device, requested)
        _verify(self._compiled, requested)
        self.inferences_per_run = 1
        if requested["PERFORMANCE_HINT"] == "THROUGHPUT":
            self.inferences_per_run = int(self._compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        self._arrays = arrays
        self._requests = [self._request() for _ in range(self.inferences_per_run)]

    def _request(self) -> openvino.InferRequest:
        request = self._compiled.create_infer_request()
        for index, (port, values) in enumerate(zip(self._compiled.inputs, self._arrays, strict=True)):
            request.set_input_tensor(index, _tensor(port, values))
        return request

    def run(self) -> None:
        if self.inferences_per_run == 1:
            # Outputs stay where the engine put them: copying them is not part of an inference.
            self._requests[0].infer(share_outputs=True)
            return
        for request in self._requests:
            request.start_async()
        for request in self._requests:
            request.wait()

    def outputs(self) -> dict[str, object]:
        self.run()
        names = [_name(port, f"output {index}") for index, port in enumerate(self._compiled.outputs)]
        return dict(zip(names, map(_numbers, self._requests[0].output_tensors), strict=True))

    def close(self) -> None:
        del self._requests, self._compiled


def _name(port: Any, otherwise: str) -> str:
    return next(iter(sorted(port.get_names())), otherwise)


def _array_of(port: Any, feed: Mapping[str, npt.NDArray[np.generic] | None]) -> npt.NDArray[np.generic]:
    """The array that is fed to an input of the network as OpenVINO has read it."""
    names = [name for name in feed if name in port.get_names()]
    values = feed[names[0]] if names else None
    if values is None:
        raise UnsupportedConfigurationError(f"input {_name(port, 'without a name')}: OpenVINO cannot leave it out")
    return values


def _tensor(port: Any, values: npt.NDArray[np.generic]) -> openvino.Tensor:
    if port.get_element_type() == openvino.Type.bf16:
        # NumPy has no such type.
        return openvino.Tensor(_reading.bfloat16_bits(values), openvino.Shape(values.shape), openvino.Type.bf16)
    return openvino.Tensor(values)


def _numbers(tensor: openvino.Tensor) -> object:
    if tensor.get_element_type() == openvino.Type.bf16:
        return _reading.float32_of_bits(tensor.data.view(np.uint16))
    return tensor.data


class OpenVino(Engine):
    """OpenVINO: hints, threads, streams, pinning, precision.

    A counter of the CPU's package covers Intel's built-in GPU, too, but not a graphics card.
    """

    isolated = True
    counters = ("rapl", "hwmon")
    instruction_set_variable = "ONEDNN_MAX_CPU_ISA"
    workload = frozenset({"batch", "image_px", "sequence"})
    options = _options.NAMES | {"precision"}

    @classmethod
    def level_problem(cls, option: str, level: Level) -> str | None:
        """Translate a level next to each device."""
        return _reading.level_problem(
            _options.properties, option, level, [{"device": device} for device in _options.DEVICES]
        )

    def versions(self) -> dict[str, str]:
        """Version of the installed OpenVINO, with its build."""
        return {"openvino": openvino.get_version()}

    def open(
        self, files: Mapping[str, str], workload: Mapping[str, int], options: Options, seed: int
    ) -> _OpenVinoSession:
        """Open the network in the precision that the configuration asks for (fp32 where it asks for none).

        ``precision`` says which file is read; ``inference_precision_hint``, in what its float operations are computed.
        """
        path = _reading.network_file(files, options)
        return _OpenVinoSession(path, _reading.feed(self, files, workload, options, seed), options)
