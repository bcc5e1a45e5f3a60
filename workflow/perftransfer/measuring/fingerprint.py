"""Which machine and which software a measurement was taken with."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
from collections.abc import Mapping
from pathlib import Path

from perftransfer.measuring.cgroups import Limits
from perftransfer.measuring.records import Host


def usable_cpus(root: Path = Path("/")) -> list[int]:
    """Return the numbers of the CPUs that this process may use all the time.

    A container may have a quota of the CPUs' time: then these are the last ones, no more than the quota keeps busy.
    """
    cpus = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))
    n = Limits.read(root).whole_cpus
    return cpus if n is None else cpus[-n:]


def _lines(path: str) -> dict[str, str]:
    """Read a file of ``key : value`` lines, the first of each key; empty if there is no such file."""
    try:
        text = Path(path).read_text()
    except OSError:
        return {}
    pairs = (line.partition(":") for line in text.splitlines())
    out: dict[str, str] = {}
    for key, _, value in pairs:
        out.setdefault(key.strip(), value.strip())
    return out


def _text(path: Path) -> str | None:
    """Return the content of a small file; None if it cannot be read."""
    try:
        return path.read_text().strip()
    except OSError:
        return None


def _caches(root: Path) -> dict[str, str]:
    """Sizes of the caches that CPU 0 has or shares, by level and kind: ``{"L2 Unified": "2048K"}``."""
    caches = {}
    for index in sorted(root.glob("sys/devices/system/cpu/cpu0/cache/index[0-9]*")):
        level, kind, size = (_text(index / name) for name in ("level", "type", "size"))
        if level and size:
            caches[f"L{level} {kind or ''}".strip()] = size
    return caches


def _gpus(root: Path) -> list[str]:
    """Return the models of the NVIDIA GPUs, as the driver names them."""
    texts = (_text(path) or "" for path in sorted(root.glob("proc/driver/nvidia/gpus/*/information")))
    models = (line.partition(":")[2].strip() for text in texts for line in text.splitlines() if "Model" in line)
    return list(models)


def _container(root: Path) -> str | None:
    """Return the kind of container that this process runs in; None if it cannot be detected."""
    for path, kind in ((".dockerenv", "docker"), ("run/.containerenv", "podman"), (".singularity.d", "apptainer")):
        if (root / path).exists():
            return kind
    return None


# Instruction sets that decide how fast a network runs, as /proc/cpuinfo names them.
_INSTRUCTION_SETS = re.compile(r"sse4_2|avx\w*|fma|f16c|amx_\w+|asimd\w*|sve\w*|bf16|i8mm|fphp")


def host(root: Path = Path("/")) -> Host:
    """Describe this machine: processor, CPUs, caches, memory, GPUs, system, Python; unknown facts are None or empty.

    root: "/", or the top of another file tree.
    """
    cpu, memory = _lines(str(root / "proc/cpuinfo")), _lines(str(root / "proc/meminfo"))
    total = memory.get("MemTotal", "").split()
    limits = Limits.read(root)
    flags = (cpu.get("flags") or cpu.get("Features") or "").split()
    return {
        "node": platform.node(),
        "instruction_sets": sorted(flag for flag in flags if _INSTRUCTION_SETS.fullmatch(flag)),
        "caches": _caches(root),
        "governor": _text(root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "gpus": _gpus(root),
        "gpu_driver": (_text(root / "proc/driver/nvidia/version") or "").partition("\n")[0] or None,
        "container": _container(root),
        "processor": cpu.get("model name") or cpu.get("Model") or platform.processor() or platform.machine(),
        "architecture": platform.machine(),
        "cpus": os.cpu_count() or 1,
        "usable_cpus": len(usable_cpus(root)),
        "cpu_quota": limits.cpus,
        "memory_gib": round(int(total[0]) / 2**20, 1) if total else None,
        "memory_limit_gib": limits.memory_gib,
        "virtual_machine": "hypervisor" in flags,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def digest(facts: Mapping[str, object]) -> str:
    """Return 16 hexadecimal digits that identify ``facts`` (JSON values), independent of their order."""
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def identity(description: Host) -> dict[str, object]:
    """Return the part of ``host()`` that makes it this kind of machine: an update of the system changes nothing."""
    facts: dict[str, object] = {
        "processor": description["processor"],
        "architecture": description["architecture"],
        "cpus": description["cpus"],
    }
    if description.get("gpus"):
        facts["gpus"] = description["gpus"]
    return facts
