"""Terms: an option, or an interaction of several."""

from __future__ import annotations

#: Names of the options, in the order of the schema.
Term = tuple[str, ...]


def name(term: Term) -> str:
    """Write a term the way R does.

    >>> name(("core_freq", "emc_freq"))
    'core_freq:emc_freq'
    """
    return ":".join(term)


def parse(text: str) -> Term:
    """Undo ``name``."""
    return tuple(text.split(":"))
