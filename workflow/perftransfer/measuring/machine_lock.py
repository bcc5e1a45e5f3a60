"""One measuring session at a time on a machine, whatever workflow, folder or user it is of."""

from __future__ import annotations

import fcntl
import getpass
import logging
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from perftransfer.errors import UserError

_LOG = logging.getLogger(__name__)
#: Containers that share a machine can name a file here that they share, too.
VARIABLE = "PERFTRANSFER_MACHINE_LOCK"
# Of all users, and the same after a restart.
_DEFAULT = "/var/tmp/perftransfer-measuring.lock"
_POLL_SECONDS = 1.0
# A log of a long wait says so now and then.
_SAY_AGAIN_SECONDS = 600.0
_MAX_NAME = 200


@contextmanager
def held(purpose: str, *, poll: Callable[[float], None] = time.sleep) -> Iterator[None]:
    """Hold the machine's lock; where another session has it, say whose it is, and wait.

    Parameters
    ----------
    purpose
        What is measured, for those who wait.
    poll
        Waits between two tries.

    Raises
    ------
    UserError
        If the lock's file cannot be opened.
    """
    path = Path(os.environ.get(VARIABLE) or _DEFAULT)
    lock = _opened(path)
    try:
        waited, said = 0.0, -_SAY_AGAIN_SECONDS
        while not _taken(lock):
            if waited - said >= _SAY_AGAIN_SECONDS:
                said = waited
                _LOG.warning("%s waits: this machine is measuring %s", purpose, _holder(lock))
            poll(_POLL_SECONDS)
            waited += _POLL_SECONDS
        if waited:
            _LOG.warning("%s goes on after %.0f s", purpose, waited)
        _sign(lock, f"{purpose}, process {os.getpid()} of {_user()} in {Path.cwd()}")
        yield
    finally:
        # Also unlocks.
        os.close(lock)


def _opened(path: Path) -> int:
    try:
        try:
            # Not to be created: of a file of another user in a folder for all, the kernel might refuse that.
            lock = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            lock = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CREAT, 0o666)
            with suppress(OSError):
                # For all users, whatever the umask.
                os.fchmod(lock, 0o666)
    except OSError as error:
        raise UserError(
            f"{path}: cannot be opened ({error.strerror}), so nobody could tell whether this machine is measuring "
            f"already; delete it, or name another file in {VARIABLE}"
        ) from error
    return lock


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sign(lock: int, text: str) -> None:
    """Say who has the lock. Not in a file that is another one's as well: its content would be lost."""
    status = os.fstat(lock)
    if stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
        with suppress(OSError):
            os.ftruncate(lock, 0)
            os.pwrite(lock, text.encode(errors="replace"), 0)


def _holder(lock: int) -> str:
    try:
        text = os.pread(lock, 4 * _MAX_NAME, 0).decode(errors="replace")
    except OSError:
        text = ""
    # Others can write there.
    printable = "".join(character for character in text if character.isprintable())
    return printable[:_MAX_NAME] or "for another process"


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"user {os.getuid()}"
