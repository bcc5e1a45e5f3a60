"""Which CPUs and which GPU are used: nothing of the machine changes, but it must have them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from perftransfer.measuring.hardware.interface import (
    CPU_LIST,
    WHOLE,
    Board,
    Change,
    Form,
    Kind,
    Setting,
    SettingError,
    check_offered,
    cpu_numbers,
)

_ONLINE = "sys/devices/system/cpu/online"


def cpus_of(settings: Iterable[Setting]) -> list[int] | None:
    """Return the CPUs that ``cpus`` asks for; None without that setting."""
    return next((cpu_numbers(setting.value) for setting in settings if setting.name == "cpus"), None)


def gpu_of(settings: Iterable[Setting], visible: str | None) -> int:
    """Return the number of the GPU that ``gpu`` asks for; without it, of the first that CUDA shows.

    visible: the environment variable CUDA_VISIBLE_DEVICES, as a scheduler sets it.
    """
    requested = next((int(setting.value) for setting in settings if setting.name == "gpu"), None)
    if requested is not None:
        return requested
    first = (visible or "").split(",")[0]
    # A GPU's UUID is not a number; then it is the only GPU that the job sees.
    return int(first) if first.isdecimal() else 0


def _gpus(board: Board) -> list[str]:
    return board.run(["nvidia-smi", "--query-gpu=index", "--format=csv,noheader,nounits"]).split()


class Placement(Kind):
    """``cpus=0,2-3`` and ``gpu=1``: applied when the measuring process is started."""

    names: ClassVar[Mapping[str, Form]] = {"cpus": CPU_LIST, "gpu": WHOLE}

    def plan(self, settings: Sequence[Setting], board: Board) -> list[Change]:
        """Check only."""
        for setting in settings:
            if setting.name == "gpu":
                check_offered(setting, "nvidia-smi --query-gpu=index", setting.value, _gpus(board))
            elif missing := set(cpu_numbers(setting.value)) - set(cpu_numbers(board.read(_ONLINE))):
                raise SettingError(
                    f"{setting}: {board.full_path(_ONLINE)}: found {board.read(_ONLINE)}, without {sorted(missing)}"
                )
        return []
