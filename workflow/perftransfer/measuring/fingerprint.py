"""Which machine and which software a measurement was taken with."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def usable_cpus() -> list[int]:
    """Numbers of the CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def _lines(path: str) -> dict[str, str]:
    """Read a file of ``key : value`` lines, the first of each key; empty where there is none."""
    try:
        text = Path(path).read_text()
    except OSError:
        return {}
    pairs = (line.partition(":") for line in text.splitlines())
    out: dict[str, str] = {}
    for key, _, value in pairs:
        out.setdefault(key.strip(), value.strip())
    return out


def host() -> dict[str, Any]:
    """Describe this machine: processor, CPUs, memory, system, Python."""
    cpu, memory = _lines("/proc/cpuinfo"), _lines("/proc/meminfo")
    total = memory.get("MemTotal", "").split()
    return {
        "processor": cpu.get("model name") or cpu.get("Model") or platform.processor() or platform.machine(),
        "architecture": platform.machine(),
        "cpus": os.cpu_count() or 1,
        "usable_cpus": len(usable_cpus()),
        "memory_gib": round(int(total[0]) / 2**20, 1) if total else None,
        "virtual_machine": "hypervisor" in cpu.get("flags", "").split(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def digest(facts: Mapping[str, Any]) -> str:
    """16 hexadecimal digits that stand for ``facts`` (JSON values), whatever their order."""
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def identity(description: Mapping[str, Any]) -> dict[str, Any]:
    """The part of ``host()`` that makes it this machine and no other kind: an update of the system changes nothing."""
    return {key: description[key] for key in ("processor", "architecture", "cpus")}
