"""What the comparisons with other tools share: configurations, taking turns, and tables of ratios."""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import math
import os
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from perftransfer.levels import Level
from perftransfer.measuring import engines, fingerprint, networks
from perftransfer.measuring.engines.interface import Session

T = TypeVar("T")
#: Of the weights and of the random input.
SEED = 1


@dataclass(frozen=True)
class Case:
    """A network under one configuration, on the last ``cores`` CPUs that this process may use."""

    network: str
    workload: Mapping[str, int]
    options: Mapping[str, Level] = field(default_factory=dict)
    cores: int = 1

    def __str__(self) -> str:
        settings = {**{name: size for name, size in self.workload.items() if name != "batch"}, **self.options}
        return " ".join([self.network, *(f"{name}={level}" for name, level in settings.items())])

    def cpus(self) -> list[int]:
        """Numbers of the CPUs; fewer than ``cores`` where the machine has fewer."""
        return fingerprint.usable_cpus()[-self.cores :]

    def file(self, folder: Path) -> str:
        """Path of the network's file, which is written into ``folder`` unless it is there."""
        path = folder / f"{self.network}.onnx"
        if not path.exists():
            networks.write(self.network, "fp32", path, seed=SEED)
        return str(path)

    def open(self, folder: Path) -> Session:
        """Open it in ONNX Runtime, in this process."""
        return engines.load("onnxruntime").open({"fp32": self.file(folder)}, self.workload, self.options, SEED)


@dataclass(frozen=True)
class BusySession(Session):
    """A session that computes nothing for exactly ``ms`` milliseconds, awake: no noise hides what measuring it adds."""

    ms: float

    def __str__(self) -> str:
        return f"busy for {self.ms:g} ms"

    def run(self) -> None:
        """Wait until the time is over."""
        end = time.perf_counter() + 1e-3 * self.ms
        while time.perf_counter() < end:
            pass

    def close(self) -> None:
        """Nothing to release."""


@dataclass(frozen=True)
class Median:
    """A median latency in milliseconds; others: share of the CPUs' time that others took meanwhile, if known."""

    ms: float
    others: float | None = None


@contextlib.contextmanager
def bound_to(cpus: Sequence[int]) -> Iterator[None]:
    """Keep this process, and what it starts meanwhile, on these CPUs, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def in_turns(ours: Callable[[], T], theirs: Callable[[], T], rounds: int) -> tuple[list[T], list[T]]:
    """Call both ``rounds`` times, side by side: A B, B A, A B … so that a drift of the machine falls on both alike."""
    a: list[T] = []
    b: list[T] = []
    for i in range(rounds):
        for call, durations in ((ours, a), (theirs, b))[:: -1 if i % 2 else 1]:
            durations.append(call())
    return a, b


@dataclass(frozen=True)
class Comparison:
    """Medians of the same configuration, round by round; the ratio is ours by theirs."""

    title: object
    ours: Sequence[Median]
    theirs: Sequence[Median]
    name: str

    @property
    def ratios(self) -> list[float]:
        """Of the rounds, from the least."""
        return sorted(x.ms / y.ms for x, y in zip(self.ours, self.theirs, strict=True))

    @property
    def ratio(self) -> float:
        """The median of those of the rounds."""
        return statistics.median(self.ratios)

    @property
    def interval(self) -> tuple[float, float]:
        """A 95 % confidence interval of ``ratio``, between order statistics; all there are, where fewer than 6."""
        ratios, n = self.ratios, len(self.ratios)
        lowest = max(0, int((n - 1.96 * math.sqrt(n)) / 2))
        return ratios[lowest], ratios[n - 1 - lowest]

    def verdict(self, least: float, most: float) -> str:
        """Whether the ratio is between these, and whether that is certain."""
        low, high = self.interval
        met = "met" if least <= self.ratio <= most else "NOT MET"
        certain = (least <= low and high <= most) or high < least or most < low
        return met if certain else f"{met}, but not certain: the interval reaches across the limit"

    def columns(self) -> dict[str, Any]:
        """Its row of the table."""
        others = [x.others for x in (*self.ours, *self.theirs) if x.others is not None]
        return {
            "configuration": self.title,
            "ours, ms": f"{statistics.median(x.ms for x in self.ours):.3f}",
            f"{self.name}, ms": f"{statistics.median(x.ms for x in self.theirs):.3f}",
            "ratio": f"{self.ratio:.4f}",
            "95 % interval": "{:.4f} to {:.4f}".format(*self.interval),
            "all rounds": f"{self.ratios[0]:.3f} to {self.ratios[-1]:.3f}",
            "CPU time of others": f"{100 * statistics.median(others):.0f} %" if others else "unknown",
        }


def show(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print a table in Markdown."""
    for cells in (rows[0], ["---"] * len(rows[0]), *(row.values() for row in rows)):
        print(f"| {' | '.join(map(str, cells))} |")
    print()


def judge(compared: Sequence[Comparison], aim: float) -> None:
    """Print the table, and of which rows the ratio is within ``aim`` of 1."""
    show([comparison.columns() for comparison in compared])
    verdicts = [comparison.verdict(1 - aim, 1 + aim) for comparison in compared]
    for comparison, verdict in zip(compared, verdicts, strict=True):
        print(f"{comparison.title}: {100 * (comparison.ratio - 1):+.2f} %: {verdict}.")
    met = sum(verdict.startswith("met") for verdict in verdicts)
    print(f"Aim: within {aim:.0%}. {'Met' if met == len(verdicts) else 'NOT MET'}: {met} of {len(verdicts)}.")


def describe_machine(*packages: str) -> None:
    """Print what was measured on, and with which versions of ``packages``."""
    host = fingerprint.host()
    kind = "virtual machine" if host["virtual_machine"] else "machine"
    print(f"{host['processor']}, {host['usable_cpus']} CPUs, {host['memory_gib']} GiB, {kind}, {host['system']}")
    print(", ".join([f"Python {host['python']}", *(f"{package} {version(package)}" for package in packages)]))
    if hasattr(os, "getloadavg"):
        print(f"load average of the last minute, before: {os.getloadavg()[0]:.2f}")
    print(flush=True)


def need(*modules: str) -> None:
    """End with words that help unless all these modules are installed."""
    missing = [module for module in modules if importlib.util.find_spec(module) is None]
    if missing:
        _lacks(", ".join(missing))


def tool(name: str) -> str:
    """Path of a program that came with a Python package."""
    beside = Path(sys.executable).with_name(name)
    program = str(beside) if beside.exists() else shutil.which(name)
    if program is None:
        _lacks(name)
    return program


def _lacks(what: str) -> NoReturn:
    raise SystemExit(f"{what}: not installed for {sys.executable}; see benchmarks/requirements.txt")


def arguments(description: str) -> argparse.ArgumentParser:
    """Return a parser of the command line that shows a script's first paragraph."""
    return argparse.ArgumentParser(description=description.partition("\n")[0])


def add_rounds(parser: argparse.ArgumentParser, default: int) -> None:
    """Let the parser take ``--rounds``."""
    text = f"how often both take their turn (default: {default})"
    parser.add_argument("--rounds", type=int, default=default, metavar="N", help=text)
