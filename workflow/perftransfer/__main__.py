"""The command ``perftransfer``, also ``python -m perftransfer``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import perftransfer
from perftransfer.errors import BadInput


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand; return the exit status. Each imports only what it needs: a board has little."""
    parser = argparse.ArgumentParser(prog="perftransfer", description=perftransfer.__doc__)
    parser.add_argument("--version", action="version", version=perftransfer.__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    measure = commands.add_parser(
        "measure",
        help="measure an environment on this machine, without Snakemake",
        description="Measure every configuration on this machine, one process each. What is in FILE already is not "
        "measured again; killed at any time, the same command goes on where it stopped.",
    )
    measure.add_argument("--environment", required=True, metavar="JSON", help="what to measure: environment.json")
    measure.add_argument("--configurations", required=True, metavar="JSON", help="options by configuration_id")
    measure.add_argument("--out", required=True, metavar="FILE", help="journal to write, or to go on with (JSON lines)")
    found = parser.parse_args(arguments)
    try:
        from perftransfer.measuring import by_hand

        by_hand.measure(found.environment, found.configurations, found.out)
    except BadInput as error:
        print(f"perftransfer {found.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Interrupted: what was measured is in the file; the same command goes on.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
