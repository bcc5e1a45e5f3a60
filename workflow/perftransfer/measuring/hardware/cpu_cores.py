"""Which CPUs are on at all (the kernel's CPU hot-plug), not only which of them are used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from perftransfer.measuring.hardware import cpufreq
from perftransfer.measuring.hardware.interface import (
    CPU_LIST,
    Board,
    Change,
    Form,
    Kind,
    Setting,
    SettingError,
    cpu_numbers,
)

_CPUS = "sys/devices/system/cpu/cpu[0-9]*"


def online_files(board: Board) -> dict[int, str | None]:
    """File that turns a CPU on and off, by number of the CPU; None for one that cannot be turned off."""
    numbers = (int(path.rpartition("cpu")[2]) for path in board.paths(_CPUS))
    files = {number: f"sys/devices/system/cpu/cpu{number}/online" for number in numbers}
    return {number: file if board.exists(file) else None for number, file in files.items()}


class CpuCores(Kind):
    """``cores=4`` leaves the first four CPUs on, ``cores=0,3-5`` those and no others (``3-3``: one alone)."""

    names: ClassVar[Mapping[str, Form]] = {"cores": CPU_LIST}
    stage = 1
    items = r"sys/devices/system/cpu/cpu[0-9]+/online"

    def plan(self, settings: Sequence[Setting], board: Board) -> list[Change]:
        """See ``Kind``."""
        (setting,) = settings
        files = online_files(board)
        if setting.value.isdigit():
            if not 1 <= int(setting.value) <= len(files):
                raise SettingError(
                    f"{setting}: {board.full_path(_CPUS)}: found {len(files)} CPUs, allowed 1 to {len(files)}"
                )
            on = set(sorted(files)[: int(setting.value)])
        else:
            on = set(cpu_numbers(setting.value))
            if on - set(files):
                raise SettingError(
                    f"{setting}: {board.full_path(_CPUS)}: found {len(files)} CPUs, allowed {list(files)}"
                )
        fixed = [number for number, file in files.items() if file is None and number not in on]
        if fixed:
            raise SettingError(
                f"{setting}: {board.full_path(_CPUS)}: CPUs that cannot be turned off: {', '.join(map(str, fixed))}"
            )
        # On before off: there is never a moment without a CPU.
        order = sorted(files, key=lambda number: (number not in on, number))
        return [
            Change(setting, "cpu_cores", file, str(int(number in on)))
            for number in order
            if (file := files[number]) is not None
        ]

    def bystanders(self, board: Board) -> list[str]:
        """Frequency settings: the kernel may forget them when the last CPU of a policy goes."""
        return cpufreq.files(board)

    def offered(self, board: Board) -> dict[str, list[int | str]]:
        """Return numbers of CPUs."""
        files = online_files(board)
        if not any(files.values()):
            return {}
        return {"cores": [n for n in range(1, len(files) + 1) if all(files[c] for c in sorted(files)[n:])]}
