"""What the machine was set to before: on disk before anything is changed, gone once it is put back."""

from __future__ import annotations

import fcntl
import json
import os
import platform
import stat
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


def default_state() -> Path:
    """Return the state file of this user: root trusts no file that others can write, and writes what it says."""
    user = os.geteuid()
    return Path("/var/lib/perftransfer" if user == 0 else f"/var/tmp/perftransfer-{user}", "hardware.json")


def _check_trusted(path: Path) -> None:
    """Raise NotRestoredError if somebody else can have written the file, or the folder, ``path``; not if it is missing.

    What it holds is written to the machine's settings, with all permissions of this process.
    """
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    problem = (
        "is a link" if stat.S_ISLNK(status.st_mode)
        else f"belongs to user {status.st_uid}" if status.st_uid not in (0, os.geteuid())
        else "can be written by others" if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        else ""
    )  # fmt: skip
    if problem:
        raise NotRestoredError(
            f"{path}: {problem}, so its settings of the hardware are not trusted; nothing was written; check it, then "
            "move it away, or make it your own and writable by you alone"
        )


@contextmanager
def held(state: Path) -> Iterator[None]:
    """Hold the lock that goes with a state file.

    Raises UserError if another process holds it: what it has set must not be taken for left behind.
    """
    path = state.with_name(f"{state.name}.lock")
    try:
        state.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        _check_trusted(state.parent)
        lock = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW, 0o644)
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

    Raises NotRestoredError for a file of another machine, that perftransfer did not write, or others can write.
    """
    _check_trusted(state)
    try:
        content = json.loads(state.read_bytes())
        host, originals = content["host"], [Original(*map(str, entry)) for entry in content["originals"]]
    except FileNotFoundError:
        return []
    except (ValueError, KeyError, TypeError, RecursionError) as error:
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
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"host": platform.node(), "originals": originals}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    new.replace(state)
