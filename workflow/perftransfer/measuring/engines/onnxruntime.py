"""ONNX Runtime on the CPU, and on NVIDIA's GPUs where its CUDA provider works.

``provider`` says which. On the CPU an inference is what a caller waits for: inputs go in as arrays, outputs come out as
arrays. On CUDA, inputs and outputs lie in the GPU's memory before the first inference and stay there (CUDA graphs need
addresses that do not change), and an inference ends when the GPU has done it: copies between host and GPU are no part
of it. What the CUDA provider cannot compute ONNX Runtime gives to the CPU, copies included; only a session from which
CUDA is missing altogether is refused. The GPU is CUDA's first: ``CUDA_VISIBLE_DEVICES``, which belongs to the
environment, says which that is.

TensorRT would be one more level of ``provider``: its name in ``PROVIDERS``, a table of its options like ``CUDA``,
and the session of CUDA, whose memory it takes. It needs a time-out of minutes: opening a network builds its engine.

Some options stick to the process: ``denormal_as_zero`` is what its first session asks for, and a thread that is bound
to a CPU leaves it to those that it starts. Each measurement is a process of its own, so that they reach no other.
"""

from __future__ import annotations

import ctypes
import math
import os
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

# It would report its use to its makers, from a thread that would be there when the server forks.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
import onnxruntime

from perftransfer.levels import Level
from perftransfer.measuring import fingerprint
from perftransfer.measuring.engines import _onnxruntime_threads as _threads
from perftransfer.measuring.engines import _reading
from perftransfer.measuring.engines._onnxruntime_options import (
    NAMES,
    NOTHING,
    PROVIDERS,
    Member,
    Settings,
    translate,
)
from perftransfer.measuring.engines.interface import (
    ENGINE_DEFAULT,
    Engine,
    Options,
    Session,
    UnsupportedConfigurationError,
)

_LOG_ERRORS_ONLY = 3
_BFLOAT16 = "tensor(bfloat16)"
# ONNX's number of it: ``TensorProto.BFLOAT16``.
_BFLOAT16_NUMBER = 16


def session_options(options: Options) -> onnxruntime.SessionOptions:
    """Translate a configuration into ONNX Runtime's session options.

    Options that the configuration does not name keep ONNX Runtime's defaults, except for the thread counts: left
    alone, ONNX Runtime takes all cores of the machine and ignores the affinity of the process.

    Raises UnsupportedConfigurationError for what ONNX Runtime, this build or this machine does not support.
    """
    return _session_options(_settings(options))


def _settings(options: Options) -> Settings:
    """Return what a configuration sets in the installed ONNX Runtime.

    Raises UnsupportedConfigurationError if this machine cannot do it.
    """
    if options.get(ENGINE_DEFAULT):
        if len(fingerprint.usable_cpus()) < (os.cpu_count() or 1):
            raise UnsupportedConfigurationError(
                "left alone, ONNX Runtime takes all CPUs of the machine, of which this environment has only some"
            )
        return NOTHING
    if options.get("gemm_fastmath_bf16") is True and "bf16" not in fingerprint.host()["instruction_sets"]:
        raise UnsupportedConfigurationError("gemm_fastmath_bf16: this processor has no bfloat16 instructions of Arm's")
    return translate(options, onnxruntime.__version__)


def _session_options(settings: Settings) -> onnxruntime.SessionOptions:
    out = onnxruntime.SessionOptions()
    out.log_severity_level = _LOG_ERRORS_ONLY
    for name, value in settings.attributes.items():
        setattr(out, name, _member(value) if isinstance(value, Member) else value)
    for key, text in settings.entries.items():
        out.add_session_config_entry(key, text)
    cpus = _cpus(settings)
    if len(cpus) > 1:
        out.add_session_config_entry("session.intra_op_thread_affinities", _threads.affinities(cpus))
    return out


def _cpus(settings: Settings) -> list[int]:
    """Return the CPUs to which the threads that share the work of an operator are bound; none without binding."""
    return _threads.cpus_for(settings.pinned_threads) if settings.pinned_threads else []


def _member(member: Member) -> object:
    members = getattr(onnxruntime, member.enumeration).__members__
    if member.name not in members:
        raise UnsupportedConfigurationError(
            f"ONNX Runtime {onnxruntime.__version__} has no {member.enumeration} {member.name}"
        )
    return members[member.name]


