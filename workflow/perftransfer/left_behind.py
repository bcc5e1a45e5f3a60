"""What a killed run leaves behind on a cluster: jobs that Slurm still runs, of which a new run would know nothing."""

from __future__ import annotations

import getpass
import shutil
import subprocess
import time
from pathlib import Path

from perftransfer.errors import UserError

#: What the names of our jobs start with, see ``profiles``.
PREFIX = "perftransfer_"
# Both executors keep it where they have submitted anything.
_LOGS = ".snakemake/slurm_logs"
_PATIENCE_SECONDS = 120.0


def jobs(folder: Path) -> list[str]:
    """Ids of this user's jobs in Slurm's queue that work in ``folder``; none if none was ever submitted there.

    Raises UserError if Slurm does not answer.
    """
    if not (folder / _LOGS).exists() or shutil.which("squeue") is None:
        return []
    lines = _answer(["squeue", "--noheader", "--user", getpass.getuser(), "--format", "%i %j %Z"]).splitlines()
    found = [line.split(" ", 2) for line in lines]
    return [job for job, name, place in found if name.startswith(PREFIX) and Path(place) == folder]


def cancel(folder: Path) -> list[str]:
    """Cancel the jobs that work in ``folder``, wait until they have ended, and return their ids.

    Raises UserError if Slurm does not answer, or if they do not end.
    """
    found = jobs(folder)
    if found:
        _answer(["scancel", *found])
        until = time.monotonic() + _PATIENCE_SECONDS
        while left := jobs(folder):
            if time.monotonic() > until:
                raise UserError(f"These jobs do not end: {', '.join(left)}. Ask Slurm: scontrol show job {left[0]}")
            time.sleep(0.5)
    return found


def _answer(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    # What ended meanwhile needs no cancelling.
    if done.returncode and "nvalid job id" not in done.stderr and "already complet" not in done.stderr:
        raise UserError(f"{command[0]} failed: {done.stderr.strip()}; start again when Slurm answers")
    return done.stdout
