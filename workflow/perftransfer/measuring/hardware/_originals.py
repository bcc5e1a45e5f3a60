"""What the machine was set to before: on disk before anything is changed, gone once it is put back."""

from __future__ import annotations

import fcntl
import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from perftransfer.errors import UserError
from perftransfer.measuring.hardware.interface import NotRestoredError


class Original(NamedTuple):
    """Value that ``item`` of ``kind`` had."""

    kind: str
    item: str
    value: str


@contextmanager
def held(state: Path) -> Iterator[None]:
    """Hold the lock that goes with a state file.

    Raises UserError if another process holds it: what it has set must not be taken for left behind.
    """
    state.parent.mkdir(parents=True, exist_ok=True)
    path = state.with_name(f"{state.name}.lock")
    try:
        # To be locked by anybody: some settings need no root.
        lock = os.open(path, os.O_RDONLY | os.O_CREAT, 0o666)
    except OSError as error:
        raise UserError(f"{path}: cannot be locked: {error.strerror}") from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UserError(
                f"{state}: another process has set this machine's hardware; wait for it, or end it, and start again"
            ) from error
        yield
    finally:
        os.close(lock)


def read(state: Path) -> list[Original]:
    """Return the originals in the order they were recorded; empty without a state file.

    Raises NotRestoredError for a file of another machine, or that perftransfer did not write.
    """
    try:
        content = json.loads(state.read_bytes())
        host, originals = content["host"], [Original(*map(str, entry)) for entry in content["originals"]]
    except FileNotFoundError:
        return []
    except (ValueError, KeyError, TypeError) as error:
        raise NotRestoredError(f"{state}: not a state file of hardware settings; move it away") from error
    if host != platform.node():
        raise NotRestoredError(f"{state}: holds the original settings of {host}, this is {platform.node()}")
    return originals


def write(state: Path, originals: list[Original]) -> None:
    """Replace the state file, atomically; remove it when nothing is left to put back."""
    if not originals:
        state.unlink(missing_ok=True)
        return
    new = state.with_name(f"{state.name}.new")
    with new.open("w", encoding="utf-8") as file:
        json.dump({"host": platform.node(), "originals": originals}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    new.replace(state)
