"""INA3221: sensors of power on the supply rails of NVIDIA Jetson boards, integrated to energy.

A sensor reports the power (mW) at a moment. The energy is its integral over time: a thread takes readings at a steady
pace, each with its time, which are joined by trapezoids. The sum of the readings, as published with the paper's data,
is neither a power nor an energy: it grows with the number of readings.

Two layouts: JetPack 5 and later and mainline Linux (``/sys/class/hwmon``: voltage and current,
https://docs.kernel.org/hwmon/ina3221.html), JetPack 4 and earlier (``/sys/bus/i2c/drivers/ina3221x``: power).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

from perftransfer.measuring.counters._sysfs import read_integer, read_text
from perftransfer.measuring.counters.interface import Counter, CounterError, Energy

_HWMON = "sys/class/hwmon"
_IIO = "sys/bus/i2c/drivers/ina3221x"
_CHANNELS = (1, 2, 3)
# All that the module takes: TX1, TX2, Xavier NX, Orin NX, Orin Nano; Nano.
_WHOLE_INPUT = ("VDD_IN", "POM_5V_IN")
# Supplied by another rail (AGX Orin: VIN_SYS_5V0), so it would count twice; "NC" is a channel that is not connected.
_NOT_ADDED = ("VDDQ_VDD2_1V8AO", "NC")
# The converter's step, 40 µV across the shunt (INA3221 data sheet, "Shunt voltage").
_SHUNT_STEP_UV = 40.0


@dataclass(frozen=True)
class Rail:
    """A supply rail.

    read_mw: its power now in milliwatts; raises CounterError. step_mw: the smallest step of that, update_seconds: the
    time between two conversions of the sensor; None where unknown.
    """

    name: str
    read_mw: Callable[[], float]
    step_mw: float | None = None
    update_seconds: float | None = None


def integrate(times: Sequence[float], powers: Sequence[float]) -> float:
    """Integral of ``powers`` (mW) over ``times`` (s, never falling), by the trapezoidal rule: millijoules.

    Raises ValueError for less than two samples, unlike lengths, or times that fall.
    """
    if len(times) != len(powers) or len(times) < 2:
        raise ValueError(f"{len(times)} times and {len(powers)} powers: as many of both, and at least 2, are needed")
    total = 0.0
    for (before, earlier), (now, later) in pairwise(zip(times, powers, strict=True)):
        if now < before:
            raise ValueError(f"time falls from {before} to {now}")
        total += (now - before) * (earlier + later) / 2
    return total


class HwmonCounter(Counter):
    """Power of rails, sampled in a thread and integrated.

    Reading a sensor takes about a millisecond of one core: time latencies in inferences of their own, and let the
    energy be that of many inferences, so that samples every ``period`` seconds see all phases of them. Call ``stop()``
    also when inferences fail: the thread samples until then.
    """

    name = "hwmon"
    title = "hwmon"

    def __init__(
        self,
        rails: Sequence[Rail],
        covers: str,
        *,
        period: float = 0.01,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.rails = list(rails)
        self.covers = covers
        self.period = period
        steps = [rail.step_mw for rail in self.rails if rail.step_mw is not None]
        self.step_mw = sum(steps) if len(steps) == len(self.rails) else None
        self.resolution_mj = None if self.step_mw is None else self.step_mw * period
        self.update_seconds = max([period, *(rail.update_seconds or 0.0 for rail in self.rails)])
        self._clock = clock
        self._times: list[float] = []
        self._powers: list[float] = []
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()
        self._error: CounterError | None = None

    @classmethod
    def find(
        cls,
        root: Path = Path("/"),
        gpu: int = 0,
        *,
        rails: Sequence[str] | None = None,
        period: float = 0.01,
        clock: Callable[[], float] = time.perf_counter,
    ) -> HwmonCounter:
        """Return the counter of the module's whole input or, if no rail is that, of the sum of all rails.

        Parameters
        ----------
        root, gpu
            As in the base class.
        rails
            Names of the rails to add instead.
        period, clock
            Seconds between two samples, and the clock for their times.

        Raises
        ------
        CounterError
            With the reason, if there is no rail, or one of them cannot be read.
        """
        all_rails = _hwmon_rails(root) or _iio_rails(root)
        if not all_rails:
            raise CounterError(f"no sensor INA3221 of a Jetson board, neither in {root / _HWMON} nor in {root / _IIO}")
        chosen, covers = _chosen(all_rails, rails)
        for rail in chosen:
            rail.read_mw()
        return cls(chosen, covers, period=period, clock=clock)

    def step(self) -> None:
        """Take one sample: the power of all rails, at the middle of the time that reading them took."""
        before = self._clock()
        power = sum(rail.read_mw() for rail in self.rails)
        self._times.append((before + self._clock()) / 2)
        self._powers.append(power)

    def _sample(self) -> None:
        try:
            while not self._ended.wait(self.period):
                self.step()
        except CounterError as error:
            self._error = error

    def start(self) -> None:
        """Take the first sample and begin to take more. Raises CounterError, also if it is running already."""
        if self._thread is not None:
            raise CounterError("the counter is running already")
        self._times, self._powers, self._error = [], [], None
        self._ended.clear()
        self.step()
        self._thread = threading.Thread(target=self._sample, name="energy counter", daemon=True)
        self._thread.start()

    def stop(self) -> Energy:
        """Take the last sample and return the integral. Raises CounterError if any sample could not be read."""
        if self._thread is None:
            raise CounterError("the counter was not started")
        self._ended.set()
        self._thread.join()
        self._thread = None
        if self._error is not None:
            raise self._error
        self.step()
        return Energy(integrate(self._times, self._powers), self._times[-1] - self._times[0], len(self._times))

    def relative_resolution(self, energy: Energy) -> float | None:
        """Share of ``energy`` by which it may be off.

        Beyond what holds for any counter: an even power is read with the same error each time, so a step of the sensor
        counts in full; and samples come later than asked for when all cores are busy.
        """
        share = super().relative_resolution(energy)
        if share is None or energy.millijoules <= 0 or energy.seconds <= 0:
            return share
        if energy.steps is not None and energy.steps > 1:
            share = max(share, 1 / (energy.steps - 1))
        if self.step_mw is not None:
            share = max(share, self.step_mw * energy.seconds / energy.millijoules)
        return share


def _product_mw(voltage: Path, current: Path) -> float:
    return read_integer(voltage) * read_integer(current) / 1e3


def _power_mw(power: Path) -> float:
    return float(read_integer(power))


def _if_there(path: Path) -> int | None:
    with suppress(CounterError):
        return read_integer(path)
    return None


def _hwmon_rail(folder: Path, channel: int) -> Rail | None:
    """A channel that has a name and is switched on; None for any other."""
    label, voltage, current = (folder / name.format(channel) for name in ("in{}_label", "in{}_input", "curr{}_input"))
    if not label.exists() or _if_there(folder / f"in{channel}_enable") == 0:
        return None
    shunt_uohm = _if_there(folder / f"shunt{channel}_resistor")
    step_mw = None
    if shunt_uohm:
        # The file has whole milliamperes, however small the step of the converter.
        step_ma = max(1.0, 1e3 * _SHUNT_STEP_UV / shunt_uohm)
        step_mw = read_integer(voltage) * step_ma / 1e3
    update_ms = _if_there(folder / "update_interval")
    return Rail(
        read_text(label),
        partial(_product_mw, voltage, current),
        step_mw,
        None if update_ms is None else update_ms / 1e3,
    )


def _is_sensor(folder: Path) -> bool:
    with suppress(CounterError):
        return read_text(folder / "name") == "ina3221"
    return False


def _hwmon_rails(root: Path) -> list[Rail]:
    sensors = [folder for folder in sorted((root / _HWMON).glob("hwmon*")) if _is_sensor(folder)]
    channels = [_hwmon_rail(folder, channel) for folder in sensors for channel in _CHANNELS]
    return [rail for rail in channels if rail is not None]


def _iio_rails(root: Path) -> list[Rail]:
    labels = sorted((root / _IIO).glob("*/iio[:_]device*/rail_name_*"))
    powers = [label.with_name(f"in_power{label.name.removeprefix('rail_name_')}_input") for label in labels]
    return [Rail(read_text(label), partial(_power_mw, power)) for label, power in zip(labels, powers, strict=True)]


def _chosen(rails: Sequence[Rail], names: Sequence[str] | None) -> tuple[list[Rail], str]:
    there = ", ".join(rail.name for rail in rails)
    if names is not None:
        chosen = [rail for rail in rails if rail.name in names]
        for name in names:
            if name not in [rail.name for rail in chosen]:
                raise CounterError(f"there is no rail {name}; there are: {there}")
        return chosen, f"rails {', '.join(rail.name for rail in chosen)}"
    for rail in rails:
        if rail.name in _WHOLE_INPUT:
            return [rail], f"rail {rail.name} (whole input of the module)"
    chosen = [rail for rail in rails if rail.name not in _NOT_ADDED]
    if not chosen:
        raise CounterError(f"no rail can be counted; there are: {there}")
    return chosen, f"rails {', '.join(rail.name for rail in chosen)} (added: no rail is the whole input)"
