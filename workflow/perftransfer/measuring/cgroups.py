"""What a container, or another group of processes, may use of the machine (Linux control groups, versions 1 and 2)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_UNIFIED = ""
# Version 1 writes "no limit" as a number near 2^63.
_NO_LIMIT = 2**60


@dataclass(frozen=True)
class Limits:
    """Limits of this process's group and of all groups around it, the lowest of each; None where there is none.

    Parameters
    ----------
    cpus
        Number of CPUs whose time all processes of the group may use together (``docker --cpus``, limits of
        Kubernetes, ``CPUQuota`` of systemd).
    memory_gib
        Memory that they may use together.
    """

    cpus: float | None = None
    memory_gib: float | None = None

    @classmethod
    def read(cls, root: Path = Path("/")) -> Limits:
        """Read them now; ``root``: "/", or the top of another file tree."""
        quotas = [quota for group in _groups("cpu", root) if (quota := _cpu_quota(group)) is not None]
        limits = [limit for group in _groups("memory", root) if (limit := _memory_limit(group)) is not None]
        return cls(min(quotas, default=None), min(limits) / 2**30 if limits else None)

    @property
    def whole_cpus(self) -> int | None:
        """CPUs that can be busy all the time within the quota, at least one; None without a quota."""
        return None if self.cpus is None else max(1, math.floor(self.cpus + 1e-9))


def throttled_periods(root: Path = Path("/")) -> int | None:
    """How often processes of this group waited since their quota was used up; None if the system does not count it."""
    counts = [count for group in _groups("cpu", root) if (count := _throttled(group)) is not None]
    return sum(counts) if counts else None


def _groups(controller: str, root: Path) -> Iterator[Path]:
    """Yield the folders of the groups that this process is in, of version 2 and of a controller of version 1."""
    for name, group in _memberships(root):
        if name not in (controller, _UNIFIED):
            continue
        for top, mounted in _mounts(name, root):
            # In a container, the group's path may start outside of what is mounted there.
            inside = PurePosixPath(group)
            inside = inside.relative_to(mounted) if inside.is_relative_to(mounted) else PurePosixPath()
            if ".." in inside.parts:
                inside = PurePosixPath()
            parts = [part for part in inside.parts if part != "/"]
            for n in range(len(parts), -1, -1):
                yield top.joinpath(*parts[:n])
            break


def _memberships(root: Path) -> Iterator[tuple[str, str]]:
    for line in _lines(root / "proc/self/cgroup"):
        _, _, rest = line.partition(":")
        controllers, colon, group = rest.partition(":")
        if colon:
            yield from ((name, group) for name in controllers.split(","))


def _mounts(controller: str, root: Path) -> Iterator[tuple[Path, str]]:
    """Yield where the files of a controller are, and the group whose files these are."""
    for line in _lines(root / "proc/self/mountinfo"):
        fields, dash, kind = line.partition(" - ")
        words, types = fields.split(), kind.split()
        if not dash or len(words) < 5 or len(types) < 3:
            continue
        if types[0] == ("cgroup" if controller else "cgroup2") and (
            not controller or controller in types[2].split(",")
        ):
            yield root / words[4].lstrip("/"), words[3]


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def _cpu_quota(group: Path) -> float | None:
    words = " ".join(_lines(group / "cpu.max")).split()
    if len(words) == 2 and words[0].isdecimal() and words[1].isdecimal() and int(words[1]):
        return int(words[0]) / int(words[1])
    quota, period = _number(group / "cpu.cfs_quota_us"), _number(group / "cpu.cfs_period_us")
    return quota / period if quota and period and quota > 0 and period > 0 else None


def _memory_limit(group: Path) -> int | None:
    for name in ("memory.max", "memory.limit_in_bytes"):
        limit = _number(group / name)
        if limit is not None:
            return limit if 0 < limit < _NO_LIMIT else None
    return None


def _throttled(group: Path) -> int | None:
    for line in _lines(group / "cpu.stat"):
        name, _, value = line.partition(" ")
        if name == "nr_throttled" and value.strip().isdecimal():
            return int(value)
    return None
