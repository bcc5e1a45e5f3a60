"""After a Snakemake was killed: end what it left running, and take away its lock. ``make`` calls it before each run."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil

_SCRIPTS = ".snakemake/scripts/"


def _at_work_here(folder: Path) -> list[psutil.Process]:
    """Processes of Snakemake, and of its jobs, that work in ``folder``."""
    mine = {process.pid for process in (psutil.Process(), *psutil.Process().parents())}
    found = []
    for process in psutil.process_iter():
        try:
            about_snakemake = any("snakemake" in argument for argument in process.cmdline())
            if process.pid not in mine and about_snakemake and Path(process.cwd()) == folder:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def _is_job(process: psutil.Process) -> bool:
    return any(_SCRIPTS in argument for argument in process.cmdline())


def clear(folder: Path) -> int:
    """Return 0 when a run may start in ``folder``, and 1 (having said why) when another run is at work there."""
    folder = folder.resolve()
    if not list(folder.glob(".snakemake/locks/*.lock")):
        return 0
    at_work = _at_work_here(folder)
    drivers = [process for process in at_work if not _is_job(process)]
    if drivers:
        print(f"Another run is at work in this folder (process {drivers[0].pid}): wait for it, or end it.")
        return 1
    print("The last run was killed and left its lock behind. No measurement is lost: each is in its journal.")
    for job in at_work:
        print(f"Ending a job that it left running (process {job.pid}).")
        job.terminate()
    for job in psutil.wait_procs(at_work, timeout=5)[1]:
        job.kill()
    print("Taking the lock away.", flush=True)
    for lock in folder.glob(".snakemake/locks/*.lock"):
        lock.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(clear(Path.cwd()))
