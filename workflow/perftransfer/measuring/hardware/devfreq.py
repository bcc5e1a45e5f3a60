"""Clock of a GPU that is a device of the board (Jetson and other boards), fixed through ``/sys/class/devfreq``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

from perftransfer.measuring.hardware import _limits
from perftransfer.measuring.hardware.interface import (
    WHOLE,
    Board,
    Change,
    Form,
    Kind,
    Setting,
    SettingError,
    check_offered,
)

_DEVICES = "sys/class/devfreq/*"
# 57000000.gpu (TX1), 17000000.gp10b (TX2), .gv11b (Xavier), .ga10b (Orin), 17000000.gpu (Orin, later systems).
_GPU = re.compile(r"(^|\.)(gpu|g[a-z][0-9]{2}[a-z])$")


def device(board: Board, name: re.Pattern[str]) -> str | None:
    """Folder of the one device whose name fits; None without any.

    Raises SettingError if several do.
    """
    matches = [path for path in board.paths(_DEVICES) if name.search(path.rpartition("/")[2])]
    if len(matches) > 1:
        raise SettingError(
            f"{board.full_path(_DEVICES)}: found {', '.join(matches)}; which one is meant cannot be told"
        )
    return matches[0] if matches else None


def frequencies(board: Board, folder: str) -> list[int]:
    """Clocks in Hz that a device says it has; empty if it does not say."""
    return sorted(map(int, board.read_or(f"{folder}/available_frequencies", "").split()))


def fixed(kind: str, setting: Setting, board: Board, folder: str) -> list[Change]:
    """Fix a device's clock: its lowest and its highest become the setting's value. Raises SettingError, OSError."""
    if offered := frequencies(board, folder):
        where = board.full_path(f"{folder}/available_frequencies")
        check_offered(setting, where, setting.value, list(map(str, offered)))
    return _limits.changes(kind, board, (f"{folder}/min_freq", f"{folder}/max_freq"), setting, setting)


def files(board: Board) -> list[str]:
    """Files of all devices that other settings change on the way."""
    items = [f"{folder}/{name}" for folder in board.paths(_DEVICES) for name in ("min_freq", "max_freq")]
    return [item for item in items if board.exists(item)]


class GpuClock(Kind):
    """``gpu_clock_hz``."""

    names: ClassVar[Mapping[str, Form]] = {"gpu_clock_hz": WHOLE}
    items = r"sys/class/devfreq/[A-Za-z0-9][A-Za-z0-9_.:@-]*/(min|max)_freq"

    def plan(self, settings: Sequence[Setting], board: Board) -> list[Change]:
        """See ``Kind``."""
        folder = device(board, _GPU)
        if folder is None:
            names = ", ".join(path.rpartition("/")[2] for path in board.paths(_DEVICES)) or "none"
            raise SettingError(f"{settings[0]}: {board.full_path(_DEVICES)}: found {names}, and no GPU among them")
        return fixed("devfreq", settings[0], board, folder)

    def offered(self, board: Board) -> dict[str, list[int | str]]:
        """Clocks in Hz."""
        folder = device(board, _GPU)
        return {"gpu_clock_hz": list(frequencies(board, folder))} if folder else {}
