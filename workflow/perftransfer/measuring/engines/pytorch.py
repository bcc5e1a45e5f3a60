"""PyTorch on the CPU, and on NVIDIA's GPUs.

The network's file becomes a module of calls of torch.nn.functional (``_onnx_to_torch``), with the shapes of the
workload, and is run as users run theirs: in inference mode, as it is or compiled, under autocast if that is asked for.
Weights are then cast anew in every inference, as in ``with torch.autocast(...): module(x)``. Opening includes the first
inferences and what happens in these only: compilation, the search for algorithms, capture. The GPU is CUDA's first;
``CUDA_VISIBLE_DEVICES``, which belongs to the environment, says which that is.

On the CPU, an inference takes its time by the wall clock. On CUDA it is the GPU's time, between an event before the
first kernel and one after the last. It includes all the time in which the GPU waits for the host to launch a kernel,
for the first one, too: an idle GPU is past the first event at once. It excludes what the host does before that event
and after the last kernel, and copies between host and GPU: inputs lie on the GPU already, outputs stay there.

Most options hold for the whole process, and some cannot be taken back. Each measurement is a process of its own, so
that they reach no other.

A cap on instruction sets is a setting of the environment and no option. ``ONEDNN_MAX_CPU_ISA`` caps the kernels of
oneDNN only (most convolutions, products of 16-bit floats), ``ATEN_CPU_CAPABILITY`` those of PyTorch's own; none caps
MKL's (products of 32-bit floats).
"""

from __future__ import annotations

import contextlib
import operator
import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

# Asking whether there is a GPU must not start CUDA: the process that imports this module forks.
os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")
# Kernels are compiled by the measuring process itself; other processes would still compile while it measures.
os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")
import onnx
import torch  # type: ignore[import-not-found]

from perftransfer.levels import Level
from perftransfer.measuring.engines import _onnx_to_torch, _reading
from perftransfer.measuring.engines._onnx_to_torch.builder import torch_type
from perftransfer.measuring.engines._pytorch_options import (
    AUTOCAST,
    COMPILE,
    COMPILE_MODES,
    DEVICES,
    EXECUTIONS,
    NAMES,
    Settings,
    translate,
)
from perftransfer.measuring.engines.interface import Engine, Options, Session, UnsupportedConfigurationError

# PyTorch's devices, by ours.
_DEVICES = {"cpu": "cpu", "cuda": "cuda"}
# CUDA graphs of the compiler's are there from the third on; before a capture, three are what PyTorch advises.
_FIRST_INFERENCES = {"cpu": 1, "cuda": 3}
# The first generation whose matrix units know TF32 (Ampere).
_TF32_CAPABILITY = (8, 0)

_Outputs = tuple[torch.Tensor, ...]
_Inference = Callable[[], _Outputs]


def _check_cpu(settings: Settings) -> None:
    """Raise UnsupportedConfigurationError for what the installed build lacks."""
    if settings.attributes.get("torch.backends.mkldnn.enabled") and not torch.backends.mkldnn.is_available():
        raise UnsupportedConfigurationError("onednn: the installed PyTorch was built without")


def _check_cuda(settings: Settings) -> None:
    """Raise UnsupportedConfigurationError for what the GPU or the installed build lacks."""
    if not torch.cuda.is_available():
        raise UnsupportedConfigurationError(f"device cuda: PyTorch {torch.__version__} finds no GPU here")
    try:
        torch.cuda.init()
    except RuntimeError as error:
        raise UnsupportedConfigurationError(_words("device cuda", error)) from error
    uses_tf32 = settings.attributes.get("torch.backends.cudnn.allow_tf32")
    if uses_tf32 and torch.cuda.get_device_capability() < _TF32_CAPABILITY:
        raise UnsupportedConfigurationError("tf32: this GPU has no TF32")
    if settings.attributes.get("torch.backends.cudnn.benchmark") and not torch.backends.cudnn.is_available():
        raise UnsupportedConfigurationError("cudnn_benchmark: the installed PyTorch was built without cuDNN")


def _apply(settings: Settings) -> None:
    """Set what holds for the whole process.

    Raises UnsupportedConfigurationError if this processor cannot.
    """
    for path, argument in settings.calls.items():
        if _attribute(path)(argument) is False:
            raise UnsupportedConfigurationError(f"{path.removeprefix('torch.set_')}: this processor cannot")
    for path, value in settings.attributes.items():
        owner, _, name = path.rpartition(".")
        setattr(_attribute(owner), name, value)


