"""A background load as a controlled disturbance: processes that keep CPUs busy for a share of the time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import ClassVar

from perftransfer.measuring.hardware.interface import WHOLE, Board, Change, Form, Kind, Setting, SettingError
from perftransfer.measuring.server import die_with
from perftransfer.package_path import package_path

# Short compared to an inference of a large network, long compared to the scheduler's time slice.
_PERIOD_SECONDS = 0.02


class BackgroundLoad(Kind):
    """``background_load``: number of processes; ``background_share``: of the time that each is busy (default 1)."""

    names: ClassVar[Mapping[str, Form]] = {
        "background_load": WHOLE,
        "background_share": Form(r"0?\.[0-9]+|1(\.0*)?", "a share up to 1"),
    }

    def plan(self, settings: Sequence[Setting], board: Board) -> list[Change]:
        """Nothing of the machine is set: see ``running``."""
        return []


def requested_load(settings: Iterable[Setting]) -> tuple[int, float]:
    """Return the number of processes and the share of the time (0 to 1) that the settings ask for; (0, 1.0) without."""
    values = {setting.name: setting.value for setting in settings}
    return int(values.get("background_load", 0)), float(values.get("background_share", 1))


class Load:
    """Processes that keep CPUs busy."""

    def __init__(self, children: Sequence[subprocess.Popen[bytes]]) -> None:
        self._children = children

    @property
    def pids(self) -> list[int]:
        """Their process ids."""
        return [child.pid for child in self._children]

    def ended(self) -> list[str]:
        """Return a line for each process that has ended unexpectedly."""
        return [
            f"background load: process {child.pid} has ended" for child in self._children if child.poll() is not None
        ]


@contextmanager
def running(processes: int, share: float, cpus: Sequence[int]) -> Iterator[Load]:
    """Keep ``processes`` processes busy for ``share`` (0 to 1) of the time, on ``cpus`` in turn.

    Yields them once all are at work. They end with the block, and with this process.

    Raises SettingError if one does not start.
    """
    with ExitStack() as stack:
        children = []
        for i in range(processes):
            # A fresh program rather than a fork: it must not hold on to our locks.
            command = [sys.executable, "-m", __name__, str(cpus[i % len(cpus)]), str(share), str(os.getpid())]
            environment = {**os.environ, "PYTHONPATH": package_path()}
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment)
            stack.callback(child.communicate)
            stack.callback(child.kill)
            children.append(child)
        for child in children:
            assert child.stdout is not None
            if not child.stdout.readline():
                raise SettingError(f"background load: a process ended at its start; CPUs asked for: {list(cpus)}")
        yield Load(children)


def main(arguments: list[str]) -> None:
    """Burn one CPU: its number, the share of the time, the process to end with."""
    cpu, share, parent = int(arguments[0]), float(arguments[1]), int(arguments[2])
    die_with(parent)
    # Ctrl-C goes to the whole foreground group: the measuring job decides when this ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, [cpu])
    print("at work", flush=True)
    # Ends with its parent also where the kernel has no signal for that.
    while os.getppid() == parent:
        started = time.perf_counter()
        while time.perf_counter() - started < share * _PERIOD_SECONDS:
            pass
        time.sleep(max(0.0, (1 - share) * _PERIOD_SECONDS))


if __name__ == "__main__":
    main(sys.argv[1:])
