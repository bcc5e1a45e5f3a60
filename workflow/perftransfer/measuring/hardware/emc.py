"""Clock of the memory controller (EMC), which boards keep in three different places."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

from perftransfer.measuring.hardware import devfreq
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

_DEBUG = "sys/kernel/debug"
_BPMP = f"{_DEBUG}/bpmp/debug/clk/emc"  # TX2 and newer: a firmware of its own keeps the clocks
# TX1: Linux 4 and, before, Linux 3; (folder of clocks, start of the files' names, the one with the rate to set).
_OVERRIDES = ((f"{_DEBUG}/clk", "clk_", "clk_update_rate"), (f"{_DEBUG}/clock", "", "rate"))
_DEVFREQ = re.compile(r"(^|\.)(dmc|emc|memory-controller|external-memory-controller)$")
_RATE_FILES = ("rate", "clk_update_rate")
# No memory runs below 10 MHz, none at 100 GHz.
_KHZ_BELOW = 10**8


def _rates(board: Board, *items: str) -> list[int]:
    """Return the clocks in Hz of the first of these files that exists; some files are in kHz without saying so."""
    for item in items:
        text = board.read_or(item, "")
        if rates := [int(number) for number in re.findall(r"[0-9]+", text)]:
            return sorted(rate * 1000 if max(rates) < _KHZ_BELOW else rate for rate in rates)
    return []


def _bpmp_rates(board: Board) -> list[int]:
    return _rates(board, f"{_DEBUG}/bpmp/debug/emc/possible_rates", f"{_BPMP}/possible_rates")


def _override(board: Board) -> tuple[str, str, str] | None:
    present = (override for override in _OVERRIDES if board.exists(f"{override[0]}/override.emc/{override[2]}"))
    return next(present, None)


class MemoryClock(Kind):
    """``emc_clock_hz``."""

    names: ClassVar[Mapping[str, Form]] = {"emc_clock_hz": WHOLE}
    items = "|".join(
        [
            rf"{_BPMP}/(mrq_rate_locked|rate|state)",
            *(rf"{folder}/override\.emc/({rate}|{start}state)" for folder, start, rate in _OVERRIDES),
        ]
    )

    def plan(self, settings: Sequence[Setting], board: Board) -> list[Change]:
        """See ``Kind``."""
        (setting,) = settings
        if board.exists(f"{_BPMP}/rate"):
            return self._by_bpmp(setting, board)
        if override := _override(board):
            return self._by_override(setting, board, *override)
        folder = devfreq.device(board, _DEVFREQ)
        if folder is not None:
            return devfreq.fixed("emc", setting, board, folder)
        folders = [_BPMP, *(f"{folder}/override.emc" for folder, _, _ in _OVERRIDES)]
        raise SettingError(
            f"{setting}: no memory clock found; looked for {', '.join(map(board.full_path, folders))} and a memory "
            f"controller in {board.full_path('sys/class/devfreq')}"
        )

    def _by_bpmp(self, setting: Setting, board: Board) -> list[Change]:
        if rates := _bpmp_rates(board):
            check_offered(setting, board.full_path(_BPMP), setting.value, list(map(str, rates)))
        else:
            ends = int(board.read_or(f"{_BPMP}/min_rate", "0")), int(board.read(f"{_BPMP}/max_rate"))
            check_within(setting, board.full_path(f"{_BPMP}/{{min,max}}_rate"), int(setting.value), *ends)
        values = {"mrq_rate_locked": "1", "rate": setting.value, "state": "1"}
        present = {name: value for name, value in values.items() if board.exists(f"{_BPMP}/{name}")}
        return [Change(setting, "emc", f"{_BPMP}/{name}", value) for name, value in present.items()]

    def _by_override(self, setting: Setting, board: Board, folder: str, start: str, rate: str) -> list[Change]:
        if rates := _rates(board, f"{folder}/emc/{start}possible_rates"):
            where = board.full_path(f"{folder}/emc/{start}possible_rates")
            check_offered(setting, where, setting.value, list(map(str, rates)))
        changes = [
            Change(setting, "emc", f"{folder}/override.emc/{rate}", setting.value),
            Change(setting, "emc", f"{folder}/override.emc/{start}state", "1"),
        ]
        # The override is a wish; this is what came of it.
        actual = f"{folder}/emc/{start}rate"
        if board.exists(actual):
            changes.append(Change(setting, "emc", actual, setting.value, only_check=True))
        return changes

    def offered(self, board: Board) -> dict[str, list[int | str]]:
        """Return clocks in Hz; only the two ends if the board lists no others."""
        rates: list[int] = []
        if board.exists(f"{_BPMP}/rate"):
            ends = (board.read_or(f"{_BPMP}/{end}_rate", "") for end in ("min", "max"))
            rates = _bpmp_rates(board) or [int(end) for end in ends if end]
        elif override := _override(board):
            rates = _rates(board, f"{override[0]}/emc/{override[1]}possible_rates")
        elif folder := devfreq.device(board, _DEVFREQ):
            rates = devfreq.frequencies(board, folder)
        return {"emc_clock_hz": list(rates)} if rates else {}

    def write(self, board: Board, item: str, value: str) -> None:
        """Write even what reads right already: until it is locked, the clock only happens to be there."""
        board.write(item, value)

    def put_back(self, board: Board, item: str, before: str) -> None:
        """Put a rate back without a look at it: unlocked, it goes its own way the next moment."""
        if item.rpartition("/")[2] in _RATE_FILES:
            board.write(item, before)
        else:
            super().put_back(board, item, before)
