"""The command ``perftransfer``, also ``python -m perftransfer``."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import perftransfer
from perftransfer.errors import UserError, machine_problem

_INTERRUPTED = "Interrupted. Finished measurements are in the file; run the same command to continue."
_INTERRUPTED_STATUS = 130
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
    _add_tune(commands.add_parser("tune", help="find the best configuration for a network, with one command"))
    shared = commands.add_parser(
        "share",
        help="write the measurements of a study as one file, to pass them on",
        description="Write the measurements of a study as one file, with what is known of machine, network and "
        "protocol, and without host name, user and paths.",
    )
    shared.add_argument("results", type=Path, metavar="RESULTS", help="folder of the study: results/NAME")
    shared.add_argument("--out", type=Path, required=True, metavar="FILE", help="Parquet file to write")
    compare = commands.add_parser(
        "compare",
        help="say which configurations differ between two results, beyond noise",
        description="Compare the environments that two results have in common: which configurations differ by more "
        "than the noise of both (Fisher's least significant difference, pair by pair).",
    )
    compare.add_argument("a", type=Path, metavar="A", help="folder of a study: results/NAME")
    compare.add_argument("b", type=Path, metavar="B", help="folder of another one")
    compare.add_argument("--objective", default="latency_ms", metavar="OBJECTIVE", help="default: latency_ms")
    commands.add_parser(
        "doctor",
        help="say what can be measured on this machine, and what is missing",
        description="Say what was detected on this machine, what disturbs it now, and what is missing and why.",
    )
    check = commands.add_parser(
        "check",
        help="check a file of measurements",
        description="Check a file of measurements: schema, values, noise, disturbance, and whether its environments "
        "are known already. The exit status is 1 if something is wrong.",
    )
    check.add_argument("file", type=Path, metavar="FILE", help="Parquet file that `perftransfer share` wrote")
    return out


def _add_tune(tune: argparse.ArgumentParser) -> None:
    tune.description = (
        "Measure a handful of configurations of MODEL on this machine, chosen by measurements made elsewhere, "
        "and say which one to run. Writes a study into results/NAME, which can be edited and run again by Snakemake."
    )
    tune.add_argument("model", metavar="MODEL", help="ONNX file; MODEL.int8.onnx beside it is tried as well")
    tune.add_argument("--engine", default="onnxruntime", help="default: onnxruntime")
    tune.add_argument(
        "--shape", action="append", default=[], metavar="INPUT=1x3x224x224", help="of an input with free dimensions"
    )
    tune.add_argument(
        "--inputs", default="", metavar="YAML", help="how inputs are filled: '{ids: {range: [0, 30522]}, mask: ones}'"
    )
    tune.add_argument("--minimize", action="append", default=[], metavar="OBJECTIVE", help="default: latency_ms")
    tune.add_argument("--maximize", action="append", default=[], metavar="OBJECTIVE", help="throughput_per_s, for one")
    tune.add_argument("--subject-to", action="append", default=[], metavar="LIMIT", help="'peak_memory_mib<=500'")
    tune.add_argument("--fixed", action="append", default=[], metavar="OPTION=LEVEL", help="option held at one level")
    tune.add_argument("--cores", type=int, metavar="N", help="cores to measure on (default: all)")
    tune.add_argument("--budget", type=int, default=12, metavar="N", help="configurations to measure (default: 12)")
    tune.add_argument(
        "--sources",
        nargs="+",
        default=["reference"],
        metavar="PLACE",
        help="files or folders of measurements made elsewhere, `reference` for those that come with perftransfer, or "
        "`none` (default: reference)",
    )
    tune.add_argument("--out", metavar="results/NAME", help="folder of the study (default: named like MODEL)")
    tune.add_argument(
        "--allow-quantization", action="store_true", help="also try 8-bit integers, which change the outputs"
    )
    tune.add_argument("--json", metavar="FILE", help="write the result for scripts; - for standard output")
    tune.add_argument(
        "--fail-if-slower-than",
        metavar="BASELINE",
        help="exit with status 3 if the result is worse than that of an earlier run's --json, beyond noise",
    )


def export_formats() -> list[str]:
    """List the formats, for the help text."""
    from perftransfer import export

    return export.names()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand; return the exit status. Subcommands import only what they need: a board has few packages."""
    command = "perftransfer"
    try:
        with _interrupt_ends_at_once():
            # The help texts of some options import what they list.
            args = parser().parse_args(arguments)
        command = f"{command} {args.command}"
        return _run(args) or 0
    except UserError as error:
        print(f"{command}: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        problem = machine_problem(error, Path.cwd())
        if problem is None:
            raise
        print(f"{command}: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(_INTERRUPTED, file=sys.stderr)
        return _INTERRUPTED_STATUS


@contextmanager
def _interrupt_ends_at_once() -> Iterator[None]:
    """While modules are imported, let Ctrl-C end the process: some of them turn the exception into another one."""

    def end(number: int, frame: FrameType | None) -> None:
        print(_INTERRUPTED, file=sys.stderr, flush=True)
        os._exit(_INTERRUPTED_STATUS)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _run(args: argparse.Namespace) -> int | None:
    """Run a subcommand; return its exit status, None for success."""
    if args.command == "measure":
        from perftransfer.measuring import remote

        remote.measure(args.environment, args.configurations, args.out)
        return None
    if args.command == "tune":
        from perftransfer.tune import command_line as tuning

        return tuning.tune(args)
    if args.command == "doctor":
        from perftransfer.measuring import doctor

        for topic, text in doctor.findings():
            print(f"{topic + ':':<18}{text}")
        return None
    if args.command == "compare":
        from perftransfer.reference import comparison

        for difference in comparison.compare(args.a, args.b, args.objective):
            print(difference)
        return None
    if args.command in ("share", "check"):
        from perftransfer.reference import command_line as reference

        return reference.share(args.results, args.out) if args.command == "share" else reference.check(args.file)
    from perftransfer.recommend import command_line

    if args.command == "export":
        command_line.export_recommended(args.file, args.format, args.target, args.objective)
    elif args.command == "predict":
        command_line.predict(args.model, args.set, args.configurations, args.measured, args.out)
    elif args.command == "explain":
        command_line.explain(args.model, args.measured, args.out)
    else:
        command_line.plan(args.model, args.n, args.measured, args.out)
    return None


if __name__ == "__main__":
    sys.exit(main())
