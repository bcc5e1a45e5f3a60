"""Readings of the files in which the kernel offers its counters."""

from __future__ import annotations

from pathlib import Path

from perftransfer.measuring.counters.interface import CounterError


def read_text(path: Path) -> str:
    """Return what ``path`` holds, without the end of its line. Raises CounterError with the path and the reason."""
    try:
        return path.read_text().strip()
    except PermissionError as error:
        raise CounterError(
            f"{path} cannot be read: {error.strerror}; give the measuring user read permission"
        ) from error
    except OSError as error:
        raise CounterError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CounterError(f"{path} holds no text") from error


def read_integer(path: Path) -> int:
    """Return the whole number that ``path`` holds. Raises CounterError with the path and what was found."""
    text = read_text(path)
    try:
        return int(text)
    except ValueError as error:
        raise CounterError(f"{path} holds {text[:40]!r}, not a whole number") from error
