"""Run faults and count what became of them: ``python -m faults.campaign``, see ``make test-faults``.

Damaged files go through their readers, each in a process of its own with a limit of time and memory. Measuring is
killed at random moments, and its disk is full. It prints what was tried, handled (a message or a success), ended with a
traceback, lost and doubled, and ends with status 1 if any of the last three is not 0.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import simulated_study
from clones import copy_tree

from perftransfer.errors import UserError
from perftransfer.measuring import journal
from perftransfer.package_path import package_path

from . import readers
from .readers import KINDS, Kind

_MAX_SECONDS = 30.0
# Of a traceback, the innermost calls.
_FRAMES = 12
_MEMORY_BYTES = 6 * 2**30
# Measurements of a run that is killed; the simulated engine makes some thousand of them in a second.
_N_CONFIGURATIONS = 1000
# Of the small simulated study, in their order.
_RULES = (
    "sample", "benchmark", "merge", "train", "analyse", "evaluate", "search", "collect_cells", "figure", "table",
    "report",
)  # fmt: skip


@dataclass
class Figures:
    """What was tried, and what became of it."""

    tried: int = 0
    handled: int = 0
    lost: int = 0
    doubled: int = 0
    #: What is wrong, by the case that shows it.
    problems: dict[str, str] = field(default_factory=dict)
    by_kind: Counter[str] = field(default_factory=Counter)

    def add(self, case: str, problem: str) -> None:
        """Count a case; ``problem`` is empty where all is well."""
        self.tried += 1
        self.by_kind[case.partition(":")[0]] += 1
        if not problem:
            self.handled += 1
        elif problem.endswith(("lost", "doubled")):
            self.lost += problem.endswith("lost")
            self.doubled += problem.endswith("doubled")
            self.problems[case] = problem
        else:
            self.problems[case] = problem

    @property
    def tracebacks(self) -> int:
        """Cases that ended with another exception than a message to the user, or not in time."""
        return len(self.problems) - self.lost - self.doubled

    def __str__(self) -> str:
        lines = [f"{case}: {problem}" for case, problem in self.problems.items()]
        kinds = ", ".join(f"{kind} {n}" for kind, n in sorted(self.by_kind.items()))
        counts = f"tried {self.tried} ({kinds}), handled {self.handled}, tracebacks {self.tracebacks}"
        return "\n".join([*lines, f"{counts}, lost {self.lost}, doubled {self.doubled}"])


def _in_child(kind: Kind, folder: Path, seed: str) -> str:
    """Read a damaged file in a process of its own; return what went wrong, "" if nothing did."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        problem = "ended without a word"
        try:
            os.close(reader)
            os.setsid()
            resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY_BYTES, _MEMORY_BYTES))
            silence = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silence, 1)
            os.dup2(silence, 2)
            os.chdir(folder)
            readers.mutate(kind, folder, seed)
            kind.read(folder)
            problem = ""
        except UserError as error:
            # A message names what is wrong, and is no traceback in disguise.
            problem = "" if str(error).strip() and "Traceback" not in str(error) else f"empty message {error!r}"
        except BaseException:
            problem = traceback.format_exc(limit=-_FRAMES)
        os.write(writer, problem.encode(errors="replace")[-4000:] or b"\0")
        os._exit(0)
    os.close(writer)
    ready = select.select([reader], [], [], _MAX_SECONDS)[0]
    answer = os.read(reader, 1 << 16).decode(errors="replace") if ready else f"not finished after {_MAX_SECONDS:g} s"
    os.close(reader)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if not answer:
        return f"ended by signal {os.WTERMSIG(status)}"
    return answer.strip("\0").strip()


