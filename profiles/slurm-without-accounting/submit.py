#!/usr/bin/env python3
"""Submit a job script of Snakemake to Slurm and print the job's id. A controller that is away is waited for."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

LOGS = Path(".snakemake/slurm_logs")
# Seconds: between two attempts, and in all.
PAUSE, PATIENCE = 5, 1800
#: sbatch's options by the resource that gives their value.
OPTIONS = {
    "slurm_partition": "partition",
    "slurm_account": "account",
    "constraint": "constraint",
    "gres": "gres",
    "runtime": "time",
    "mem_mb": "mem",
}


def properties(script: Path) -> dict[str, Any]:
    """Read Snakemake's description of the job from a comment of its script."""
    match = re.search(r"^# properties = (\{.*\})$", script.read_text(encoding="utf-8"), re.MULTILINE)
    if not match:
        sys.exit(f"{script}: has no properties of a job")
    content: dict[str, Any] = json.loads(match[1])
    return content


def command(job: dict[str, Any], name: str) -> list[str]:
    """Return sbatch with all its options."""
    resources, what = job["resources"], job.get("rule") or job["groupid"]
    folder = LOGS / what
    folder.mkdir(parents=True, exist_ok=True)
    wildcards = ",".join(map(str, job.get("wildcards", {}).values()))
    # Sent again by Snakemake, so not by Slurm as well: there would be two of it.
    out = ["sbatch", "--parsable", "--no-requeue", "--ntasks=1", f"--job-name={name}", f"--chdir={Path.cwd()}"]
    out += [f"--comment={what} {wildcards}", f"--output={folder}/%j.log"]
    out += [f"--{option}={resources[key]}" for key, option in OPTIONS.items() if resources.get(key)]
    cpus = resources.get("cpus_per_task", job.get("threads", 1))
    # Below 0: all of the node's.
    out += [f"--cpus-per-task={cpus}"] * (cpus > 0)
    return out + shlex.split(resources.get("slurm_extra") or "")


def queued(name: str) -> str:
    """Id of the job of that name, "" if Slurm lists none."""
    answer = subprocess.run(
        ["squeue", "--noheader", "--states=all", "--format=%i", f"--name={name}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return answer.stdout.strip()


def main() -> None:
    """Submit, and again where the controller did not answer."""
    script = Path(sys.argv[1])
    # A name of its own tells whether an attempt without an answer was one without an effect.
    name = f"perftransfer_{uuid.uuid4()}"
    call = [*command(properties(script), name), str(script)]
    until = time.monotonic() + PATIENCE
    while True:
        done = subprocess.run(call, capture_output=True, text=True, check=False)
        job = done.stdout.strip().partition(";")[0] if done.returncode == 0 else queued(name)
        if job:
            print(job)
            return
        away = re.search(r"contact slurm controller|timed out|[Cc]onnection|resolve|Unexpected message", done.stderr)
        if not away or time.monotonic() > until:
            sys.exit(f"{shlex.join(call)}\n{done.stderr.strip()}")
        print(f"{done.stderr.strip()}; trying again", file=sys.stderr)
        time.sleep(PAUSE)


if __name__ == "__main__":
    main()
