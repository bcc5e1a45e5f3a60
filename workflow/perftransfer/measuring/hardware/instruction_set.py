"""A cap on the instruction sets that an engine's kernels may use, where the engine's vendor offers one.

oneDNN has one, the environment variable ``ONEDNN_MAX_CPU_ISA``, and OpenVINO and PyTorch compute with oneDNN. It caps
oneDNN's own kernels, which are most of the time but not all of it: what an engine computes by other means still uses
all that the processor has. Measurements under a cap are emulated ones: real, but not of another processor. See
https://uxlfoundation.github.io/oneDNN/dev_guide_cpu_dispatcher_control.html.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from perftransfer.errors import unknown
from perftransfer.measuring.hardware.interface import WORD, Board, Change, Form, Kind, Setting, SettingError

# Flags of /proc/cpuinfo that a processor has at least where the cap means something.
_FLAGS = {
    "sse41": {"sse4_1"},
    "avx": {"avx"},
    "avx2": {"avx2"},
    "avx2_vnni": {"avx_vnni"},
    "avx512_core": {"avx512f", "avx512bw", "avx512vl", "avx512dq"},
    "avx512_core_vnni": {"avx512_vnni"},
    "avx512_core_bf16": {"avx512_bf16"},
    "avx512_core_fp16": {"avx512_fp16"},
    "avx512_core_amx": {"amx_tile", "amx_int8", "amx_bf16"},
}
_CPUINFO = "proc/cpuinfo"


def cap_of(settings: Iterable[Setting]) -> str | None:
    """Return the value of ``instruction_set`` as oneDNN wants it; None without that setting."""
    return next((setting.value.upper() for setting in settings if setting.name == "instruction_set"), None)


class InstructionSet(Kind):
    """``instruction_set=avx2``: sets nothing of the machine; the measuring process is started with it."""

    names: ClassVar[Mapping[str, Form]] = {"instruction_set": WORD}

    def plan(self, settings: Sequence[Setting], board: Board) -> list[Change]:
        """Check only."""
        lines = (line.partition(":") for line in board.read(_CPUINFO).splitlines())
        has = next((set(value.split()) for key, _, value in lines if key.strip() == "flags"), set())
        for setting in settings:
            if setting.value not in _FLAGS:
                raise SettingError(unknown(str(setting), "instruction set", setting.value, _FLAGS))
            if missing := _FLAGS[setting.value] - has:
                raise SettingError(
                    f"{setting}: {board.full_path(_CPUINFO)}: this processor has no {', '.join(sorted(missing))}: the "
                    "cap would have no effect"
                )
        return []

    def offered(self, board: Board) -> dict[str, list[int | str]]:
        """Instruction sets that this processor has."""
        out: list[int | str] = []
        for name in _FLAGS:
            try:
                self.plan([Setting("instruction_set", name)], board)
            except SettingError:
                continue
            out.append(name)
        return {"instruction_set": out} if out else {}
