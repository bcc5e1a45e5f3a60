"""Clocks and power limit of an NVIDIA card, by the program ``nvidia-smi``."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from typing import ClassVar

from perftransfer.measuring.hardware.interface import (
    WHOLE,
    Board,
    Change,
    Form,
    Kind,
    Setting,
    SettingError,
    check_offered,
    check_within,
)

_QUERIES = {
    "persistence_mode": "persistence_mode",
    "power_limit_w": "power.limit",
    "clock_mhz": "clocks.current.graphics",
    "memory_clock_mhz": "clocks.current.memory",
    "application_clocks_mhz": "clocks.applications.memory,clocks.applications.graphics",
}
_SUPPORTED = {"clock_mhz": "graphics", "memory_clock_mhz": "memory", "application_clocks_mhz": "memory,graphics"}
_LOCKS = {
    "clock_mhz": ("--lock-gpu-clocks", "--reset-gpu-clocks"),
    "memory_clock_mhz": ("--lock-memory-clocks", "--reset-memory-clocks"),
}


def _ask(board: Board, gpu: str, what: str, fields: str) -> list[str]:
    """Lines of the answer for a card ("gpu0"), numbers in their shortest form."""
    command = ["nvidia-smi", f"--id={gpu[3:]}", f"--query-{what}={fields}", "--format=csv,noheader,nounits"]
    answer = board.run(command)
    return [",".join(_shortest(cell.strip()) for cell in line.split(",")) for line in answer.strip().splitlines()]


def _shortest(cell: str) -> str:
    try:
        return f"{float(cell):.10g}"
    except ValueError:
        return cell


def _power_range(board: Board, gpu: str) -> tuple[float, float]:
    answer = ",".join(_ask(board, gpu, "gpu", "power.min_limit,power.max_limit"))
    try:
        lowest, highest = map(float, answer.split(","))
    except ValueError as error:
        raise SettingError(f"nvidia-smi: {gpu} has no range of its power limit: {answer!r}") from error
    return lowest, highest


class NvidiaCard(Kind):
    """``gpu0.power_limit_w``, ``.clock_mhz`` and ``.memory_clock_mhz`` (locked), ``.application_clocks_mhz``."""

    names: ClassVar[Mapping[str, Form]] = {
        "power_limit_w": Form(r"[0-9]+(\.[0-9]+)?", "watts"),
        "clock_mhz": WHOLE,
        "memory_clock_mhz": WHOLE,
        "application_clocks_mhz": Form(r"[0-9]+,[0-9]+", "MHz of memory and of graphics, such as 2619,1980"),
    }
    target = "gpu"
    items = rf"gpu[0-9]+\.({'|'.join(_QUERIES)})"
    target_needed = True
    settles_seconds = 2.0

    def plan(self, settings: Sequence[Setting], board: Board) -> list[Change]:
        """See ``Kind``."""
        # Without persistence, an unused driver is unloaded and loses its settings.
        first = {setting.target: setting for setting in reversed(settings)}
        persistence = [
            Change(setting, "nvidia_smi", f"{gpu}.persistence_mode", "Enabled") for gpu, setting in first.items()
        ]
        return persistence + [self._plan_setting(setting, board) for setting in settings]

    def _plan_setting(self, setting: Setting, board: Board) -> Change:
        value = ",".join(map(_shortest, setting.value.split(",")))
        if setting.name == "power_limit_w":
            lowest, highest = _power_range(board, setting.target)
            check_within(setting, "nvidia-smi power.{min,max}_limit", float(value), lowest, highest)
        else:
            offered = _ask(board, setting.target, "supported-clocks", _SUPPORTED[setting.name])
            check_offered(setting, "nvidia-smi --query-supported-clocks", value, list(dict.fromkeys(offered)))
        return Change(setting, "nvidia_smi", f"{setting.target}.{setting.name}", value)

    def offered(self, board: Board) -> dict[str, list[int | str]]:
        """Return range of watts and clocks in MHz of each card; nothing without the program or such values."""
        try:
            indices = board.run(["nvidia-smi", "--query-gpu=index", "--format=csv,noheader,nounits"]).split()
        except (OSError, subprocess.SubprocessError):
            return {}
        out: dict[str, list[int | str]] = {}
        for gpu in (f"gpu{index}" for index in indices):
            try:
                out[f"{gpu}.power_limit_w"] = [_shortest(str(end)) for end in _power_range(board, gpu)]
                for name, fields in _SUPPORTED.items():
                    out[f"{gpu}.{name}"] = list(dict.fromkeys(_ask(board, gpu, "supported-clocks", fields)))
            except (SettingError, subprocess.SubprocessError):
                continue
        return out

    def read(self, board: Board, item: str) -> str:
        """Read an item; of a locked clock, the current clock, since the card does not report the lock itself."""
        gpu, _, name = item.partition(".")
        answer = ",".join(_ask(board, gpu, "gpu", _QUERIES[name]))
        if not answer or "[" in answer or "N/A" in answer:
            raise SettingError(f"nvidia-smi: {gpu} does not report {_QUERIES[name]}: {answer!r}")
        return answer

    def write(self, board: Board, item: str, value: str) -> None:
        """Set an item, unless it is so for good already."""
        gpu, _, name = item.partition(".")
        if name in _LOCKS:
            self._order(board, gpu, f"{_LOCKS[name][0]}={value},{value}")
        elif self.read(board, item) != value:
            options = {
                "persistence_mode": f"--persistence-mode={int(value == 'Enabled')}",
                "power_limit_w": f"--power-limit={value}",
                "application_clocks_mhz": f"--applications-clocks={value}",
            }
            self._order(board, gpu, options[name])

    def put_back(self, board: Board, item: str, before: str) -> None:
        """Put an item back; a locked clock is set free."""
        gpu, _, name = item.partition(".")
        if name in _LOCKS:
            self._order(board, gpu, _LOCKS[name][1])
        else:
            super().put_back(board, item, before)

    def _order(self, board: Board, gpu: str, option: str) -> None:
        board.run(["nvidia-smi", f"--id={gpu[3:]}", option])
