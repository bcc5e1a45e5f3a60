"""Errors for users: where the problem is, what was found, what is allowed, and the nearest match."""

from __future__ import annotations

import difflib
import errno
import os
from collections.abc import Iterable
from pathlib import Path

# Characters of a value that a message quotes.
_LONGEST = 200


class UserError(ValueError):
    """An input that the user must correct.

    Commands print ``str(error)`` alone, without a traceback, and end with a status other than 0.
    """


def unknown(where: str, what: str, value: object, allowed: Iterable[object]) -> str:
    """Return a line that names the place, the unknown value, the values allowed and the nearest of them.

    >>> unknown("strategies[1]", "strategy", "NLSM", ["DM", "NLMS"])
    "strategies[1]: unknown strategy 'NLSM'. Allowed: DM, NLMS. Did you mean 'NLMS'?"

    Parameters
    ----------
    where
        File, key or row.
    what
        What kind of name or value it is.
    value
        The value found there.
    allowed
        All values that may be there.
    """
    names = [_as_yaml(name) for name in allowed]
    text = shortened(value) if isinstance(value, str) else _as_yaml(value)[:_LONGEST]
    message = f"{where}: unknown {what} {text}. Allowed: {', '.join(names) if names else 'none'}"
    # By lower case: "ridge" is meant to be "RIDGE".
    lower = {name.lower(): name for name in names}
    nearest = difflib.get_close_matches(_as_yaml(value).lower(), lower, n=1, cutoff=0.6)
    return message + (f". Did you mean {lower[nearest[0]]!r}?" if nearest else "")


_FULL = "free some space and run the same command again; finished work is kept"
_FORBIDDEN = "allow this user to write there, or work in another folder, and run the same command again"
# What a user can do about an error of the operating system; any other is a defect of the program.
_ADVICE = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: _FULL,
    errno.EACCES: _FORBIDDEN,
    errno.EPERM: _FORBIDDEN,
    errno.EROFS: _FORBIDDEN,
    errno.EIO: "the disk or its connection fails; run the same command again once it works",
    errno.ESTALE: "the network's file system was lost; run the same command again once it is there",
    errno.EMFILE: "allow more open files (ulimit -n), and run the same command again",
}


def machine_problem(error: OSError, folder: Path) -> str | None:
    """Return a line for an error that the user can do something about: a full disk, no permission; else None.

    >>> machine_problem(PermissionError(errno.EACCES, "Permission denied", "a/b.csv"), Path("results"))[:30]
    'a/b.csv: Permission denied: al'

    Parameters
    ----------
    error
        Error of the operating system.
    folder
        Where the program writes; named if the error does not say which file it is about.
    """
    if error.errno not in _ADVICE:
        return None
    return f"{error.filename or folder.absolute()}: {os.strerror(error.errno)}: {_ADVICE[error.errno]}"


def shortened(value: object) -> str:
    """Return ``repr`` of a value from a user's file, cut to a length that a message can have."""
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."


def _as_yaml(value: object) -> str:
    """Write a value as YAML does: truth values in lower case."""
    return str(value).lower() if isinstance(value, bool) else str(value)
