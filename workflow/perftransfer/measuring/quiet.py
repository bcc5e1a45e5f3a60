"""Wait until others leave the CPUs alone, where they disturb measurement after measurement."""

from __future__ import annotations

import logging
import math
import os
import time
from collections import deque
from collections.abc import Callable

from perftransfer.errors import UserError
from perftransfer.measuring.interference import DISTURBED_ABOVE, CpuTimes
from perftransfer.measuring.records import JudgedOutcome
from perftransfer.progress import duration

_LOG = logging.getLogger(__name__)
#: For a machine that is never quiet, such as a runner of tests: no study waits longer there than this, in seconds.
VARIABLE = "PERFTRANSFER_MAX_WAIT_SECONDS"
# Of the last measurements, so many disturbed ones are no accident.
_WINDOW = 10
_LASTING = 5
# How long the machine is watched to see whether it is quiet, and how long until the next look.
_LOOK_SECONDS = 1.0
_PAUSE_SECONDS = 5.0


def _bound() -> float:
    text = os.environ.get(VARIABLE) or "inf"
    try:
        bound = float(text)
    except ValueError:
        bound = math.nan
    if not bound >= 0:
        raise UserError(f"{VARIABLE}: found {text!r}, allowed: a number of seconds from 0")
    return bound


class QuietWatch:
    """Counts disturbed measurements of a session, and pauses it while others keep its CPUs busy.

    Parameters
    ----------
    name
        Of the environment, for messages.
    cpus
        CPUs that are measured on.
    max_wait_seconds
        How long to wait in all, unless the environment variable ``VARIABLE`` says less.
    read
        Reads the CPUs' clocks.
    sleep
        Waits.

    Raises
    ------
    UserError
        If ``VARIABLE`` is no number from 0.
    """

    def __init__(
        self,
        name: str,
        cpus: list[int],
        max_wait_seconds: float,
        *,
        read: Callable[[list[int]], CpuTimes] = CpuTimes.read,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._name = name
        self._cpus = cpus
        self._max_wait_seconds = min(max_wait_seconds, _bound())
        self._read, self._sleep = read, sleep
        self._waited = 0.0
        self._recent: deque[bool] = deque(maxlen=_WINDOW)
        self._n_watched = self._n_disturbed = self._n_said = 0
        self._shares: list[float] = []
        self._gave_up = False

    def note(self, outcome: JudgedOutcome) -> None:
        """Count a measurement, and wait if others disturb one after the other."""
        disturbed = outcome.get("disturbed")
        if disturbed is None:
            return
        self._n_watched += 1
        self._n_disturbed += disturbed
        self._recent.append(disturbed)
        share = outcome.get("external_cpu_share")
        if disturbed and share is not None and share > DISTURBED_ABOVE:
            self._shares.append(share)
        if sum(self._recent) >= _LASTING and not self._gave_up:
            self._recent.clear()
            self._pause()

    def _pause(self) -> None:
        left = self._max_wait_seconds - self._waited
        words = f"{self._n_disturbed} of {self._n_watched} measurements of {self._name} were disturbed{self._reason()}"
        if left <= 0 or not self._is_busy():
            self._gave_up = left <= 0
            # Heat, or others that come and go. Said again when there are twice as many.
            if self._n_watched >= 2 * self._n_said:
                self._n_said = self._n_watched
                _LOG.warning("%s: their values are unreliable; going on", words)
            return
        _LOG.warning("%s: their values are unreliable; pausing until it is quiet, up to %s", words, duration(left))
        start = self._waited
        while self._waited < self._max_wait_seconds:
            self._wait(_PAUSE_SECONDS)
            if not self._is_busy():
                _LOG.warning("%s: quiet after %s, going on", self._name, duration(self._waited - start))
                return
        self._gave_up = True
        _LOG.warning(
            "%s: not quiet after %s (max_wait_seconds); going on, and disturbed measurements stay marked",
            self._name, duration(self._waited),
        )  # fmt: skip

    def _reason(self) -> str:
        if not self._shares:
            return ""
        lowest, highest = round(100 * min(self._shares)), round(100 * max(self._shares))
        range_of = f"{lowest} %" if lowest == highest else f"{lowest} to {highest} %"
        return f" by other processes ({range_of} of the CPUs' time)"

    def _is_busy(self) -> bool:
        before = self._read(self._cpus)
        self._wait(_LOOK_SECONDS)
        share = self._read(self._cpus).external_share_since(before)
        return share is not None and share > DISTURBED_ABOVE

    def _wait(self, seconds: float) -> None:
        self._sleep(seconds)
        self._waited += seconds
