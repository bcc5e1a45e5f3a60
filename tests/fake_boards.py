"""Made-up boards for tests of hardware settings: parts of the kernel's file tree, and the programs that set things."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

CPU = "sys/devices/system/cpu"
DEBUG = "sys/kernel/debug"
TX2_CPU_KHZ = "345600 1113600 2035200"
TX2_GPU_HZ = "114750000 624750000 1300500000"
BPMP_EMC = f"{DEBUG}/bpmp/debug/clk/emc"
NVPMODEL_CONF = "< POWER_MODEL ID=0 NAME=MAXN >\n< POWER_MODEL ID=1 NAME=MODE_15W >\n"


def plant(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return root


def contents(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}


def policy(number: int, lowest: str, highest: str, governors: str, **extra: str) -> dict[str, str]:
    values = {
        "affected_cpus": str(number),
        "scaling_available_governors": governors,
        "scaling_governor": governors.split()[-1],
        "scaling_min_freq": lowest,
        "scaling_max_freq": highest,
        "cpuinfo_min_freq": lowest,
        "cpuinfo_max_freq": highest,
        **extra,
    }
    return {f"{CPU}/cpufreq/policy{number}/{name}": value for name, value in values.items()}


def online(*numbers: int) -> dict[str, str]:
    return {f"{CPU}/cpu{number}/online": "1" for number in numbers} | {f"{CPU}/cpu0/topology/core_id": "0"}


def devfreq(name: str, frequencies: str) -> dict[str, str]:
    lowest, *_, highest = frequencies.split()
    values = {
        "available_frequencies": frequencies,
        "min_freq": lowest,
        "max_freq": highest,
        "governor": "nvhost_podgov",
    }
    return {f"sys/class/devfreq/{name}/{file}": value for file, value in values.items()}


class FakePrograms:
    """nvpmodel, and nvidia-smi on one card; ``stuck``: fields that do not change, whatever is ordered."""

    def __init__(self, *, mode: str = "1", stuck: str = "") -> None:
        self.mode = mode
        self.stuck = stuck
        self.orders: list[str] = []
        self.fields = {
            "index": "0",
            "persistence_mode": "Disabled",
            "power.limit": "700.00",
            "power.min_limit": "200.00",
            "power.max_limit": "700.00",
            "clocks.current.graphics": "345",
            "clocks.current.memory": "2619",
            "clocks.applications.graphics": "1980",
            "clocks.applications.memory": "2619",
        }

    def __call__(self, command: Sequence[str]) -> str:
        program, *arguments = command
        if program == "nvpmodel":
            return self._nvpmodel(arguments)
        (option,) = (argument for argument in arguments if not argument.startswith(("--id=", "--format=")))
        name, _, value = option.partition("=")
        if name == "--query-gpu":
            return ", ".join(self.fields[field] for field in value.split(",")) + "\n"
        if name == "--query-supported-clocks":
            return {
                "graphics": "1980\n1410\n345\n",
                "memory": "2619\n1593\n",
                "memory,graphics": "2619, 1980\n2619, 1410\n1593, 1410\n",
            }[value]
        self.orders.append(option)
        first, _, second = value.partition(",")
        changes = {
            "--persistence-mode": {"persistence_mode": "Enabled" if value == "1" else "Disabled"},
            "--power-limit": {"power.limit": f"{value}.00"},
            "--lock-gpu-clocks": {"clocks.current.graphics": first},
            "--reset-gpu-clocks": {"clocks.current.graphics": "345"},
            "--lock-memory-clocks": {"clocks.current.memory": first},
            "--reset-memory-clocks": {"clocks.current.memory": "2619"},
            "--applications-clocks": {"clocks.applications.memory": first, "clocks.applications.graphics": second},
        }[name]
        self.fields |= {field: value for field, value in changes.items() if field != self.stuck}
        return "All done.\n"

    def _nvpmodel(self, arguments: list[str]) -> str:
        if arguments == ["-q"]:
            return f"NVPM WARN: fan mode is not set!\nNV Power Mode: SOME\n{self.mode}\n"
        self.orders.append(" ".join(arguments))
        if self.stuck != "nvpmodel":
            self.mode = arguments[1]
        return ""
