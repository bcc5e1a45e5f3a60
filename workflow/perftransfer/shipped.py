"""Where the files are that come with the package: workflow, option spaces, reference measurements."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def root() -> Path:
    """Return the folder that holds ``Snakefile``, ``config/spaces`` and ``data/reference``.

    In a clone, the clone itself; where the package was installed, a folder of the package.
    """
    clone = _PACKAGE.parents[1]
    return clone if (clone / "Snakefile").is_file() else _PACKAGE / "_shipped"


def templates() -> Path:
    """Return the folder of the report's templates."""
    return _PACKAGE / "report"


def named(path: Path) -> Path:
    """Return a path as a rule names it: relative where it is below the working directory, as in a clone."""
    here = Path.cwd().resolve()
    return path.relative_to(here) if path.is_relative_to(here) else path


def spaces() -> Path:
    """Return the folder of the option spaces."""
    return root() / "config/spaces"


def reference() -> Path:
    """Return the folder of the reference measurements."""
    return root() / "data/reference"
