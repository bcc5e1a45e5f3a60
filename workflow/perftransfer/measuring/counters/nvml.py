"""NVML: the energy that an NVIDIA GPU counts itself, read through the driver's own library.

``nvmlDeviceGetTotalEnergyConsumption``: millijoules since the driver was loaded, from Volta on. See
https://docs.nvidia.com/deploy/nvml-api/group__nvmlDeviceQueries.html.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from perftransfer.measuring.counters.interface import Counter, CounterError, Energy

_LIBRARY = "libnvidia-ml.so.1"
_NAME_BYTES = 96
# NVML does not say; 20 to 100 ms were observed for its power readings, by GPU (Yang, Adamek, Armour, "Part-time Power
# Measurements: nvidia-smi's Lack of Attention", arXiv 2312.02741). The slowest: none shall pass for finer than it is.
_UPDATE_SECONDS = 0.1
# nvmlReturn_t
_REASONS = {
    1: "NVML is not initialised",
    2: "there is no such GPU",
    3: "not supported by this GPU (the counter came with Volta)",
    4: "permission denied",
    6: "not found",
    9: "NVIDIA's driver is not loaded",
    15: "the GPU has fallen off the bus or is otherwise not accessible",
    18: "the library and the loaded driver are of different versions; restart the machine",
    999: "unknown error",
}


def load_library() -> Any:
    """Load the driver's library. Raises CounterError if it is not there."""
    try:
        return ctypes.CDLL(_LIBRARY)
    except OSError as error:
        raise CounterError(f"{_LIBRARY} is not installed; it is part of NVIDIA's driver ({error})") from error


class NvmlCounter(Counter):
    """The whole board of one GPU, its memory included; not the host.

    gpu: its number in NVML, by PCI bus address; CUDA_VISIBLE_DEVICES does not change it.
    library: offers NVML's functions with ctypes arguments, as ``load_library()`` does.

    Raises CounterError with the reason if the GPU, or a counter in it, is not there.
    """

    name = "nvml"
    title = "NVML"
    resolution_mj = 1.0
    update_seconds = _UPDATE_SECONDS

    def __init__(self, gpu: int, library: Any, clock: Callable[[], float] = time.perf_counter) -> None:
        self.gpu = gpu
        self._library = library
        self._clock = clock
        self._before: tuple[float, int] | None = None
        self._call("nvmlInit_v2")
        self._device = ctypes.c_void_p()
        self._call("nvmlDeviceGetHandleByIndex_v2", ctypes.c_uint(gpu), ctypes.pointer(self._device))
        self.covers = f"GPU {gpu}, {self._model()} (whole board)"
        self._read()

    @classmethod
    def find(cls, root: Path = Path("/"), gpu: int = 0) -> NvmlCounter:
        """Return the counter of a GPU. Raises CounterError with the reason if there is none."""
        return cls(gpu, load_library())

    def _call(self, function: str, *arguments: Any) -> None:
        try:
            call = getattr(self._library, function)
        except AttributeError as error:
            raise CounterError(f"{function} of GPU {self.gpu}: the driver is too old to have it") from error
        code = call(*arguments)
        if code:
            raise CounterError(f"{function} of GPU {self.gpu}: {_REASONS.get(code, f'error {code}')}")

    def _model(self) -> str:
        text = ctypes.create_string_buffer(_NAME_BYTES)
        self._call("nvmlDeviceGetName", self._device, text, ctypes.c_uint(_NAME_BYTES))
        return text.value.decode(errors="replace")

    def _read(self) -> int:
        millijoules = ctypes.c_ulonglong()
        self._call("nvmlDeviceGetTotalEnergyConsumption", self._device, ctypes.pointer(millijoules))
        return millijoules.value

    def start(self) -> None:
        """Begin to count. Raises CounterError if the GPU does not answer."""
        reading = self._read()
        self._before = (self._clock(), reading)

    def stop(self) -> Energy:
        """Return what was drawn since ``start()``. Raises CounterError, also if the counter went backwards."""
        if self._before is None:
            raise CounterError("the counter was not started")
        now = self._clock()
        (started, before), self._before = self._before, None
        after = self._read()
        if after < before:
            # 64 bits of millijoules do not wrap around in the life of a GPU.
            raise CounterError(f"the counter of GPU {self.gpu} started anew during the measurement: driver reloaded")
        return Energy(float(after - before), now - started, None)
