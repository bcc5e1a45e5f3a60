"""Run a study as ``make`` does: ``python -m perftransfer.run STUDY [OPTION ...]``, with options of Snakemake.

Cleans up after a killed run, checks the study, runs Snakemake, and says where the report is. After Ctrl-C there is one
line, instead of what each process that was interrupted has to say.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from perftransfer.errors import UserError, machine_problem

_INTERRUPTED = "\nInterrupted. Finished work is kept: run the same command again to continue."
# What Python and shells give for a process that Ctrl-C ended.
_INTERRUPTED_STATUS = 130
_CHUNK = 1 << 16


def main(arguments: Sequence[str], snakemake: Sequence[str] = (sys.executable, "-m", "snakemake")) -> int:
    """Run a study and return the exit status.

    Parameters
    ----------
    arguments
        The study's file, and options of Snakemake.
    snakemake
        Command that starts Snakemake.
    """
    try:
        return _run(arguments[0], arguments[1:], snakemake)
    except UserError as error:
        print(error, file=sys.stderr)
    except OSError as error:
        problem = machine_problem(error, Path.cwd())
        if problem is None:
            raise
        print(problem, file=sys.stderr)
    except KeyboardInterrupt:
        print(_INTERRUPTED, file=sys.stderr)
        return _INTERRUPTED_STATUS
    return 1


def _run(study_file: str, options: Sequence[str], snakemake: Sequence[str]) -> int:
    # Not above: Ctrl-C while they are imported is one line, too.
    from perftransfer import orphaned_jobs, yaml_file
    from perftransfer.study import read_study

    folder = Path.cwd()
    if status := orphaned_jobs.clean_up(folder):
        return status
    study = read_study(yaml_file.read(Path(study_file)), [study_file])
    # Of ``--config study=other``, the last counts.
    names = [option.removeprefix("study=") for option in options if option.startswith("study=")]
    results = Path("results", names[-1] if names else study.name)
    _check_writable(results)
    status = _interruptible([*snakemake, "--configfile", study_file, *options])
    if status:
        return status
    if not (results / "report.html").is_file():
        raise UserError(f"Snakemake ended without an error, yet there is no {results}/report.html; run make again")
    print(f"\nReport:  {results}/report.html\nFigures: {results}/figures/")
    return 0


def _check_writable(results: Path) -> None:
    """Raise UserError if nothing can be written to the folders of a run: before it, not in its middle."""
    for folder in (results, Path(".snakemake")):
        probe = folder / f".writable.{os.getpid()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with probe.open("wb") as file:
                file.write(bytes(_CHUNK))
        except OSError as error:
            problem = machine_problem(OSError(error.errno, "", str(folder)), folder)
            raise UserError(problem or f"{folder}: nothing can be written there: {error.strerror}") from error
        finally:
            with contextlib.suppress(OSError):
                probe.unlink()


def _interruptible(command: Sequence[str]) -> int:
    """Run a command whose messages end with Ctrl-C; return its exit status."""
    interrupted = False
    process: subprocess.Popen[bytes] | None = None

    def interrupt(number: int, frame: FrameType | None) -> None:
        # The terminal interrupts the command and its jobs as well. They end by themselves.
        nonlocal interrupted
        if not interrupted:
            print(_INTERRUPTED, file=sys.stderr, flush=True)
        interrupted = True

    def terminate(number: int, frame: FrameType | None) -> None:
        if process is not None:
            process.terminate()

    with (
        _handled(signal.SIGINT, interrupt),
        _handled(signal.SIGTERM, terminate),
        _terminal(lambda: not interrupted) as (streams, copy),
    ):
        process = subprocess.Popen(command, stdout=streams[0], stderr=streams[1])
        while process.poll() is None:
            copy()
        copy()
    return _INTERRUPTED_STATUS if interrupted else process.returncode


@contextmanager
def _handled(number: int, handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


@contextmanager
def _terminal(is_shown: Callable[[], bool]) -> Iterator[tuple[tuple[int | None, int | None], Callable[[], None]]]:
    """Yield standard output and error for a process, and a function that waits a little and shows what it wrote there.

    Streams that are no terminal go there directly, and are None. The others are a terminal of their own, so that the
    process writes as it would without us between.
    """
    if not sys.stderr.isatty():
        # Files and pipes get all there is to say.
        yield (None, None), lambda: time.sleep(0.1)
        return
    import pty
    import termios

    inner, outer = pty.openpty()
    try:
        attributes = termios.tcgetattr(outer)
        # The real terminal turns \n into \r\n, once.
        attributes[1] &= ~termios.OPOST
        termios.tcsetattr(outer, termios.TCSANOW, attributes)
        with contextlib.suppress(OSError):
            termios.tcsetwinsize(outer, termios.tcgetwinsize(sys.stderr.fileno()))
        os.set_blocking(inner, False)

        def copy() -> None:
            while select.select([inner], [], [], 0.1)[0]:
                try:
                    data = os.read(inner, _CHUNK)
                except OSError:
                    return
                if is_shown():
                    sys.stderr.buffer.write(data)
                    sys.stderr.buffer.flush()
                if len(data) < _CHUNK:
                    return

        yield (outer if sys.stdout.isatty() else None, outer), copy
    finally:
        os.close(inner)
        os.close(outer)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
