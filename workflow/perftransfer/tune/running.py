"""Run a study, with one line that says how far it is."""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TextIO

from perftransfer import package_path
from perftransfer.errors import UserError
from perftransfer.progress import duration
from perftransfer.tune.request import Request
from perftransfer.tune.study_files import command

#: What Snakemake and the jobs said.
LOG = "tune.log"
_SECONDS = 0.2
_STEPS = re.compile(r"^(\d+) of (\d+) steps", re.MULTILINE)
_RULE = re.compile(r"^(?:local)?rule (\w+):", re.MULTILINE)
_MEASURED = re.compile(r"^[^:\n]+: (\d+) of (\d+)(?:, [^\n]*)?$", re.MULTILINE)
_JOB_LOG = re.compile(r"log: (\S+) \(check log")
# What a job says last while it waits.
_WAITING = {
    "pausing until it is quiet": "waiting until other processes leave the machine quiet",
    " waits: this machine is measuring": "waiting for another study that measures on this machine",
}
# What the rules do, for those that take a while.
_DOING = {
    "target": "measuring",
    "confirm": "measuring the best side by side",
    "recommend": "modelling",
    "report": "writing the report",
}


def run(request: Request, terminal: TextIO = sys.stderr) -> float:
    """Run the study of a request to its end.

    Parameters
    ----------
    request
        What was asked for; its files are written.
    terminal
        Gets a line that is updated, or, if it is none, a line per stage.

    Returns
    -------
    float
        Seconds that it took.

    Raises
    ------
    UserError
        If Snakemake is not installed, or a job fails; says why.
    """
    if importlib.util.find_spec("snakemake") is None:
        raise UserError("Snakemake is not installed; pip install 'perftransfer[study]'")
    log, started = request.out / LOG, time.monotonic()
    environment = {**os.environ, "PYTHONPATH": package_path.package_path()}
    with log.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(
            command(request, sys.executable), cwd=request.workdir, env=environment, stdout=file, stderr=file
        )
        try:
            _watch(process, log, started, terminal)
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)
            process.wait()
            raise
    seconds = time.monotonic() - started
    if process.returncode:
        raise UserError(_reason(log.read_text(encoding="utf-8", errors="replace"), request, log))
    return seconds


def _watch(process: subprocess.Popen[bytes], log: Path, started: float, terminal: TextIO) -> None:
    shown = ""
    while process.poll() is None:
        line = state(log.read_text(encoding="utf-8", errors="replace"))
        if terminal.isatty():
            print(f"\r\x1b[K{line} ({duration(time.monotonic() - started)})", end="", file=terminal, flush=True)
        elif line.partition(":")[0] != shown.partition(":")[0]:
            print(line, file=terminal, flush=True)
        shown = line
        time.sleep(_SECONDS)
    if terminal.isatty():
        print("\r\x1b[K", end="", file=terminal, flush=True)


def state(log: str) -> str:
    r"""Say in a few words what a run does, by what it has logged.

    >>> state("rule merge:\n3 of 20 steps (15%) done\nrule target:\nnet: 4 of 24, 9 s left\n")
    'measuring: 4 of up to 24'
    """
    rules = list(_RULE.finditer(log))
    doing = _DOING.get(rules[-1][1], "") if rules else ""
    last = log.rstrip().rpartition("\n")[2]
    waiting = next((words for said, words in _WAITING.items() if said in last), None)
    if doing and waiting:
        return waiting
    if doing:
        measured = list(_MEASURED.finditer(log, rules[-1].end()))
        return f"{doing}: {measured[-1][1]} of up to {measured[-1][2]}" if measured else doing
    return "preparing" if not any(rule[1] in _DOING for rule in rules) else "putting together"


def _reason(log: str, request: Request, file: Path) -> str:
    """Return why a run failed: what the job that failed said, else the end of what Snakemake said."""
    for path in _JOB_LOG.findall(log):
        job = request.workdir / path
        if job.is_file():
            return f"{job.read_text(encoding='utf-8', errors='replace').strip()}\n(all that was said: {file})"
    lines = [line for line in log.strip().splitlines() if line.strip()]
    return "\n".join([*lines[-5:], f"(all that was said: {file})"])
