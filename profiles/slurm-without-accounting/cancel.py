#!/usr/bin/env python3
"""Cancel Slurm jobs. Snakemake waits only two seconds: if the controller is away, this retries in the background."""

from __future__ import annotations

import shlex
import subprocess
import sys

# Until the controller answered, but 10 minutes at most; what it does not know any more needs no cancelling.
SCRIPT = """
for attempt in $(seq 120); do
    said=$({cancel} 2>&1) && exit
    case $said in *ontact*|*imed\\ out*|*onnection*) sleep 5 ;; *) exit ;; esac
done
"""

if __name__ == "__main__":
    subprocess.Popen(
        ["sh", "-c", SCRIPT.format(cancel=f"scancel {shlex.join(sys.argv[1:])}")],
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
