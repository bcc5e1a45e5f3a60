"""Clean up after a killed Snakemake: end its jobs, here and on a cluster, and remove its lock.

``make`` calls this before each run. Without it, jobs that outlived their driver would still measure while a new run
starts the same jobs again.
"""

from __future__ import annotations

import contextlib
import getpass
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil

from perftransfer.errors import UserError

#: Prefix of the names of our jobs on a cluster, see ``profiles/slurm``.
PREFIX = "perftransfer_"
_LOCKS = ".snakemake/locks/*.lock"
_SCRIPTS = ".snakemake/scripts/"
# An argument of a Snakemake that is itself a job, as started by a scheduler.
_JOB_ARGUMENT = "--target-jobs"
# Names the machine the last run was started on: on a cluster, several share a folder.
_NODE_FILE = ".snakemake/perftransfer.node"
# The Slurm executor writes here as soon as it has submitted a job.
_SLURM_LOGS = ".snakemake/slurm_logs"
_MAX_CANCEL_SECONDS = 120.0


def note_start(folder: Path) -> None:
    """Record for later runs that one was started in ``folder`` on this machine."""
    (folder / _NODE_FILE).write_text(platform.node(), encoding="utf-8")


def clean_up(folder: Path) -> int:
    """End what a killed run left in ``folder`` and remove its lock.

    Parameters
    ----------
    folder
        Folder in which Snakemake runs.

    Returns
    -------
    int
        0 if a run may start; 1, after printing the reason, if another run is active in the folder, was started on
        another machine, or its jobs on a cluster could not be cancelled.
    """
    folder = folder.resolve()
    locks = list(folder.glob(_LOCKS))
    if not locks:
        return 0
    drivers, jobs = _processes(folder)
    if drivers:
        print(f"Another run is active in this folder (process {drivers[0].pid}). Wait for it, or end it.")
        return 1
    with contextlib.suppress(OSError):
        node = (folder / _NODE_FILE).read_text(encoding="utf-8")
        if node != platform.node():
            print(
                f"The last run in this folder was started on {node} and is still active or was killed. Start again on "
                f"{node}, or delete {_NODE_FILE} if nothing runs there."
            )
            return 1
    print("The last run was killed. No measurement is lost: each is in its journal.")
    try:
        cancelled = cancel_cluster_jobs(folder)
    except UserError as error:
        print(error)
        return 1
    if cancelled:
        print(f"Cancelled its jobs on the cluster: {', '.join(cancelled)}.")
    _end([job for job in jobs if job.is_running()])
    print("Removing its lock.", flush=True)
    for lock in locks:
        lock.unlink(missing_ok=True)
    return 0


def cluster_jobs(folder: Path) -> list[str]:
    """Return the ids of this user's jobs in Slurm's queue that work in ``folder``.

    Slurm is not asked where no job was ever submitted from the folder.

    Raises
    ------
    UserError
        If Slurm does not answer.
    """
    if not (folder / _SLURM_LOGS).exists() or shutil.which("squeue") is None:
        return []
    command = ["squeue", "--noheader", "--user", getpass.getuser(), "--format", "%i %j %Z"]
    jobs = [line.split(" ", 2) for line in _run(command).splitlines()]
    return [job for job, name, workdir in jobs if name.startswith(PREFIX) and Path(workdir) == folder]


def cancel_cluster_jobs(folder: Path) -> list[str]:
    """Cancel the jobs that work in ``folder``, wait until they have ended, and return their ids.

    Raises
    ------
    UserError
        If Slurm does not answer, or if the jobs do not end.
    """
    jobs = cluster_jobs(folder)
    if jobs:
        _run(["scancel", *jobs])
        deadline = time.monotonic() + _MAX_CANCEL_SECONDS
        while remaining := cluster_jobs(folder):
            if time.monotonic() > deadline:
                raise UserError(f"These jobs do not end: {', '.join(remaining)}. See: scontrol show job {remaining[0]}")
            time.sleep(0.5)
    return jobs


def _processes(folder: Path) -> tuple[list[psutil.Process], list[psutil.Process]]:
    """Return the processes of Snakemake that work in ``folder``, and those of its jobs."""
    ancestors = {process.pid for process in (psutil.Process(), *psutil.Process().parents())}
    drivers, jobs = [], []
    for process in psutil.process_iter():
        try:
            arguments = process.cmdline()
            if process.pid in ancestors or Path(process.cwd()) != folder:
                continue
        except (psutil.Error, OSError):
            continue
        if _JOB_ARGUMENT in arguments or any(_SCRIPTS in argument for argument in arguments):
            jobs.append(process)
        # The name must be a separate argument: ``tee snakemake.log`` is not a run.
        elif any(Path(argument).name == "snakemake" for argument in arguments):
            drivers.append(process)
    return drivers, jobs


def _end(jobs: list[psutil.Process]) -> None:
    for job in jobs:
        print(f"Ending one of its jobs (process {job.pid}).")
        with contextlib.suppress(psutil.NoSuchProcess):
            job.terminate()
    for job in psutil.wait_procs(jobs, timeout=5)[1]:
        with contextlib.suppress(psutil.NoSuchProcess):
            job.kill()


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    # Jobs that have ended meanwhile need no cancelling.
    if done.returncode and "nvalid job id" not in done.stderr and "already complet" not in done.stderr:
        raise UserError(f"{command[0]} failed: {done.stderr.strip()}; start again when Slurm answers")
    return done.stdout


if __name__ == "__main__":
    sys.exit(clean_up(Path.cwd()))