def _attribute(path: str) -> Any:
    return operator.attrgetter(path.removeprefix("torch."))(torch)


def _words(what: str, error: Exception) -> str:
    return f"{what}: {type(error).__name__}: {' '.join(str(error).split())}"[:1000]


def _cast(device: str, level: object, name: str | None) -> contextlib.AbstractContextManager[Any]:
    """The context in which PyTorch chooses types as the configuration asks for; it can be entered again and again.

    level: of the option. name: of the type that it stands for.
    """
    if name is None:
        return contextlib.nullcontext()
    dtype = getattr(torch, name)
    try:
        cast = torch.autocast(device, dtype, **AUTOCAST)
    except RuntimeError as error:
        raise UnsupportedConfigurationError(_words(f"autocast {level}", error)) from error
    with cast:
        if not torch.is_autocast_enabled(device):
            raise UnsupportedConfigurationError(
                f"autocast {level}: PyTorch {torch.__version__} has none on this device"
            )
    result: contextlib.AbstractContextManager[Any] = cast
    return result


def _module(
    model: onnx.ModelProto, feed: Mapping[str, npt.NDArray[np.generic] | None], settings: Settings, device: str
) -> tuple[torch.nn.Module, list[torch.Tensor]]:
    """The network and its inputs, on the device and in the memory format that the configuration asks for."""
    inputs = [_tensor(fed, feed[fed.name]).to(device) for fed in _onnx_to_torch.inputs(model)]
    module = _onnx_to_torch.translate(model, [tuple(values.shape) for values in inputs], device).to(device)
    if not settings.channels_last:
        return module, inputs
    images = [x.to(memory_format=torch.channels_last) if x.dim() == 4 else x for x in inputs]
    return module.to(memory_format=torch.channels_last), images


def _tensor(fed: _onnx_to_torch.Input, values: npt.NDArray[np.generic] | None) -> torch.Tensor:
    dtype = torch_type(onnx.TensorProto.DataType.Value(fed.kind))
    if values is None or values.dtype == np.object_:
        raise UnsupportedConfigurationError(f"input {fed.name}: PyTorch takes no text, and cannot leave an input out")
    return torch.from_numpy(values).to(dtype)


def _compiled(module: torch.nn.Module, mode: str, options: Options) -> Callable[..., _Outputs]:
    """The module, to be compiled as a whole when it is first called.

    Raises UnsupportedConfigurationError.
    """
    # PyTorch keeps what it compiled for the next process, under keys that do not hold all that decides the code.
    settings = sorted((name, level) for name, level in options.items() if level is not None)
    if hasattr(torch.compiler, "config") and hasattr(torch.compiler.config, "cache_key_tag"):
        torch.compiler.config.cache_key_tag = f"{settings} {torch.backends.cpu.get_cpu_capability()}"
    else:
        torch._inductor.config.fx_graph_cache = False
    try:
        compiled: Callable[..., _Outputs] = torch.compile(module, mode=mode, **COMPILE)
    except RuntimeError as error:
        raise UnsupportedConfigurationError(_words("execution compile", error)) from error
    return compiled


def _inference(
    run: Callable[..., _Outputs], inputs: Sequence[torch.Tensor], cast: contextlib.AbstractContextManager[Any]
) -> _Inference:
    def infer() -> _Outputs:
        with torch.inference_mode(), cast:
            return run(*inputs)

    return infer


def _first(infer: _Inference, settings: Settings) -> None:
    """Do the first inferences, in which PyTorch finds out whether it can.

    Raises UnsupportedConfigurationError if it cannot.
    """
    mode = settings.compile_mode
    try:
        for _ in range(_FIRST_INFERENCES[settings.device]):
            infer()
    except torch.cuda.OutOfMemoryError:
        raise
    except NotImplementedError as error:
        # No kernel for a type of numbers, most often.
        raise UnsupportedConfigurationError(_words("PyTorch", error)) from error
    except RuntimeError as error:
        if mode is not None:
            # No compiler, for one: PyTorch has many names for it.
            raise UnsupportedConfigurationError(_words("execution compile", error)) from error
        raise
    if mode is not None and COMPILE_MODES[mode] and torch._dynamo.utils.counters["inductor"]["cudagraph_skips"]:
        raise UnsupportedConfigurationError(
            f"compile_mode {mode}: PyTorch went without CUDA graphs; why is on standard error"
        )


