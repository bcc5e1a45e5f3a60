"""What a kind of hardware setting offers: what it may be set to, how it is written, read back and put back."""

from __future__ import annotations

import os
import re
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, NamedTuple

from perftransfer.errors import UserError, unknown

Run = Callable[[Sequence[str]], str]

_PROGRAM_TIMEOUT_SECONDS = 60.0


class SettingError(Exception):
    """A setting that this machine does not take: its rows have the status ``not_applied``, with the reason."""


class NotRestoredError(UserError):
    """Original values that could not be put back: a person has to."""


class Form(NamedTuple):
    """How the value of a setting is written: a regular expression, and the same in words."""

    pattern: str
    words: str


WHOLE = Form(r"[0-9]+", "a whole number")
WORD = Form(r"\S+", "a word")
CPU_LIST = Form(r"[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*", "CPU numbers such as 0,2-3")


@dataclass(frozen=True)
class Setting:
    """One entry of the environment sheet's column ``settings``, as it was written there."""

    name: str
    value: str
    target: str = ""

    def __str__(self) -> str:
        return f"{self.target}.{self.name}={self.value}" if self.target else f"{self.name}={self.value}"


@dataclass(frozen=True)
class Change:
    """One value to write and to read back.

    item: what the kind named ``kind`` reads and writes; of files, the path below the root.
    only_check: it is never written, but must read ``value`` once the changes before it are made.
    """

    setting: Setting
    kind: str
    item: str
    value: str
    only_check: bool = False


def run_program(command: Sequence[str]) -> str:
    """Run a program without input and return its standard output.

    Raises OSError if it cannot be started, subprocess.SubprocessError if it fails or takes longer than a minute.
    """
    # Some programs ask back ("reboot now?"): no input means no.
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        timeout=_PROGRAM_TIMEOUT_SECONDS,
    ).stdout


@dataclass(frozen=True)
class Board:
    """The machine: its files below ``root`` ("/" of the real one), its programs through ``run``."""

    root: Path
    run: Run = field(default=run_program)

    def full_path(self, item: str) -> str:
        """Path of a file for messages."""
        return str(self.root / item)

    def read(self, item: str) -> str:
        """Text of a file without white space around it. Raises OSError."""
        return (self.root / item).read_text().strip()

    def read_or(self, item: str, default: str) -> str:
        """Text of a file, or ``default`` where it cannot be read."""
        try:
            return self.read(item)
        except OSError:
            return default

    def write(self, item: str, value: str) -> None:
        """Write to a file that is there, in one piece, as the kernel wants it. Raises OSError."""
        file = os.open(self.root / item, os.O_WRONLY | os.O_TRUNC)
        try:
            os.write(file, f"{value}\n".encode())
        finally:
            os.close(file)

    def exists(self, item: str) -> bool:
        """Whether a file is there.

        Raises SettingError where only root may look (the kernel's debug files).
        """
        try:
            return (self.root / item).exists()
        except PermissionError as error:
            raise SettingError(f"{self.full_path(item)}: permission denied; only root may look there") from error

    def paths(self, pattern: str) -> list[str]:
        """Paths below the root that fit ``pattern``, by the numbers in them, then by name."""
        relative = (str(path.relative_to(self.root)) for path in self.root.glob(pattern))
        return sorted(relative, key=lambda path: ([int(number) for number in re.findall(r"\d+", path)], path))


class Kind(ABC):
    """A kind of settings: one file of this package with one public subclass, created without arguments.

    The methods here are those of settings that are plain files. All but ``plan`` raise OSError,
    subprocess.SubprocessError or SettingError where the machine refuses.
    """

    #: Names of its settings and how their values are written.
    names: ClassVar[Mapping[str, Form]] = {}
    #: Prefix before the name and a dot, to which a number is added, such as "gpu" in ``gpu0.clock_mhz``; "" for none.
    target: str = ""
    target_needed: bool = False
    #: Regular expression of the items that it writes; nothing else is ever put back from a file.
    items: ClassVar[str] = ""
    #: Kinds of a lower stage are applied, and looked up, before those of a higher one.
    stage: int = 2
    #: How long a value that was written may take to show.
    settles_seconds: float = 0.0

    @abstractmethod
    def plan(self, settings: Sequence[Setting], board: Board) -> list[Change]:
        """Turn settings of this kind into changes, in the order of writing; nothing is written.

        Raises SettingError for a value that is not offered, or where there is nothing to set.
        """

    def bystanders(self, board: Board) -> list[str]:
        """Files that the system changes by itself when a setting of this kind changes."""
        return []

    def offered(self, board: Board) -> dict[str, list[int | str]]:
        """Values that the machine takes by name of the setting; of a continuous range, its two ends."""
        return {}

    def read(self, board: Board, item: str) -> str:
        """Read what an item is set to now."""
        return board.read(item)

    def write(self, board: Board, item: str, value: str) -> None:
        """Set an item."""
        # What is right already needs no permission to be written.
        if board.read(item) != value:
            board.write(item, value)

    def put_back(self, board: Board, item: str, before: str) -> None:
        """Give an item its value of before, and make sure of it."""
        self.write(board, item, before)
        actual = self.read(board, item)
        if actual != before:
            raise SettingError(f"{item}: wrote {before!r} and read back {actual!r}")


def check_offered(setting: Setting, where: str, value: str, offered: Sequence[str]) -> None:
    """Raise SettingError, with the nearest value, if ``value`` is not offered."""
    if value not in offered:
        raise SettingError(unknown(f"{setting}: {where}", "value", value, offered))


def check_within(setting: Setting, where: str, value: float, lowest: float, highest: float) -> None:
    """Raise SettingError if ``value`` is out of the range."""
    if not lowest <= value <= highest:
        raise SettingError(f"{setting}: {where}: found {value:.10g}, allowed {lowest:.10g} to {highest:.10g}")


def cpu_numbers(text: str) -> list[int]:
    """Read the numbers of a list as the kernel writes it, such as ``0,2-3``; empty for an empty text."""
    numbers: set[int] = set()
    for part in filter(None, text.strip().split(",")):
        first, _, last = part.partition("-")
        numbers.update(range(int(first), int(last or first) + 1))
    return sorted(numbers)
