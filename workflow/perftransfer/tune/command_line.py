"""The command `perftransfer tune`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from perftransfer.dataset import tables
from perftransfer.progress import duration
from perftransfer.tune import result, running, study_files
from perftransfer.tune.request import request

#: Exit status if the result is worse than the one that it was compared with.
SLOWER = 3


def tune(args: argparse.Namespace) -> int:
    """Write a study, run it, and say what it came to.

    Parameters
    ----------
    args
        Of the command line.

    Returns
    -------
    int
        Exit status: 0, or ``SLOWER``.

    Raises
    ------
    UserError
        If an argument is wrong, or the study fails.
    """
    asked = request(
        args.model,
        out=args.out,
        shape=args.shape,
        inputs=args.inputs,
        fixed=args.fixed,
        subject_to=args.subject_to,
        engine=args.engine,
        minimize=args.minimize,
        maximize=args.maximize,
        cores=args.cores,
        budget=args.budget,
        sources=args.sources,
        allow_quantization=args.allow_quantization,
    )
    sources = study_files.write(asked)
    known = ", ".join(one.name for one in sources) or "none"
    print(f"Study: {asked.out / study_files.STUDY}. Sources: {known}.", file=sys.stderr)
    found = result.read(asked, sources, running.run(asked))
    if args.json == "-":
        print(found.as_json())
    else:
        print(f"{found}\nTook {duration(found.seconds)}.")
        if args.json:
            tables.write_text(Path(args.json), found.as_json() + "\n")
    if args.fail_if_slower_than:
        problem = result.slower_than(found, Path(args.fail_if_slower_than))
        if problem is not None:
            print(f"perftransfer tune: slower than before: {problem}", file=sys.stderr)
            return SLOWER
    return 0
