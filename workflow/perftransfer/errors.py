"""Errors for users: where the problem is, what was found, what is allowed, and the nearest match."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


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
    text = repr(value) if isinstance(value, str) else _as_yaml(value)
    message = f"{where}: unknown {what} {text}. Allowed: {', '.join(names) if names else 'none'}"
    # By lower case: "ridge" is meant to be "RIDGE".
    lower = {name.lower(): name for name in names}
    nearest = difflib.get_close_matches(_as_yaml(value).lower(), lower, n=1, cutoff=0.6)
    return message + (f". Did you mean {lower[nearest[0]]!r}?" if nearest else "")


def _as_yaml(value: object) -> str:
    """Write a value as YAML does: truth values in lower case."""
    return str(value).lower() if isinstance(value, bool) else str(value)