def damage_files(figures: Figures, seed: int, n: int, kinds: Sequence[str], work: Path, only: str = "") -> None:
    """Damage ``n`` files of these kinds in turn; ``only``: the one case to try."""
    originals = {}
    for name in kinds:
        originals[name] = work / "originals" / name
        originals[name].mkdir(parents=True)
        kind = KINDS[name]
        before = Path.cwd()
        kind.prepare(originals[name])
        # What is not damaged is read, and what readers import is there for all children.
        check = work / "check"
        shutil.copytree(originals[name], check)
        os.chdir(check)
        os.environ["DATASETS"] = str(check)
        kind.read(check)
        os.chdir(before)
        shutil.rmtree(check)
    folder = work / "case"
    os.environ["DATASETS"] = str(folder)
    for i in range(n):
        name = kinds[i % len(kinds)]
        case = f"{name}:{seed}.{i}"
        if only not in ("", case):
            continue
        shutil.copytree(originals[name], folder)
        figures.add(case, _in_child(KINDS[name], folder, case))
        shutil.rmtree(folder)


def _measuring(folder: Path) -> list[str]:
    return [
        sys.executable, "-m", "perftransfer", "measure", "--environment", str(folder / "environment.json"),
        "--configurations", str(folder / "configurations.json"), "--out", str(folder / "disk/e.jsonl"),
    ]  # fmt: skip


def _pack(folder: Path) -> None:
    readers._packed(folder)
    configurations = {f"c{i}": {"threads": i} for i in range(1, _N_CONFIGURATIONS + 1)}
    (folder / "configurations.json").write_text(json.dumps(configurations))
    (folder / "disk").mkdir()


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": package_path()}


def _keys(path: Path) -> list[journal.Key]:
    return [journal.key(record) for record in filter(journal.is_measurement, journal.read(path))]


def _judge(path: Path, before: set[journal.Key]) -> str:
    keys = _keys(path)
    if not before <= set(keys):
        return "lost"
    return "doubled" if len(keys) != len(set(keys)) else ""