def _check_provider(settings: Settings) -> None:
    """Raise UnsupportedConfigurationError if the installed build lacks the provider."""
    available = onnxruntime.get_available_providers()
    if settings.provider not in available:
        level = next(level for level, name in PROVIDERS.items() if name == settings.provider)
        raise UnsupportedConfigurationError(
            f"provider {level}: the installed ONNX Runtime has no {settings.provider}, only {', '.join(available)}"
        )


def _fed(
    session: onnxruntime.InferenceSession, feed: Mapping[str, npt.NDArray[np.generic] | None]
) -> dict[str, object]:
    """What the session takes for these arrays; it takes bfloat16 as a value of its own only."""
    bfloat16 = [node.name for node in session.get_inputs() if node.type == _BFLOAT16]
    return {
        name: _value(values) if name in bfloat16 and values is not None else values for name, values in feed.items()
    }


def _value(values: npt.NDArray[np.generic]) -> onnxruntime.OrtValue:
    bits = _reading.bfloat16_bits(values)
    return onnxruntime.OrtValue.ortvalue_from_numpy_with_onnx_type(bits, _BFLOAT16_NUMBER)


def _array(value: onnxruntime.OrtValue) -> object:
    """Numbers of a value of ONNX Runtime's; of bfloat16 as float32."""
    if value.data_type() != _BFLOAT16:
        return value.numpy()
    shape = value.shape()
    memory = (ctypes.c_uint16 * math.prod(shape)).from_address(value.data_ptr())
    return _reading.float32_of_bits(np.frombuffer(memory, np.uint16)).reshape(shape)


class _CpuSession(Session):
    counters = ("rapl", "hwmon")

    def __init__(self, path: str, settings: Settings, feed: Mapping[str, npt.NDArray[np.generic] | None]) -> None:
        self._run_options = _run_options(settings)
        self._session = onnxruntime.InferenceSession(path, _session_options(settings), providers=[settings.provider])
        self._feed = _fed(self._session, feed)
        self._names = [node.name for node in self._session.get_outputs()]
        self._run = self._session.run
        if any(node.type == _BFLOAT16 for node in self._session.get_outputs()):
            # NumPy has no such type, in which outputs would come.
            self._run = self._session.run_with_ort_values
            self._feed = {
                name: onnxruntime.OrtValue.ortvalue_from_numpy(values) if isinstance(values, np.ndarray) else values
                for name, values in self._feed.items()
            }
        self._caller = _threads.PinnedCaller(_cpus(settings))

    def run(self) -> None:
        self._run(None, self._feed, self._run_options)

    def outputs(self) -> dict[str, object]:
        values = self._run(None, self._feed, self._run_options)
        arrays = [_array(value) if isinstance(value, onnxruntime.OrtValue) else value for value in values]
        return dict(zip(self._names, arrays, strict=True))

    def close(self) -> None:
        self._caller.release()
        del self._session, self._run


def _run_options(settings: Settings) -> onnxruntime.RunOptions | None:
    """Options of every inference on the CPU, if there are any."""
    if not settings.run_entries:
        return None
    out = onnxruntime.RunOptions()
    for key, text in settings.run_entries.items():
        out.add_run_config_entry(key, text)
    return out


class _CudaSession(Session):
    counters = ("nvml",)

    def __init__(self, path: str, settings: Settings, feed: Mapping[str, npt.NDArray[np.generic] | None]) -> None:
        self._session = _cuda_session(path, settings)
        self._binding = bound(self._session, _fed(self._session, feed), "cuda")
        self._caller = _threads.PinnedCaller(_cpus(settings))

    def run(self) -> None:
        self._session.run_with_iobinding(self._binding)
        self._binding.synchronize_outputs()

    def outputs(self) -> dict[str, object]:
        self.run()
        names = [node.name for node in self._session.get_outputs()]
        values = dict(zip(names, self._binding.get_outputs(), strict=True))
        # NumPy has no bfloat16, and the memory of a GPU cannot be read as the host's.
        return {name: value.numpy() for name, value in values.items() if value.data_type() != _BFLOAT16}

    def close(self) -> None:
        self._caller.release()
        del self._binding, self._session


