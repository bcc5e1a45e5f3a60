"""Base class of energy counters."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self


class CounterError(Exception):
    """A counter is not there, or fails while it is read; ``str(error)`` says which file or call, and why."""


@dataclass(frozen=True)
class Energy:
    """What was drawn between ``start()`` and ``stop()``, by all that the counter covers, its idle power included.

    millijoules: the energy. seconds: the time it was drawn in.
    steps: number of power readings it was integrated from; None where it is the difference of a counter that does not
    tell how often it was refreshed.
    """

    millijoules: float
    seconds: float
    steps: int | None


class Counter(ABC):
    """An energy counter: ``start()``, let inferences run, ``stop()``; repeatedly.

    A counter is one file in ``counters/`` with one public subclass, created by ``find``.

    It counts everything that runs on the hardware it covers: nothing else may run meanwhile. Create it in the process
    that measures, not before a fork.
    """

    #: Kind of the counter, the name of its file: "rapl", "nvml", "hwmon".
    name: ClassVar[str]
    #: What it is called in messages.
    title: ClassVar[str]
    #: What it covers, in words, with the names of its zones, rails or GPU.
    covers: str
    #: Millijoules by which an energy may be off for the counter's smallest step alone; None if unknown.
    resolution_mj: float | None
    #: Seconds between two refreshments of the counter; None if unknown.
    update_seconds: float | None

    @classmethod
    @abstractmethod
    def find(cls, root: Path = Path("/"), gpu: int = 0) -> Self:
        """Return the counter of this machine.

        Parameters
        ----------
        root
            The folder that holds ``sys``.
        gpu
            Number of the NVIDIA GPU.

        Raises
        ------
        CounterError
            With the reason, if the machine has no such counter.
        """

    @abstractmethod
    def start(self) -> None:
        """Begin to count. Raises CounterError if the counter cannot be read."""

    @abstractmethod
    def stop(self) -> Energy:
        """Return what was drawn since ``start()``.

        Raises CounterError if the counter cannot be read any more, or was not started.
        """

    def relative_resolution(self, energy: Energy) -> float | None:
        """Share of ``energy`` (0.05 is 5 %) by which it may be off for the counter's steps and refreshments.

        One refreshment less or more may fall into the measurement: an energy over 20 refreshments is known to 5 %.
        Infinite if nothing was counted, None if neither step nor refreshment is known. It does not say how accurate the
        sensor is.
        """
        if energy.millijoules <= 0 or energy.seconds <= 0:
            return math.inf
        shares = []
        if self.resolution_mj is not None:
            shares.append(self.resolution_mj / energy.millijoules)
        if self.update_seconds is not None:
            shares.append(self.update_seconds / energy.seconds)
        return max(shares, default=None)
