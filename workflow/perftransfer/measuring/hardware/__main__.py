"""``python -m perftransfer.measuring.hardware``: what this machine offers; ``… restore STATE``: undo a killed run."""

from __future__ import annotations

import sys
from pathlib import Path

from perftransfer.errors import UserError
from perftransfer.measuring import hardware


def main(arguments: list[str]) -> None:
    """Print what is offered, a setting a line, or what was put back."""
    if arguments[:1] == ["restore"] and len(arguments) == 2:
        for item in hardware.restore(Path(arguments[1]), Path("/")):
            print(item)
    elif not arguments:
        for name, values in hardware.options_offered(Path("/")).items():
            print(f"{name}: {' '.join(map(str, values))}")
    else:
        raise UserError("usage: python -m perftransfer.measuring.hardware [restore STATE]")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except UserError as error:
        sys.exit(str(error))
