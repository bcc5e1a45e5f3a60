"""Checks that a background load is where it was asked for, and leaves no process behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from perftransfer.measuring import hardware
from perftransfer.measuring.fingerprint import usable_cpus
from perftransfer.measuring.hardware import background_load
from perftransfer.package_path import package_path


def test_background_load_is_asked_for() -> None:
    assert background_load.requested_load(hardware.parse("background_load=2 background_share=0.5")) == (2, 0.5)
    assert background_load.requested_load([]) == (0, 1.0)


@pytest.mark.skipif(sys.platform != "linux", reason="binds processes to CPUs")
def test_background_load_is_where_it_was_asked_for_and_ends_with_the_block() -> None:
    cpu = usable_cpus()[-1]
    with background_load.running(1, 0.1, [cpu]) as started:
        (load,) = map(psutil.Process, started.pids)
        assert load.cpu_affinity() == [cpu]
    assert not load.is_running()


@pytest.mark.skipif(sys.platform != "linux", reason="asks for the kernel's parent-death signal")
def test_background_load_dies_with_its_parent() -> None:
    program = (
        "import os\nfrom perftransfer.measuring.hardware import background_load\n"
        f"with background_load.running(1, 0.1, [{usable_cpus()[-1]}]) as load:\n"
        "    print(*load.pids, flush=True)\n    os.kill(os.getpid(), 9)\n"
    )
    environment = {**os.environ, "PYTHONPATH": package_path()}
    ended = subprocess.run([sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, check=False)
    pid, deadline = int(ended.stdout), time.monotonic() + 10
    while _runs(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _runs(pid)


def _runs(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_background_load_that_is_gone_too_early() -> None:
    cpu = usable_cpus()[-1]
    with background_load.running(1, 0.1, [cpu]) as load:
        assert load.ended() == []
        os.kill(load.pids[0], signal.SIGKILL)
        # A process can be waited for a moment after its first thread has ended.
        deadline = time.monotonic() + 10
        while not load.ended() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert load.ended() == [f"background load: process {load.pids[0]} has ended"]