def _captured(infer: _Inference) -> _Inference:
    """The inference as a CUDA graph, which the GPU does as a whole; its outputs are always the same memory.

    Raises UnsupportedConfigurationError if PyTorch cannot capture it.
    """
    graph = torch.cuda.CUDAGraph()
    try:
        # What happens once must not be captured, and has to happen on a stream like that of the capture.
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(_FIRST_INFERENCES["cuda"]):
                infer()
        torch.cuda.current_stream().wait_stream(side)
        with torch.cuda.graph(graph):
            outputs = infer()
    except torch.cuda.OutOfMemoryError:
        raise
    except RuntimeError as error:
        raise UnsupportedConfigurationError(_words("cuda_graphs", error)) from error

    def replay() -> _Outputs:
        graph.replay()
        return outputs

    return replay


class _CpuSession(Session):
    counters: tuple[str, ...] | None = ("rapl", "hwmon")

    def __init__(self, infer: _Inference, names: Sequence[str]) -> None:
        self._infer = infer
        self._names = names

    def run(self) -> None:
        self._infer()

    def outputs(self) -> dict[str, object]:
        return {name: _numbers(values) for name, values in zip(self._names, self._infer(), strict=True)}

    def close(self) -> None:
        del self._infer


def _numbers(values: torch.Tensor) -> npt.NDArray[np.generic]:
    # NumPy has no bfloat16.
    numbers: npt.NDArray[np.generic] = (values.float() if values.is_floating_point() else values).cpu().numpy()
    return numbers


class _CudaSession(_CpuSession):
    """Measures in the time of the GPU, see above."""

    counters = ("nvml",)

    def __init__(self, infer: _Inference, names: Sequence[str]) -> None:
        super().__init__(infer, names)
        self._before, self._behind = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        self._seconds = 0.0

    def clock(self) -> float:
        """Seconds that all inferences so far took."""
        return self._seconds

    def run(self) -> None:
        self._before.record()
        self._infer()
        self._behind.record()
        self._behind.synchronize()
        self._seconds += self._before.elapsed_time(self._behind) / 1e3


class PyTorch(Engine):
    """PyTorch: threads, compilation, memory format, autocast, oneDNN; on CUDA also TF32, cuDNN's search and graphs.

    What the configuration does not name is left to PyTorch, except for the number of threads (1).
    """

    isolated = True
    counters = ("rapl", "hwmon")
    instruction_set_variable = "ONEDNN_MAX_CPU_ISA"
    workload = frozenset({"batch", "image_px", "sequence"})
    options = NAMES

    @classmethod
    def level_problem(cls, option: str, level: Level) -> str | None:
        """Translate a level on each device, compiled and not."""
        others = [{"device": device, "execution": execution} for device in DEVICES for execution in EXECUTIONS]
        return _reading.level_problem(translate, option, level, others)

    def versions(self) -> dict[str, str]:
        """Version of the installed PyTorch, and of CUDA and cuDNN if it was built for them."""
        out = {"torch": str(torch.__version__)}
        if torch.version.cuda is not None:
            out["cuda"] = torch.version.cuda
        # By its text: torch.backends.cudnn.version() starts CUDA.
        if cudnn := re.search(r"CuDNN ([\d.]+)", torch.__config__.show()):
            out["cudnn"] = cudnn[1]
        return out

    def open(self, files: Mapping[str, str], workload: Mapping[str, int], options: Options, seed: int) -> Session:
        """Open the network as the configuration asks for, and do its first inferences.

        Raises UnsupportedConfigurationError for options that this device, machine or build does not support, or not
        together, and for networks with operators that are not implemented.
        """
        settings = translate(options)
        device = _DEVICES[settings.device]
        if settings.device == "cuda":
            _check_cuda(settings)
        else:
            _check_cpu(settings)
        _apply(settings)
        feed = _reading.feed(self, files, workload, options, seed)
        model = onnx.load(_reading.network_file(files, options))
        names = [output.name for output in model.graph.output]
        module, inputs = _module(model, feed, settings, device)
        mode, cast = settings.compile_mode, _cast(device, options.get("autocast"), settings.autocast)
        infer = _inference(module if mode is None else _compiled(module, mode, options), inputs, cast)
        _first(infer, settings)
        if settings.device == "cpu":
            return _CpuSession(infer, names)
        return _CudaSession(_captured(infer) if settings.cuda_graphs else infer, names)
