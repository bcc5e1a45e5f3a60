"""CPU governor and frequency limits, of all policies (groups of CPUs that share a clock) or of one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

from perftransfer.measuring.hardware import _limits
from perftransfer.measuring.hardware.interface import (
    WHOLE,
    WORD,
    Board,
    Change,
    Form,
    Kind,
    Setting,
    SettingError,
    check_offered,
    check_within,
)

_POLICIES = "sys/devices/system/cpu/cpufreq/policy[0-9]*"
# Before Linux 4.3 (Jetson TX1 with its first systems) each CPU has a folder, or a link to one it shares.
_OLD_POLICIES = "sys/devices/system/cpu/cpu[0-9]*/cpufreq"
_FILES = ("scaling_governor", "scaling_min_freq", "scaling_max_freq")


def policies(board: Board) -> dict[str, str]:
    """Folders of the policies that have a CPU online, by name (``policy0``)."""
    folders = board.paths(_POLICIES) or board.paths(_OLD_POLICIES)
    distinct = {(board.root / folder).resolve(): folder for folder in reversed(folders)}
    active = (folder for folder in folders if folder in distinct.values() and _is_active(board, folder))
    return {f"policy{re.findall(r'(?:policy|cpu)([0-9]+)', folder)[-1]}": folder for folder in active}


def _is_active(board: Board, folder: str) -> bool:
    # With all its CPUs offline a policy stays where it is, and its files answer "busy".
    return board.read_or(f"{folder}/affected_cpus", "-") != "" and board.read_or(f"{folder}/scaling_governor", "") != ""


def _frequencies(board: Board, folder: str) -> list[int]:
    return sorted(map(int, board.read_or(f"{folder}/scaling_available_frequencies", "").split()))


class CpuFrequency(Kind):
    """``governor``, ``cpu_min_khz`` and ``cpu_max_khz``; ``policy0.governor`` overrides ``governor``."""

    names: ClassVar[Mapping[str, Form]] = {"governor": WORD, "cpu_min_khz": WHOLE, "cpu_max_khz": WHOLE}
    target = "policy"
    items = rf"sys/devices/system/cpu/(cpufreq/policy[0-9]+|cpu[0-9]+/cpufreq)/({'|'.join(_FILES)})"

    def plan(self, settings: Sequence[Setting], board: Board) -> list[Change]:
        """See ``Kind``."""
        folders = policies(board)
        if not folders:
            raise SettingError(
                f"{settings[0]}: {board.full_path(_POLICIES)}: none found; this system sets no CPU frequency"
            )
        for setting in settings:
            if setting.target:
                check_offered(setting, board.full_path(_POLICIES), setting.target, list(folders))
        return [
            change for name, folder in folders.items() for change in self._plan_policy(settings, board, name, folder)
        ]

    def _plan_policy(self, settings: Sequence[Setting], board: Board, policy: str, folder: str) -> list[Change]:
        mine = {s.name: s for target in ("", policy) for s in settings if s.target == target}
        out = []
        if governor := mine.get("governor"):
            offered = f"{folder}/scaling_available_governors"
            check_offered(governor, board.full_path(offered), governor.value, board.read(offered).split())
            out.append(Change(governor, "cpufreq", f"{folder}/scaling_governor", governor.value))
        limits = mine.get("cpu_min_khz"), mine.get("cpu_max_khz")
        for limit in filter(None, limits):
            if frequencies := _frequencies(board, folder):
                where = board.full_path(f"{folder}/scaling_available_frequencies")
                check_offered(limit, where, limit.value, list(map(str, frequencies)))
            else:
                ends = (int(board.read(f"{folder}/cpuinfo_{end}_freq")) for end in ("min", "max"))
                check_within(limit, board.full_path(f"{folder}/cpuinfo_{{min,max}}_freq"), int(limit.value), *ends)
        if any(limits):
            items = f"{folder}/scaling_min_freq", f"{folder}/scaling_max_freq"
            out += _limits.changes("cpufreq", board, items, *limits)
        return out

    def offered(self, board: Board) -> dict[str, list[int | str]]:
        """What every policy takes; where policies differ, also what each takes."""
        by_name: dict[str, dict[str, list[int | str]]] = {"governor": {}, "cpu_min_khz": {}, "cpu_max_khz": {}}
        for policy, folder in policies(board).items():
            by_name["governor"][policy] = list(board.read_or(f"{folder}/scaling_available_governors", "").split())
            frequencies = _frequencies(board, folder)
            if not frequencies:
                ends = (board.read_or(f"{folder}/cpuinfo_{end}_freq", "") for end in ("min", "max"))
                frequencies = [int(end) for end in ends if end]
            for name in ("cpu_min_khz", "cpu_max_khz"):
                by_name[name][policy] = list(frequencies)
        out: dict[str, list[int | str]] = {}
        for name, by_policy in by_name.items():
            lists = list(by_policy.values())
            if lists:
                out[name] = [value for value in lists[0] if all(value in other for other in lists)]
            if any(other != lists[0] for other in lists):
                out |= {f"{policy}.{name}": values for policy, values in by_policy.items()}
        return out


def files(board: Board) -> list[str]:
    """Files of the policies that other settings change on the way."""
    return [f"{folder}/{name}" for folder in policies(board).values() for name in _FILES]
