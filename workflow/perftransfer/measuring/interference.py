"""Detect other processes that used the CPUs while something was measured.

Busy time of each CPU (``/proc/stat``, steal by the hypervisor included) minus the CPU time of our own process. The
delay of our own threads in the run queue would mislead: more threads than cores cause it without anybody else.
"""

from __future__ import annotations

import os
import resource
import time
from dataclasses import dataclass
from pathlib import Path

# Above this share a measurement is marked as disturbed.
DISTURBED_ABOVE = 0.12
#: And where the clock changed by more than this share while inferences were timed.
CLOCK_CHANGED_ABOVE = 0.05

_STAT = Path("/proc/stat")
# user nice system idle iowait irq softirq steal: all but idle and iowait.
_BUSY_FIELDS = (0, 1, 2, 5, 6, 7)
_STEAL = 7


@dataclass(frozen=True)
class CpuTimes:
    """Seconds: wall clock, CPU time of this process, busy time and what the hypervisor took of it.

    The last two are summed over ``n_cpus`` CPUs; None where unknown.
    """

    wall: float
    process: float
    busy: float | None
    n_cpus: int
    steal: float | None = None

    @classmethod
    def read(cls, cpus: list[int] | None, stat: Path = _STAT) -> CpuTimes:
        """Read the clocks now, for the CPUs given by number; None stands for all of the machine's."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        busy, steal, n_cpus = _busy_seconds(cpus, stat)
        return cls(time.perf_counter(), usage.ru_utime + usage.ru_stime, busy, n_cpus, steal)

    def external_share_since(self, before: CpuTimes) -> float | None:
        """Share (0 to 1) of our CPUs' time between ``before`` and now that was neither idle nor ours."""
        wall = (self.wall - before.wall) * self.n_cpus
        if self.busy is None or before.busy is None or wall <= 0:
            return None
        others = (self.busy - before.busy) - (self.process - before.process)
        return min(1.0, max(0.0, others / wall))

    def steal_share_since(self, before: CpuTimes) -> float | None:
        """Share (0 to 1) of our CPUs' time between ``before`` and now that the hypervisor gave to other machines."""
        wall = (self.wall - before.wall) * self.n_cpus
        if self.steal is None or before.steal is None or wall <= 0:
            return None
        return min(1.0, max(0.0, (self.steal - before.steal) / wall))


def cpu_mhz(cpus: list[int] | None, root: Path = Path("/")) -> float | None:
    """Clock of the fastest of these CPUs (None: of all) right now, in MHz; None if unknown, as in virtual machines.

    The fastest is the one that computes; others may be asleep.
    """
    clocks = _numbers("sys/devices/system/cpu/cpu{}/cpufreq/scaling_cur_freq", cpus, root)
    return max(clocks) / 1000 if clocks else None


def throttle_events(cpus: list[int] | None, root: Path = Path("/")) -> int | None:
    """How often these CPUs (None: all) were slowed down for heat since the start of the machine; None if unknown.

    The kernel counts this on Intel's processors.
    """
    counts = _numbers("sys/devices/system/cpu/cpu{}/thermal_throttle/core_throttle_count", cpus, root)
    return sum(counts) if counts else None


def _numbers(pattern: str, cpus: list[int] | None, root: Path) -> list[int]:
    """Read a number of each of these CPUs (None: of all); nothing if one has none."""
    paths = root.glob(pattern.format("[0-9]*")) if cpus is None else (root / pattern.format(cpu) for cpu in cpus)
    numbers = []
    for path in paths:
        try:
            numbers.append(int(path.read_text()))
        except (OSError, ValueError):
            return []
    return numbers


def _busy_seconds(cpus: list[int] | None, stat: Path) -> tuple[float | None, float | None, int]:
    try:
        lines = stat.read_text().splitlines()
    except OSError:
        return None, None, 0
    names = None if cpus is None else {f"cpu{cpu}" for cpu in cpus}
    busy, steal, n_cpus = 0, 0, 0
    for name, *fields in (line.split() for line in lines if line.startswith("cpu")):
        if name != "cpu" and (names is None or name in names):
            busy += sum(int(fields[i]) for i in _BUSY_FIELDS if i < len(fields))
            steal += int(fields[_STEAL]) if len(fields) > _STEAL else 0
            n_cpus += 1
    tick = os.sysconf("SC_CLK_TCK")
    return (busy / tick, steal / tick, n_cpus) if n_cpus else (None, None, 0)
