"""Progress of long work: a line that is updated on a terminal, and lines at intervals in a log."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from typing import TextIO

_LOG = logging.getLogger(__name__)


def duration(seconds: float) -> str:
    """Write a duration in words.

    >>> duration(8), duration(95), duration(3700)
    ('8 s', '1 min 35 s', '1 h 1 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


class Progress:
    """Counts steps of a known number and estimates the time left, from the pace of the steps done *here*.

    total: steps to do now. done_before: steps done earlier; counted, but not part of the pace.
    Plain lines are logged, at most one every ``interval`` seconds, the first and the last always.
    terminal: standard error by default; a terminal gets one line that is updated, a file or pipe the plain lines.
    """

    def __init__(
        self,
        title: str,
        total: int,
        *,
        done_before: int = 0,
        terminal: TextIO | None = None,
        interval: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.title = title
        self.total = total
        self.done_before = done_before
        self.done = 0
        self._terminal = terminal if terminal is not None else sys.stderr
        self._interval = interval
        self._clock = clock
        self._started = clock()
        self._last_plain: float | None = None
        if total:
            self._show()

    def step(self) -> None:
        """Count a finished step."""
        self.done += 1
        self._show()

    def line(self) -> str:
        """Return the present state in words."""
        everything = self.total + self.done_before
        text = f"{self.title}: {self.done + self.done_before} of {everything}"
        if self.done_before and not self.done:
            text += f", {self.done_before} of them from before"
        if not self.done:
            return text
        elapsed = self._clock() - self._started
        if self.done == self.total:
            return f"{text}, took {duration(elapsed)}"
        return f"{text}, {duration(elapsed / self.done * (self.total - self.done))} left"

    def _show(self) -> None:
        now, last = self._clock(), self.done == self.total
        plain = last or self._last_plain is None or now - self._last_plain >= self._interval
        if plain:
            self._last_plain = now
            _LOG.info("%s", self.line())
        if self._terminal.isatty():
            print(f"\r\x1b[K{self.line()}", end="\n" if last else "", file=self._terminal, flush=True)
        elif plain:
            print(self.line(), file=self._terminal, flush=True)