def kill_measuring(figures: Figures, seed: int, n: int, work: Path) -> None:
    """Kill measuring at ``n`` random moments; each run goes on where the one before was killed."""
    rng, folder, round_number = random.Random(seed), work / "kills", 0
    path = folder / "disk/e.jsonl"
    for i in range(n):
        if not folder.exists():
            folder.mkdir()
            _pack(folder)
        before = set(_keys(path))
        process = subprocess.Popen(
            _measuring(folder), env=_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        number = rng.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
        # From the first record on, or at its start.
        size, deadline = path.stat().st_size if path.exists() else 0, time.monotonic() + rng.choice([0.05, 0.3, 10.0])
        while time.monotonic() < deadline and process.poll() is None:
            if path.exists() and path.stat().st_size > size:
                break
            time.sleep(0.002)
        time.sleep(rng.random() * 0.15)
        process.send_signal(number)
        said = process.communicate()[1]
        problem = _judge(path, before)
        # An interrupt before the program's first line is Python's own.
        if not problem and number == signal.SIGINT and "Traceback" in said and "perftransfer/measuring" in said:
            problem = said[-2000:]
        figures.add(f"kill:{seed}.{i} {number.name}", problem)
        if len(_keys(path)) == _N_CONFIGURATIONS:
            shutil.rmtree(folder)
            round_number += 1
    if folder.exists():
        before = set(_keys(path))
        done = subprocess.run(_measuring(folder), env=_environment(), capture_output=True, text=True, check=False)
        problem = done.stderr[-2000:] if done.returncode else _judge(path, before)
        if not problem and len(_keys(path)) != _N_CONFIGURATIONS:
            problem = "lost"
        figures.add(f"after kills:{seed}", problem)


@contextmanager
def small_disk(folder: Path, kib: int) -> Iterator[str]:
    """Mount a small file system on ``folder``; yields why that is not possible, "" if it is."""
    reason = "there is no program mount"
    if shutil.which("mount"):
        command = ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        reason = done.stderr.strip() if done.returncode else ""
    try:
        yield reason
    finally:
        if not reason:
            subprocess.run(["umount", str(folder)], check=True)


def fill_disk(figures: Figures, n: int, work: Path) -> str:
    """Measure onto disks that are too small, then give them room; return why that was skipped, "" if it was not."""
    for i in range(n):
        folder = work / f"full-{i}"
        folder.mkdir()
        _pack(folder)
        path = folder / "disk/e.jsonl"
        with small_disk(folder / "disk", 32 * (i + 1)) as reason:
            if reason:
                return reason
            full = subprocess.run(_measuring(folder), env=_environment(), capture_output=True, text=True, check=False)
            before = set(_keys(path))
            problem = ""
            if full.returncode != 2 or "No space left on device: free some space" not in full.stderr:
                problem = f"status {full.returncode}: {full.stderr[-2000:]}"
            elif full.stderr.count("\n") > 3 + full.stderr.count(" of "):
                problem = f"more than a message: {full.stderr[-2000:]}"
            figures.add(f"full disk:{i}", problem)
            subprocess.run(["mount", "-o", "remount,size=64m", str(folder / "disk")], check=True)
            done = subprocess.run(_measuring(folder), env=_environment(), capture_output=True, text=True, check=False)
            problem = done.stderr[-2000:] if done.returncode else _judge(path, before)
            if not problem and len(_keys(path)) != _N_CONFIGURATIONS:
                problem = "lost"
            figures.add(f"after a full disk:{i}", problem)
    return ""


def interrupt_runs(figures: Figures, seed: int, n: int, work: Path) -> None:
    """Run a whole study ``n`` times, interrupted in each of its rules; each start goes on where the last one ended."""
    rng = random.Random(seed)
    for i in range(n):
        clone = copy_tree(work / f"run-{i}")
        simulated_study.write_into(clone)
        command = [sys.executable, "-m", "perftransfer.run", "config/toy.yaml", "--cores", "2"]
        environment = clone.environment(PYTHONPATH=str(clone.path / "workflow"))
        journals = [clone.path / f"results/toy/journal/simulated-{name}.jsonl" for name in ("small", "large")]
        for rule in _RULES:
            before = [set(_keys(path)) for path in journals]
            with subprocess.Popen(
                command, cwd=clone.path, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                start_new_session=True,
            ) as process:  # fmt: skip
                assert process.stderr is not None
                if any(line.strip() in (f"rule {rule}:", f"localrule {rule}:") for line in process.stderr):
                    time.sleep(rng.random())
                number = rng.choice([signal.SIGINT, signal.SIGKILL])
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, number)
                process.stderr.read()
            problems = [_judge(path, known) for path, known in zip(journals, before, strict=True)]
            figures.add(f"run:{seed}.{i} {rule} {number.name}", "".join(sorted(problems)))
        done = subprocess.run(command, cwd=clone.path, env=environment, capture_output=True, text=True, check=False)
        problem = "" if done.returncode == 0 else f"status {done.returncode}: {done.stderr[-2000:]}"
        if not problem and not (clone.path / "results/toy/report.html").exists():
            problem = "success without a report"
        if not problem and any(len(_keys(path)) != 48 for path in journals):
            problem = "lost"
        figures.add(f"run after interrupts:{seed}.{i}", problem)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description="Damage files, kill measuring, fill its disk, and count.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--files", type=int, default=500, help="damaged files (default: 500)")
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=list(KINDS), help="of these kinds")
    parser.add_argument("--kills", type=int, default=60, help="kills of measuring (default: 60)")
    parser.add_argument("--full-disks", type=int, default=6, help="disks that are too small (default: 6)")
    parser.add_argument("--runs", type=int, default=1, help="whole studies, interrupted in each rule (default: 1)")
    parser.add_argument("--only", default="", metavar="CASE", help="one damaged file, such as journal:1.33")
    args = parser.parse_args(arguments)
    figures = Figures()
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        damage_files(figures, args.seed, args.files, args.kinds, Path(folder), args.only)
        kill_measuring(figures, args.seed, args.kills, Path(folder))
        interrupt_runs(figures, args.seed, args.runs, Path(folder))
        reason = fill_disk(figures, args.full_disks, Path(folder))
    print(figures)
    if reason:
        print(f"full disks: skipped: {reason}")
    return int(bool(figures.problems))


if __name__ == "__main__":
    sys.exit(main())
