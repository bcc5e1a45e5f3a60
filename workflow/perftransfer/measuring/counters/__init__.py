"""Energy counters: what the hardware itself counts, with its resolution and what it covers; never an estimate.

Where there is no counter, the objective is missing, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from perftransfer.measuring.counters import hwmon, nvml, rapl
from perftransfer.measuring.counters.interface import Counter, CounterError, Energy

__all__ = ["Counter", "CounterError", "Energy", "available"]


def available(
    root: Path = Path("/"), *, gpu: int = 0, load_nvml: Callable[[], Any] = nvml.load_library
) -> tuple[list[Counter], list[str]]:
    """Return the counters of this machine and, for each kind that is not there, the reason in words.

    root: the folder that holds ``sys``. gpu: number of the NVIDIA GPU. load_nvml: loads NVML's library.

    What they cover may overlap (a Jetson's whole input holds its GPU): choose one, or add only what is disjoint.
    """
    kinds: dict[str, Callable[[], Counter]] = {
        "RAPL": lambda: rapl.find(root),
        "NVML": lambda: nvml.find(gpu, load_nvml),
        "hwmon": lambda: hwmon.find(root),
    }
    counters, reasons = [], []
    for kind, find in kinds.items():
        try:
            counters.append(find())
        except CounterError as error:
            reasons.append(f"{kind}: {error}")
    return counters, reasons
