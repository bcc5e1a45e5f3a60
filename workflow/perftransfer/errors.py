"""What a user reads when an input is wrong: where, what was found, what is allowed, what was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(ValueError):
    """An input that a person must mend.

    Programs that face a person print ``str(error)`` alone, without a traceback, and end with a status other than 0.
    """


def unknown(where: str, what: str, found: object, allowed: Iterable[object]) -> str:
    """One line that names the place, the value found, the values allowed and the nearest of them.

    >>> unknown("strategies[1]", "strategy", "NLSM", ["DM", "NLMS"])
    "strategies[1]: no strategy 'NLSM'; allowed: DM, NLMS; did you mean 'NLMS'?"
    """
    names = [str(name) for name in allowed]
    message = f"{where}: no {what} {found!r}; allowed: {', '.join(names) if names else 'none'}"
    # By lower case: "ridge" is meant to be "RIDGE".
    lower = {name.lower(): name for name in names}
    nearest = difflib.get_close_matches(str(found).lower(), lower, n=1, cutoff=0.6)
    return message + (f"; did you mean {lower[nearest[0]]!r}?" if nearest else "")
