"""The commands `perftransfer share` and `perftransfer check`."""

from __future__ import annotations

from pathlib import Path

from perftransfer import shipped
from perftransfer.errors import UserError
from perftransfer.reference import known, sharing
from perftransfer.results.formatting import count

#: Exit status if something is wrong with a file.
WRONG = 1


def share(results: Path, out: Path) -> int:
    """Write the measurements of a study, and say what the file holds."""
    if out.suffix != ".parquet":
        raise UserError(f"--out: found {out}, expected a name that ends with .parquet")
    there = sharing.share(results, out)
    print(f"{out}: {count(len(there), 'environment')}: {', '.join(one.name for one in there)}")
    return 0


def check(file: Path) -> int:
    """Print a line for each problem of a file of measurements; return the exit status."""
    reference = [one for one in known.read_all([shipped.reference()]) if one.file.resolve() != file.resolve()]
    problems = sharing.problems(file, reference)
    for problem in problems:
        print(f"{file}: {problem}")
    if not problems:
        print(f"{file}: {count(len(known.read(file)), 'environment')}, nothing wrong")
    return WRONG if problems else 0
