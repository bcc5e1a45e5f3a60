#!/usr/bin/env python3
"""Print what became of a Slurm job: success, failed or running; running if unknown."""

from __future__ import annotations

import re
import subprocess
import sys

FAILED = {
    "BOOT_FAIL", "CANCELLED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "REVOKED", "TIMEOUT",
}  # fmt: skip


def status(job: str) -> str:
    """Ask Slurm's controller, which needs no accounting for that."""
    answer = subprocess.run(["scontrol", "--oneliner", "show", "job", job], capture_output=True, text=True, check=False)
    if "Invalid job id" in answer.stderr:
        # It has ended, so long ago that the controller has forgotten how: what it had to make is made again.
        return "failed"
    state = re.search(r"\bJobState=(\w+)", answer.stdout)
    if state and state[1] in FAILED:
        return "failed"
    return "success" if state and state[1] == "COMPLETED" else "running"


if __name__ == "__main__":
    print(status(sys.argv[1]))
