"""RAPL: the energy that the processor counts itself, as Linux offers it below /sys/class/powercap.

Intel since Sandy Bridge and AMD since Zen; the kernel calls the zones ``intel-rapl`` for both. See
https://docs.kernel.org/power/powercap/powercap.html.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from perftransfer.measuring.counters._sysfs import read_integer, read_text
from perftransfer.measuring.counters.interface import Counter, CounterError, Energy

_FOLDER = "sys/class/powercap"
# The registers are refreshed about every millisecond (Intel's manual, volume 3, "RAPL interfaces").
_UPDATE_SECONDS = 0.001
# The kernel scales a register of 32 bits to microjoules, so the range gives the size of one step.
_STEPS_OF_RANGE = 2**32 - 1


@dataclass(frozen=True)
class Zone:
    """A power zone: its folder, what it covers in words, and the largest value of its counter in microjoules."""

    folder: Path
    covers: str
    range_uj: int

    def read_uj(self) -> int:
        """Microjoules on the counter now. Raises CounterError."""
        return read_integer(self.folder / "energy_uj")

    def difference_uj(self, before: int, after: int) -> int:
        """Microjoules from ``before`` to ``after``, over at most one wrap-around."""
        return (after - before) % (self.range_uj + 1)


class RaplCounter(Counter):
    """Sum of the counters of zones that do not overlap.

    A counter starts again at 0 after ``max_energy_range_uj``, typically 262 kJ (an hour at 70 W), 66 kJ for memory. One
    wrap-around within a measurement is corrected, to one step; more cannot be detected, and energy would be missing:
    keep measurements shorter. A driver that is loaded anew meanwhile looks like a wrap-around, too.
    """

    name = "rapl"
    title = "RAPL"
    update_seconds = _UPDATE_SECONDS

    def __init__(self, zones: Sequence[Zone], clock: Callable[[], float] = time.perf_counter) -> None:
        self.zones = list(zones)
        self.covers = ", ".join(zone.covers for zone in self.zones)
        self.resolution_mj = sum(zone.range_uj / _STEPS_OF_RANGE for zone in self.zones) / 1e3
        self._clock = clock
        self._before: tuple[float, list[int]] | None = None

    @classmethod
    def find(
        cls, root: Path = Path("/"), gpu: int = 0, *, clock: Callable[[], float] = time.perf_counter
    ) -> RaplCounter:
        """Return the counter of all processor packages, with their memory where it is counted.

        Cores and graphics (``core``, ``uncore``) are parts of their package, the platform (``psys``) is more than all
        of them: added, they would count twice.

        Raises CounterError with the reason if there is no such counter, or if a zone of it cannot be read: what is
        covered must not depend on permissions.
        """
        folder = root / _FOLDER
        top = [(path, read_text(path / "name")) for path in _zones_in(folder, level=1)]
        if not top:
            raise CounterError(
                f"{folder} has no zone intel-rapl:0; a virtual machine, a processor without RAPL, "
                "or the kernel module intel_rapl_msr is not loaded"
            )
        zones = []
        for package, name in top:
            if not name.startswith("package-"):
                continue
            covers = f"{name} (processor package: cores, caches, memory controller, graphics if any)"
            zones.append(_zone(package, covers))
            for part in _zones_in(package, level=2):
                if read_text(part / "name") == "dram":
                    zones.append(_zone(part, f"{name} dram (memory)"))
        if not zones:
            raise CounterError(f"{folder} has no processor package, only {', '.join(name for _, name in top)}")
        return cls(zones, clock)

    def start(self) -> None:
        """Begin to count. Raises CounterError if a zone cannot be read."""
        readings = [zone.read_uj() for zone in self.zones]
        self._before = (self._clock(), readings)

    def stop(self) -> Energy:
        """Return what was drawn since ``start()``. Raises CounterError."""
        if self._before is None:
            raise CounterError("the counter was not started")
        now = self._clock()
        (started, before), self._before = self._before, None
        microjoules = sum(
            zone.difference_uj(reading, zone.read_uj()) for zone, reading in zip(self.zones, before, strict=True)
        )
        return Energy(microjoules / 1e3, now - started, None)


def _zones_in(folder: Path, level: int) -> list[Path]:
    """Zones of the control type ``intel-rapl`` alone: ``intel-rapl-mmio`` has the same packages again."""
    pattern = re.compile("intel-rapl" + r":(\d+)" * level)
    matches = [(match, path) for path in folder.glob("intel-rapl:*") if (match := pattern.fullmatch(path.name))]
    return [path for match, path in sorted(matches, key=lambda pair: [int(number) for number in pair[0].groups()])]


def _zone(folder: Path, covers: str) -> Zone:
    range_uj = read_integer(folder / "max_energy_range_uj")
    if range_uj <= 0:
        raise CounterError(f"{folder / 'max_energy_range_uj'} holds {range_uj}, nothing to count to")
    zone = Zone(folder, covers, range_uj)
    zone.read_uj()
    return zone
