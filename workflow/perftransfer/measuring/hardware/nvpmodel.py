"""Power mode of a Jetson, by its program ``nvpmodel``; a mode that needs a reboot is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

from perftransfer.measuring.hardware import cpu_cores, cpufreq, devfreq
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

_MODES = "etc/nvpmodel.conf"
_ITEM = "nvpmodel"


def _modes(board: Board) -> list[str]:
    return re.findall(r"<\s*POWER_MODEL\s+ID\s*=\s*([0-9]+)", board.read_or(_MODES, ""))


class PowerMode(Kind):
    """``nvpmodel``: number of the power mode."""

    names: ClassVar[Mapping[str, Form]] = {"nvpmodel": WHOLE}
    # A mode decides which CPUs are on and the limits of all clocks: what else is asked for comes on top.
    stage = 0
    items = _ITEM

    def plan(self, settings: Sequence[Setting], board: Board) -> list[Change]:
        """See ``Kind``."""
        if modes := _modes(board):
            check_offered(settings[0], board.full_path(_MODES), settings[0].value, modes)
        return [Change(settings[0], "nvpmodel", _ITEM, settings[0].value)]

    def bystanders(self, board: Board) -> list[str]:
        """CPUs that are on, and limits of the clocks."""
        online = [file for file in cpu_cores.online_files(board).values() if file is not None]
        return [*online, *cpufreq.files(board), *devfreq.files(board)]

    def offered(self, board: Board) -> dict[str, list[int | str]]:
        """Return numbers of the modes."""
        return {"nvpmodel": [int(mode) for mode in modes]} if (modes := _modes(board)) else {}

    def read(self, board: Board, item: str) -> str:
        """Return the number of the mode, the last line that the program prints."""
        answer = board.run(["nvpmodel", "-q"])
        numbers = re.findall(r"^\s*([0-9]+)\s*$", answer, re.MULTILINE)
        if not numbers:
            raise SettingError(f"nvpmodel -q: no number of a power mode in its answer {answer.strip()!r}")
        return str(numbers[-1])

    def write(self, board: Board, item: str, value: str) -> None:
        """Change the mode, unless it is the one."""
        if self.read(board, item) != value:
            board.run(["nvpmodel", "-m", value])
