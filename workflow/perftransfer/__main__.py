"""The command ``perftransfer``, also ``python -m perftransfer``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import perftransfer
from perftransfer.errors import UserError, machine_problem

_MODEL_COMMANDS = {
    "predict": "predict configurations of a target with intervals, or of a source without",
    "explain": "show which options and interactions matter in a target, next to its sources",
    "plan": "choose which configurations to measure next in a target",
}


def parser() -> argparse.ArgumentParser:
    """Create the parser of the command line."""
    out = argparse.ArgumentParser(prog="perftransfer", description=perftransfer.__doc__)
    out.add_argument("--version", action="version", version=perftransfer.__version__)
    commands = out.add_subparsers(dest="command", required=True)
    measure = commands.add_parser(
        "measure",
        help="measure an environment on this machine, without Snakemake",
        description="Measure every configuration on this machine, one process each. Measurements that FILE already "
        "holds are skipped: after an interruption, run the same command again.",
    )
    measure.add_argument("--environment", required=True, metavar="JSON", help="what to measure: environment.json")
    measure.add_argument("--configurations", required=True, metavar="JSON", help="options by configuration_id")
    measure.add_argument("--out", required=True, metavar="FILE", help="journal to write or to continue (JSON lines)")
    for name, text in _MODEL_COMMANDS.items():
        command = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        command.add_argument(
            "model",
            type=Path,
            metavar="MODEL",
            help="results/<study>/targets/<environment>/model.<objective>.parquet, or sources.<objective>.parquet"
            + ("; of a source: results/<study>/models/<environment>/<objective>/<learner>.skops" * (name == "predict")),
        )
        if name == "predict":
            command.add_argument("--set", nargs="+", default=[], metavar="OPTION=LEVEL", help="others: their defaults")
            command.add_argument(
                "--configurations", type=Path, metavar="FILE", help="CSV or Parquet, a column per option"
            )
        if name == "plan":
            command.add_argument("--n", type=int, default=5, help="how many (default: 5)")
        command.add_argument(
            "--measured",
            type=Path,
            metavar="FILE",
            help="CSV or Parquet of measurements to add: options, and the objective",
        )
        command.add_argument(
            "--out", type=Path, metavar="FILE", help="CSV or Parquet to write; plan: .json for measure"
        )
    export = commands.add_parser(
        "export",
        help="write the recommended configuration as code or settings to paste",
        description="Write the recommended configuration as code or settings to paste. What the format cannot express "
        "is a comment in it, or a line on standard error.",
    )
    export.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="results/<study>/recommendation.parquet, recommendation.parquet of a target, or its model",
    )
    export.add_argument("--format", required=True, metavar="FORMAT", help=", ".join(export_formats()))
    export.add_argument("--target", metavar="ENVIRONMENT", help="which one, of several")
    export.add_argument("--objective", metavar="OBJECTIVE", help="which one, of several (default: the first)")
    return out


def export_formats() -> list[str]:
    """List the formats, for the help text."""
    from perftransfer import export

    return export.names()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand; return the exit status. Subcommands import only what they need: a board has few packages."""
    args = parser().parse_args(arguments)
    try:
        _run(args)
    except UserError as error:
        print(f"perftransfer {args.command}: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        problem = machine_problem(error, Path.cwd())
        if problem is None:
            raise
        print(f"perftransfer {args.command}: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Interrupted. Finished measurements are in the file; run the same command to continue.", file=sys.stderr)
        return 130
    return 0


def _run(args: argparse.Namespace) -> None:
    if args.command == "measure":
        from perftransfer.measuring import remote

        remote.measure(args.environment, args.configurations, args.out)
        return
    from perftransfer.recommend import command_line

    if args.command == "export":
        command_line.export_recommended(args.file, args.format, args.target, args.objective)
        return
    if args.command == "predict":
        command_line.predict(args.model, args.set, args.configurations, args.measured, args.out)
    elif args.command == "explain":
        command_line.explain(args.model, args.measured, args.out)
    else:
        command_line.plan(args.model, args.n, args.measured, args.out)


if __name__ == "__main__":
    sys.exit(main())