def _cuda_session(path: str, settings: Settings) -> onnxruntime.InferenceSession:
    """Open a session that has the GPU.

    Raises UnsupportedConfigurationError where ONNX Runtime would silently fall back: to the CPU if libraries, driver or
    GPU are missing, or to another level than the requested one.
    """
    name, requested = settings.provider, dict(settings.provider_options)
    options = _session_options(settings)
    if hasattr(onnxruntime, "preload_dlls"):
        # CUDA's libraries that came as Python packages are found no other way.
        onnxruntime.preload_dlls()
    try:
        session = onnxruntime.InferenceSession(
            path, options, providers=[(name, requested), PROVIDERS["cpu"]], enable_fallback=0
        )
    except Exception as error:
        # What is wrong with the network has types of ONNX Runtime's own. Capture is refused like that, too.
        if isinstance(error, RuntimeError | ValueError) or "graph capture" in str(error):
            raise UnsupportedConfigurationError(f"provider cuda: {' '.join(str(error).split())}"[:2000]) from error
        raise
    if name not in session.get_providers():
        raise UnsupportedConfigurationError(
            "provider cuda: ONNX Runtime went to the CPU instead; libraries of CUDA or cuDNN that it was built for are "
            "missing (what it says is on standard error)"
        )
    held = session.get_provider_options()[name]
    for key, text in requested.items():
        if held.get(key, text) != text:
            raise UnsupportedConfigurationError(
                f"provider cuda, {key}: asked for {text}, ONNX Runtime made it {held[key]}"
            )
    return session


def bound(session: onnxruntime.InferenceSession, feed: Mapping[str, object], device: str) -> onnxruntime.IOBinding:
    """Put inputs and outputs of a session into the memory of ``device`` ("cuda", "cpu"), where they stay.

    Runs the session once: only then is it known how large its outputs are.
    """
    binding = session.io_binding()
    for name, values in feed.items():
        if not isinstance(values, np.ndarray):
            raise UnsupportedConfigurationError(f"input {name}: bfloat16 and optional inputs are fed on the CPU only")
        binding.bind_ortvalue_input(name, onnxruntime.OrtValue.ortvalue_from_numpy(values, device, 0))
    names = [node.name for node in session.get_outputs()]
    for name in names:
        binding.bind_output(name, device, 0)
    first = onnxruntime.RunOptions()
    # A CUDA graph that was captured now would write to where the outputs are no longer.
    first.add_run_config_entry("gpu_graph_id", "-1")
    session.run_with_iobinding(binding, first)
    for name, value in zip(names, binding.get_outputs(), strict=True):
        binding.bind_ortvalue_output(name, value)
    return binding


class OnnxRuntime(Engine):
    """ONNX Runtime: provider, threads, spinning, graph optimisation, memory, precision, and CUDA's options."""

    isolated = True
    counters = ("rapl", "hwmon")
    instruction_set_variable = ""
    workload = frozenset({"batch", "image_px", "sequence"})
    options = NAMES | {"precision"}

    @classmethod
    def level_problem(cls, option: str, level: Level) -> str | None:
        """Translate a level next to each provider."""
        return _reading.level_problem(translate, option, level, [{"provider": provider} for provider in PROVIDERS])

    def left_alone(self, default: Options) -> Options | None:
        """Return the configuration without any session options, on the CPU; None where the default is another provider.

        The threads are then ONNX Runtime's choice: one for each core of the machine.
        """
        if default.get("provider") not in (None, "cpu"):
            return None
        precision = default.get("precision")
        return {ENGINE_DEFAULT: True, **({} if precision is None else {"precision": precision})}

    def versions(self) -> dict[str, str]:
        """Version of the installed ONNX Runtime, and of the CUDA that it was built for, if it was."""
        cuda = getattr(onnxruntime, "cuda_version", "")
        return {"onnxruntime": onnxruntime.__version__, **({"cuda": cuda} if cuda else {})}

    def open(self, files: Mapping[str, str], workload: Mapping[str, int], options: Options, seed: int) -> Session:
        """Open the network in the precision that the configuration asks for (fp32 where it asks for none).

        On CUDA the first inference is done here, with the search for convolution algorithms that belongs to it.
        """
        path = _reading.network_file(files, options)
        settings = _settings(options)
        _check_provider(settings)
        session = _CudaSession if settings.provider == PROVIDERS["cuda"] else _CpuSession
        return session(path, settings, _reading.feed(self, files, workload, options, seed))
