"""After a Snakemake was killed: end what it left running, and take away its lock. ``make`` calls it before each run."""

from __future__ import annotations

import contextlib
import platform
import sys
from pathlib import Path

import psutil

from perftransfer import left_behind
from perftransfer.errors import UserError

_SCRIPTS = ".snakemake/scripts/"
# What a Snakemake is told that is itself a job, as those are that a scheduler starts.
_OF_A_JOB = "--target-jobs"
# Which machine the last run was started on: on a cluster a folder has several.
_STARTED_ON = ".snakemake/perftransfer.node"


def note_start(folder: Path) -> None:
    """Tell later runs that one was started on this machine."""
    (folder / _STARTED_ON).write_text(platform.node(), encoding="utf-8")


def _at_work_here(folder: Path) -> tuple[list[psutil.Process], list[psutil.Process]]:
    """Processes of Snakemake, and those of its jobs, that work in ``folder``."""
    mine = {process.pid for process in (psutil.Process(), *psutil.Process().parents())}
    drivers, jobs = [], []
    for process in psutil.process_iter():
        try:
            arguments = process.cmdline()
            if process.pid in mine or Path(process.cwd()) != folder:
                continue
        except (psutil.Error, OSError):
            continue
        if _OF_A_JOB in arguments or any(_SCRIPTS in argument for argument in arguments):
            jobs.append(process)
        # Its name as an argument of its own: ``tee snakemake.log`` is no run.
        elif any(Path(argument).name == "snakemake" for argument in arguments):
            drivers.append(process)
    return drivers, jobs


def clear(folder: Path) -> int:
    """Return 0 when a run may start in ``folder``, and 1 (having said why) when another run is at work there."""
    folder = folder.resolve()
    if not list(folder.glob(".snakemake/locks/*.lock")):
        return 0
    drivers, jobs = _at_work_here(folder)
    if drivers:
        print(f"Another run is at work in this folder (process {drivers[0].pid}): wait for it, or end it.")
        return 1
    with contextlib.suppress(OSError):
        node = (folder / _STARTED_ON).read_text(encoding="utf-8")
        if node != platform.node():
            print(
                f"A run was started in this folder on {node}, and has not ended, or was killed: start again on {node}, "
                f"or, if nothing runs there any more, delete {_STARTED_ON}."
            )
            return 1
    print("The last run was killed and left its lock behind. No measurement is lost: each is in its journal.")
    try:
        cancelled = left_behind.cancel(folder)
    except UserError as error:
        print(error)
        return 1
    if cancelled:
        print(f"Cancelled the jobs that it left on the cluster: {', '.join(cancelled)}.")
    jobs = [job for job in jobs if job.is_running()]
    for job in jobs:
        print(f"Ending a job that it left running (process {job.pid}).")
        with contextlib.suppress(psutil.NoSuchProcess):
            job.terminate()
    for job in psutil.wait_procs(jobs, timeout=5)[1]:
        with contextlib.suppress(psutil.NoSuchProcess):
            job.kill()
    print("Taking the lock away.", flush=True)
    for lock in folder.glob(".snakemake/locks/*.lock"):
        lock.unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(clear(Path.cwd()))
